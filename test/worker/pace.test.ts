import { describe, expect, it } from '@jest/globals';
import type { ActivityExecuteInput } from '@temporalio/worker';
import { paceInterceptor } from '../../worker/pace.ts';

const input: ActivityExecuteInput = { args: [], headers: {} };

describe('paceInterceptor', () => {
  it('lets what comes at once begin evenly, in its order', async () => {
    const pace = paceInterceptor(100);
    const begun: { number: number; atMs: number }[] = [];
    await Promise.all(
      Array.from({ length: 40 }, (_, number) =>
        pace.execute?.(input, async () => begun.push({ number, atMs: performance.now() })),
      ),
    );
    expect(begun.map(({ number }) => number)).toEqual([...Array(40).keys()]);
    for (const { atMs } of begun) {
      const within = begun.filter((other) => other.atMs >= atMs && other.atMs < atMs + 100);
      // Ten, two in a hundred more, and the grain of the clock and its timers.
      expect(within.length).toBeLessThanOrEqual(13);
    }
  });

  it('gives back what the Activity gives, and what it throws', async () => {
    const pace = paceInterceptor(100);
    await expect(pace.execute?.(input, async () => 'done')).resolves.toBe('done');
    const declined = pace.execute?.(input, async () => {
      throw new Error('declined');
    });
    await expect(declined).rejects.toThrow('declined');
  });
});

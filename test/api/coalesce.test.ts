import { describe, expect, it } from '@jest/globals';
import { coalesce } from '../../api/coalesce.ts';

/** Batches that end when the test says so. */
function held(fail: (items: readonly string[]) => boolean = () => false) {
  const batches: string[][] = [];
  const open: (() => void)[] = [];
  const one = coalesce<string, string>({
    atOnce: 1,
    most: 3,
    keyOf: (item) => item.slice(0, 1),
    together: async (items) => {
      batches.push([...items]);
      await new Promise<void>((resolve) => open.push(resolve));
      if (fail(items)) {
        throw new Error(`not ${items.join()}`);
      }
      return items.map((item) => `${item}!`);
    },
  });
  /** Ends the oldest batch that is under way, which is this one. */
  async function ended(batch: string[]): Promise<void> {
    expect(batches.at(-1)).toEqual(batch);
    open.shift()?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
  /** Ends batches until all that was asked is answered. */
  async function release(answers: Promise<unknown>[]): Promise<PromiseSettledResult<unknown>[]> {
    const settled = Promise.allSettled(answers);
    let over = false;
    void settled.then(() => {
      over = true;
    });
    while (!over) {
      open.shift()?.();
      await new Promise((resolve) => setImmediate(resolve));
    }
    return settled;
  }
  return { one, batches, ended, release };
}

const values = (settled: PromiseSettledResult<unknown>[]) =>
  settled.map((result) => (result.status === 'fulfilled' ? result.value : String(result.reason)));

describe('coalesce', () => {
  it('does the first at once, and together what came in meanwhile, up to the most', async () => {
    const { one, batches, release } = held();
    const answers = ['a', 'b', 'c', 'd', 'e'].map(one);
    expect(batches).toEqual([['a']]);
    expect(values(await release(answers))).toEqual(['a!', 'b!', 'c!', 'd!', 'e!']);
    expect(batches).toEqual([['a'], ['b', 'c', 'd'], ['e']]);
  });

  it('never has two of the same in one batch', async () => {
    const { one, batches, release } = held();
    const answers = ['x', 'a1', 'a2', 'b'].map(one);
    expect(values(await release(answers))).toEqual(['x!', 'a1!', 'a2!', 'b!']);
    expect(batches).toEqual([['x'], ['a1', 'b'], ['a2']]);
  });

  it('does each by itself when a batch fails, so that only one hears of its own fault', async () => {
    const { one, batches, release } = held((items) => items.includes('bad'));
    const answers = ['x', 'a', 'bad', 'c'].map(one);
    expect(values(await release(answers))).toEqual(['x!', 'a!', 'Error: not bad', 'c!']);
    expect(batches).toEqual([['x'], ['a', 'bad', 'c'], ['a'], ['bad'], ['c']]);
  });

  it('does them side by side then: where all fail by a time-out, it is waited for once', async () => {
    const { batches, ended, one, release } = held((items) => items.length > 1);
    const answers = ['x', 'a', 'b', 'c'].map(one);
    await ended(['x']);
    await ended(['a', 'b', 'c']);
    expect(batches.slice(2)).toEqual([['a'], ['b'], ['c']]);
    await release(answers);
  });
});

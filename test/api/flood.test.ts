import { describe, expect, it } from '@jest/globals';
import { createFloodGauge, FLOOD_PER_SECOND, LONGEST_FLOOD_MS } from '../../api/flood.ts';

function gaugeAt() {
  const clock = { ms: 1_000 };
  const gauge = createFloodGauge(() => clock.ms);
  /** So many come evenly within that time. @returns whether it was a flood after each */
  const come = (perSecond: number, forMs: number) => {
    const seen: boolean[] = [];
    const endMs = clock.ms + forMs;
    while (clock.ms < endMs) {
      gauge.count();
      seen.push(gauge.isFlood());
      clock.ms += 1_000 / perSecond;
    }
    return seen;
  };
  return { clock, gauge, come };
}

describe('createFloodGauge', () => {
  it('calls nothing a flood that comes at the limit', () => {
    expect(gaugeAt().come(FLOOD_PER_SECOND, 3_000)).not.toContain(true);
  });

  it('notices within a fifth of a second, and goes on as long as it lasts', () => {
    const { come } = gaugeAt();
    const seen = come(2 * FLOOD_PER_SECOND, 5_000);
    const first = seen.indexOf(true);
    expect(first).toBeLessThanOrEqual((2 * FLOOD_PER_SECOND) / 5);
    expect(seen.slice(first)).not.toContain(false);
  });

  it('is over soon after the last', () => {
    const { clock, gauge, come } = gaugeAt();
    expect(come(2 * FLOOD_PER_SECOND, 1_000).at(-1)).toBe(true);
    clock.ms += 500;
    expect(gauge.isFlood()).toBe(false);
  });

  it('takes what lasts for the usual, and another one later for a flood again', () => {
    const { clock, come } = gaugeAt();
    const seen = come(2 * FLOOD_PER_SECOND, LONGEST_FLOOD_MS + 2_000);
    expect(seen.at(-1)).toBe(false);
    clock.ms += 1_000;
    come(10, 1_000);
    expect(come(2 * FLOOD_PER_SECOND, 1_000).at(-1)).toBe(true);
  });
});

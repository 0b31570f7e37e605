// The stand-in's own clock: the host's time plus what the control plane moved it by. It never goes back.

export interface Clock {
  nowMs(): number;
  /** Epoch seconds, the unit of every Stripe timestamp. */
  now(): number;
  offsetMs(): number;
  advance(ms: number): void;
}

/** @param hostNowMs the host's time in epoch milliseconds; tests pass their own. */
export function createClock(hostNowMs: () => number, startOffsetMs = 0): Clock {
  let offset = startOffsetMs;
  const nowMs = () => hostNowMs() + offset;
  return {
    nowMs,
    now: () => Math.floor(nowMs() / 1000),
    offsetMs: () => offset,
    advance(ms) {
      if (ms < 0) throw new RangeError(`the clock cannot go back (asked: ${ms} ms)`);
      offset += ms;
    },
  };
}

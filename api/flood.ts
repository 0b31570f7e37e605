/** Tells when more events come in than a process can deliver. Used by `api/inbox-dispatcher.ts`; pure but for the clock. */

/** Events that come in faster than this are answered first and worked off later. */
export const FLOOD_PER_SECOND = 500;
/** What lasts longer is no flood but the usual: then answers and deliveries share what there is. */
export const LONGEST_FLOOD_MS = 15_000;
/** Short, so that a flood is noticed before it has filled everything. */
const WINDOW_MS = 200;

export interface FloodGauge {
  /** One more has come in. */
  count(): void;
  isFlood(): boolean;
}

/** @param nowMs a clock that is never set back. @default performance.now */
export function createFloodGauge(nowMs: () => number = () => performance.now()): FloodGauge {
  const most = (FLOOD_PER_SECOND * WINDOW_MS) / 1_000;
  let windowStartedMs = nowMs();
  let now = 0;
  let before = 0;
  let floodSinceMs: number | null = null;

  function turnWindow(): void {
    const passed = Math.floor((nowMs() - windowStartedMs) / WINDOW_MS);
    if (passed > 0) {
      before = passed === 1 ? now : 0;
      now = 0;
      windowStartedMs += passed * WINDOW_MS;
    }
  }

  return {
    count() {
      turnWindow();
      now += 1;
    },
    isFlood() {
      turnWindow();
      if (Math.max(before, now) <= most) {
        floodSinceMs = null;
        return false;
      }
      floodSinceMs ??= nowMs();
      return nowMs() - floodSinceMs < LONGEST_FLOOD_MS;
    },
  };
}

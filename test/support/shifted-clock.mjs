/**
 * Preloaded into a process (`NODE_OPTIONS=--import …`): its wall clock is off by SHIFT_CLOCK_MS, as on a host whose clock
 * was set wrongly. Timers and the monotonic clock go on as they are, as they do there.
 */
const shiftMs = Number(process.env.SHIFT_CLOCK_MS);
if (!Number.isFinite(shiftMs) || shiftMs === 0) {
  throw new Error('SHIFT_CLOCK_MS: expected milliseconds other than 0');
}
const RealDate = Date;
class ShiftedDate extends RealDate {
  constructor(...args) {
    if (args.length === 0) {
      super(RealDate.now() + shiftMs);
    } else {
      super(...args);
    }
  }
  static now() {
    return RealDate.now() + shiftMs;
  }
}
// Called without `new` it is a text; a class cannot be called.
globalThis.Date = new Proxy(ShiftedDate, { apply: () => new ShiftedDate().toString() });

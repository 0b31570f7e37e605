import { describe, expect, it } from '@jest/globals';
import { createRateLimit } from '../../dev/stripe-stand-in/http/rate-limit.ts';
import { reservedTurns } from '../../worker/reserved-turns.ts';

/** Numbers that look random, below 1, and are the same every time. */
function noise(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}

describe('reservedTurns', () => {
  it('lets a request go when its turn has come, and not before', () => {
    const turns = reservedTurns(10);
    expect(turns.nextAt(0)).toBe(Number.POSITIVE_INFINITY);
    turns.add(40, 2);
    expect(turns.nextAt(0)).toBe(40);
    expect(turns.ahead(0)).toBe(2);
    turns.use(40);
    expect(turns.nextAt(40)).toBe(140);
    expect(turns.ahead(40)).toBe(1);
  });

  it('lets all that are late go at once', () => {
    const turns = reservedTurns(10);
    turns.add(0, 5);
    for (const _ of [1, 2, 3, 4]) {
      expect(turns.nextAt(310)).toBeLessThanOrEqual(310);
      turns.use(310);
    }
    expect(turns.nextAt(310)).toBe(400);
  });

  it('counts a request until a second after its answer', () => {
    const turns = reservedTurns(2);
    turns.add(0, 6);
    const answered = turns.use(0);
    turns.use(500);
    // Two turns in the last second, and two requests that may have arrived in it.
    expect(turns.nextAt(1_000)).toBe(2_000);
    answered(20);
    expect(turns.nextAt(1_000)).toBe(1_020);
    expect(turns.nextAt(1_020)).toBeLessThanOrEqual(1_020);
  });

  it('takes for arrived what is under way where answers take long, and doubts it where they come at once', () => {
    for (const [answerMs, countsForMs] of [
      [600, 50],
      [5, 1_000],
    ] as const) {
      const turns = reservedTurns(2);
      turns.add(0, 600);
      for (let at = 0; at < 300_000; at += 1_000) {
        turns.use(at)(at + answerMs);
      }
      turns.add(310_000, 6);
      turns.use(310_000);
      turns.use(310_500);
      expect(turns.nextAt(311_000)).toBe(311_000 + countsForMs);
    }
  });

  it('loses a turn that nobody has used for a second, and what is given up', () => {
    const turns = reservedTurns(10);
    turns.add(0, 3);
    expect(turns.nextAt(1_150)).toBe(200);
    turns.forgetBefore(250);
    expect(turns.nextAt(1_150)).toBe(Number.POSITIVE_INFINITY);
  });

  it('lets turns that are closer together than a timer can tell go together', () => {
    const turns = reservedTurns(1_000);
    turns.add(0, 20);
    let went = 0;
    for (; turns.nextAt(0) <= 0; went += 1) {
      turns.use(0);
    }
    expect(went).toBe(10);
  });

  it.each([1, 2, 3, 4, 5, 6])(
    'with stalls on both sides, is never refused by a strict limit of its rate (%p)',
    (seed) => {
      const random = noise(seed);
      const perSecond = 100;
      const limit = createRateLimit();
      const turns = reservedTurns(perSecond);
      const onTheWay: { arrivesAt: number; answered: (at: number) => void }[] = [];
      const answers: { at: number; answered: (at: number) => void }[] = [];
      let [reservedUntil, busyUntil, otherBusyUntil, sent] = [0, 0, 0, 0];
      for (let now = 0; now < 20_000; now += 1) {
        if (reservedUntil < now + 100) {
          turns.add(Math.max(now, reservedUntil), 20);
          reservedUntil = Math.max(now, reservedUntil) + 200;
        }
        // Every now and then either process has something else to do.
        busyUntil = now >= busyUntil && random() < 0.003 ? now + random() * 120 : busyUntil;
        if (now >= busyUntil) {
          for (const { at, answered } of answers.splice(0)) {
            answered(Math.max(at, now));
          }
          while (turns.nextAt(now) <= now) {
            onTheWay.push({ arrivesAt: now + 1 + random() * 4, answered: turns.use(now) });
            sent += 1;
          }
        }
        if (now >= otherBusyUntil) {
          for (const { arrivesAt, answered } of onTheWay.splice(0)) {
            if (arrivesAt > now) {
              onTheWay.push({ arrivesAt, answered });
            } else {
              expect({ now, admitted: limit.admits('POST', perSecond, now) }).toEqual({
                now,
                admitted: true,
              });
              answers.push({ at: now + 3, answered });
            }
          }
          otherBusyUntil = random() < 0.003 ? now + random() * 150 : 0;
        }
      }
      expect(sent / 20).toBeGreaterThan(0.95 * perSecond);
    },
  );
});

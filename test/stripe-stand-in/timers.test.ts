import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createClock } from '../../dev/stripe-stand-in/clock.ts';
import { openDatabase } from '../../dev/stripe-stand-in/store/database.ts';
import { openTimers } from '../../dev/stripe-stand-in/store/timers.ts';

function timersAt(startMs = 0) {
  let now = startMs;
  const clock = createClock(() => now);
  const timers = openTimers(openDatabase(undefined), 'timer', clock);
  return {
    timers,
    goTo(ms: number) {
      now = ms;
    },
  };
}

describe('timers', () => {
  it('come due in the order of their instants, whatever the order they were set in', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 10_000 }), { maxLength: 60 }), (instants) => {
        const { timers, goTo } = timersAt();
        for (const instant of instants) timers.set('expire_hold', `s${instant}`, instant);
        goTo(20_000);
        const sorted = [...instants].sort((a, b) => a - b);
        expect(timers.takeDue().map(({ dueMs }) => dueMs)).toEqual(sorted);
        expect(timers.takeDue()).toEqual([]);
      }),
    );
  });
  it('do not come before their instant', () => {
    const { timers, goTo } = timersAt();
    timers.set('expire_hold', 'a', 100);
    goTo(99);
    expect(timers.takeDue()).toEqual([]);
    expect(timers.earliestDueMs()).toBe(100);
    goTo(100);
    expect(timers.takeDue().map(({ subject }) => subject)).toEqual(['a']);
    expect(timers.earliestDueMs()).toBeUndefined();
  });
  it('are replaced when they are set again, and canceled', () => {
    const { timers, goTo } = timersAt();
    timers.set('expire_hold', 'a', 100);
    timers.set('expire_hold', 'a', 300);
    timers.set('expire_session', 'a', 150);
    timers.set('expire_hold', 'b', 120);
    timers.cancel('expire_hold', 'b');
    goTo(200);
    expect(timers.takeDue().map(({ kind, subject }) => `${kind} ${subject}`)).toEqual(['expire_session a']);
    goTo(300);
    expect(timers.takeDue().map(({ kind, subject }) => `${kind} ${subject}`)).toEqual(['expire_hold a']);
  });
});

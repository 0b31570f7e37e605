// What happens by time: sessions expire, holds lapse, debits settle, deliveries are tried again.
// Due instants are on the stand-in's clock; one host timer wakes for the earliest.

import type { Clock } from '../clock.ts';
import { type Collection, openCollection } from './collection.ts';
import type { Database } from './database.ts';

export type TimerKind =
  | 'expire_session'
  | 'expire_hold'
  | 'settle_debit'
  | 'fail_debit'
  | 'fail_microdeposits'
  | 'settle_refund'
  | 'fail_refund';

export interface Timer {
  /** `<kind> <subject>`: setting a timer again replaces it. */
  id: string;
  kind: TimerKind;
  subject: string;
  dueMs: number;
}

export interface Timers {
  set(kind: TimerKind, subject: string, dueMs: number): void;
  cancel(kind: TimerKind, subject: string): void;
  /** Removes and returns what is due, earliest first. */
  takeDue(): Timer[];
  earliestDueMs(): number | undefined;
}

export function openTimers(db: Database, kind: string, clock: Clock): Timers {
  const stored: Collection<Timer> = openCollection<Timer>(db, kind);
  const heap: Timer[] = [];
  const live = (timer: Timer) => stored.get(timer.id) === timer;
  const push = (timer: Timer) => {
    heap.push(timer);
    let i = heap.length - 1;
    while (i > 0) {
      const up = (i - 1) >> 1;
      if (due(heap[up]) <= due(heap[i])) break;
      swap(heap, i, up);
      i = up;
    }
  };
  const pop = () => {
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    heap[0] = last;
    let i = 0;
    for (;;) {
      let least = i;
      for (const below of [2 * i + 1, 2 * i + 2]) if (due(heap[below]) < due(heap[least])) least = below;
      if (least === i) return;
      swap(heap, i, least);
      i = least;
    }
  };
  /** The earliest timer that was neither replaced nor canceled since it was pushed. */
  const first = () => {
    while (heap[0] !== undefined && !live(heap[0])) pop();
    return heap[0];
  };
  for (const timer of stored.newestFirst()) push(timer);

  return {
    set(kind, subject, dueMs) {
      const id = `${kind} ${subject}`;
      const before = stored.get(id);
      if (before !== undefined) stored.delete(id);
      push(stored.insert({ id, kind, subject, dueMs }));
    },
    cancel(kind, subject) {
      stored.delete(`${kind} ${subject}`);
    },
    takeDue() {
      const out: Timer[] = [];
      for (let timer = first(); timer !== undefined && timer.dueMs <= clock.nowMs(); timer = first()) {
        pop();
        stored.delete(timer.id);
        out.push(timer);
      }
      return out;
    },
    earliestDueMs: () => first()?.dueMs,
  };
}

function due(timer: Timer | undefined): number {
  return timer?.dueMs ?? Number.POSITIVE_INFINITY;
}

function swap(heap: Timer[], a: number, b: number): void {
  const [x, y] = [heap[a], heap[b]];
  if (x === undefined || y === undefined) return;
  heap[a] = y;
  heap[b] = x;
}

/**
 * The turns that a process has reserved, and the requests that it has sent in them: says when the next may go. Whoever
 * limits a rate counts what reaches them in any second, so what a process was late for may go at once, but only while
 * fewer of its requests can have arrived within the last second than it had turns. Called by `stripe-turns.ts`; all
 * instants are milliseconds of the process's monotonic clock.
 */

/** Turns so long together may go at once: timers are as coarse as a millisecond, and at a high rate turns are closer. */
export const SLICE_MS = 10;
/** The stretch in which requests are counted, and after which a turn that nobody used is lost. */
const WINDOW_MS = 1_000;
/** A request has arrived so long after it was sent at the latest, or when it is answered, whichever is sooner. */
const ARRIVES_WITHIN_MS = 50;
/**
 * Where answers usually come sooner than that, one that does not come is a sign that somebody is stalled and what was
 * sent may not have arrived either: then it counts until it is answered, so long at most.
 */
const STALLED_FOR_MS = 1_000;
/** What is usual moves so far towards each answer, and so to their middle; a hundred that one stall held up do not count. */
const STEP_MS = 0.25;

/** Turns reserved together. */
interface Batch {
  firstAt: number;
  count: number;
  /** So many, from the first on, were used or are lost. */
  gone: number;
}

interface Sent {
  /** By then it has arrived. */
  arrivesBy: number;
}

export interface ReservedTurns {
  add(firstAt: number, count: number): void;
  /** Gives up the turns before an instant that nobody has used. */
  forgetBefore(at: number): void;
  /** Turns that are still to come. */
  ahead(now: number): number;
  /** When a request may go: now or earlier means at once; infinity when nothing is reserved. */
  nextAt(now: number): number;
  /** Uses the next turn. @returns to be told when the request was answered; at most once */
  use(now: number): (answeredAt: number) => void;
}

export function reservedTurns(perSecond: number): ReservedTurns {
  const apartMs = 1_000 / perSecond;
  const togetherMs = Math.max(0, SLICE_MS - apartMs);
  let batches: Batch[] = [];
  let sent: Sent[] = [];
  let usualAnswerMs = 0;

  const timeOf = (batch: Batch) => batch.firstAt + batch.gone * apartMs;
  const hasLeft = (batch: Batch) => batch.gone < batch.count;
  /** How many turns of a batch are due by an instant. */
  const dueBy = ({ firstAt, count }: Batch, at: number) =>
    Math.min(count, Math.max(0, Math.floor((at - firstAt) / apartMs) + 1));

  function forgetBefore(at: number): void {
    for (const batch of batches) {
      batch.gone = Math.max(batch.gone, dueBy(batch, at));
    }
  }

  /** Turns of the last second, used or not. */
  function ownShare(now: number): number {
    const until = now + togetherMs;
    const share = batches.reduce(
      (sum, batch) => sum + dueBy(batch, until) - dueBy(batch, until - WINDOW_MS),
      0,
    );
    return Math.min(share, Math.max(1, Math.ceil(perSecond)));
  }

  return {
    add(firstAt, count) {
      batches.push({ firstAt, count, gone: 0 });
    },
    forgetBefore,
    ahead: (now) =>
      batches.reduce((sum, batch) => sum + batch.count - Math.max(batch.gone, dueBy(batch, now)), 0),
    nextAt(now) {
      forgetBefore(now - WINDOW_MS);
      batches = batches.filter((batch) => batch.firstAt + batch.count * apartMs > now - WINDOW_MS);
      sent = sent.filter(({ arrivesBy }) => arrivesBy + WINDOW_MS > now);
      const turnAt = Math.min(...batches.filter(hasLeft).map(timeOf)) - togetherMs;
      if (turnAt > now || sent.length < ownShare(now)) {
        return turnAt;
      }
      return Math.min(...sent.map(({ arrivesBy }) => arrivesBy)) + WINDOW_MS;
    },
    use(now) {
      const [first] = batches.filter(hasLeft).sort((a, b) => timeOf(a) - timeOf(b));
      if (first !== undefined) {
        first.gone += 1;
      }
      const isUsuallyQuick = usualAnswerMs < ARRIVES_WITHIN_MS;
      const one: Sent = { arrivesBy: now + (isUsuallyQuick ? STALLED_FOR_MS : ARRIVES_WITHIN_MS) };
      sent.push(one);
      return (answeredAt) => {
        one.arrivesBy = Math.min(one.arrivesBy, answeredAt);
        usualAnswerMs += answeredAt - now > usualAnswerMs ? STEP_MS : -STEP_MS;
      };
    },
  };
}

/** How an enrollment stands, in a customer's words: the line under the heading. Called by the account page; pure. */
import type { CustomerEnrollment } from '../db/customer-view.ts';
import { formatDay, type Locale } from '../domain/format.ts';
import { ENDED } from '../domain/statuses.ts';
import type { Say } from '../templates/renderer.ts';
import type { Tone } from './charge-words.ts';

export interface StatusModel {
  label: string;
  text: string;
  tone: Tone;
}

export function isOver({ status }: Pick<CustomerEnrollment, 'status'>): boolean {
  return ENDED.some((end) => end === status);
}

/** What else the page says, which this line must not contradict. */
export interface StatusContext {
  timeZone: string;
  /** Milliseconds since 1970. */
  nowMs: number;
  /** How many charges wait for the customer, and their sum in words. */
  unpaid: { count: number; amount: string };
  /** The page asks for something although nothing is wrong yet. */
  isNudged: boolean;
  /** Nothing is charged until a dispute is over, and nobody can settle anything meanwhile. */
  isDisputed: boolean;
}

export function statusModel(
  enrollment: CustomerEnrollment,
  about: StatusContext,
  locale: Locale,
  say: Say,
): StatusModel {
  const { status, cancelAt } = enrollment;
  const { unpaid, timeZone } = about;
  const day = (instant: Date | null) =>
    instant === null ? '' : formatDay(instant.toISOString(), locale, timeZone);
  if (!isOver(enrollment) && enrollment.isCanceling) {
    return { label: say('enrollment.canceling'), text: say('enrollment.canceling.text'), tone: 'wait' };
  }
  if (!isOver(enrollment) && cancelAt !== null) {
    const words = endingWords(cancelAt.getTime() <= about.nowMs, day(cancelAt), about, say);
    return { ...words, tone: status === 'past_due' ? 'bad' : 'wait' };
  }
  const date = {
    awaiting_payment_method: enrollment.setupDeadlineAt,
    paused: enrollment.pausedUntil,
    canceled: enrollment.endedAt,
    active: null,
    past_due: null,
    completed: null,
    expired: null,
  }[status];
  return {
    label: say(`enrollment.${status}`),
    text: say(textKey(enrollment, about), { date: day(date), ...unpaid }),
    tone: STATUS_TONE[status],
  };
}

/** @param isLate the period is over, and what is open is still collected */
function endingWords(isLate: boolean, date: string, { unpaid, isDisputed }: StatusContext, say: Say) {
  // What waits for a dispute nobody can settle: the problem below says so.
  const settling = isDisputed ? { ...unpaid, count: 0 } : unpaid;
  if (isLate) {
    return { label: say('enrollment.ending_late'), text: say('enrollment.ending_late.text', settling) };
  }
  const key = settling.count > 0 ? 'enrollment.ending_past_due.text' : 'enrollment.ending.text';
  return { label: say('enrollment.ending', { date }), text: say(key, { date, ...settling }) };
}

function textKey(
  { status, pausedUntil }: CustomerEnrollment,
  { unpaid, isNudged, isDisputed }: StatusContext,
): string {
  if (status === 'paused') {
    // A pause stops the schedule: what is past due goes on being collected.
    const collected = unpaid.count > 0 && !isDisputed ? '_unpaid' : '';
    return `enrollment.paused${pausedUntil === null ? '' : '_until'}${collected}.text`;
  }
  if (isDisputed && status === 'active') {
    return 'enrollment.active_disputed.text';
  }
  if (isDisputed && status === 'past_due') {
    return 'enrollment.past_due_disputed.text';
  }
  return status === 'active' && isNudged ? 'enrollment.active_so_far.text' : `enrollment.${status}.text`;
}

const STATUS_TONE: Readonly<Record<CustomerEnrollment['status'], Tone>> = {
  awaiting_payment_method: 'wait',
  active: 'good',
  past_due: 'bad',
  paused: 'quiet',
  completed: 'good',
  canceled: 'quiet',
  expired: 'quiet',
};

/** How an enrollment stands, in a customer's words: the line under the heading. Called by the account page; pure. */
import type { CustomerCharge } from '../db/customer-charges.ts';
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
  /** The customer has named a bank account, and it is being proven. */
  isProving: boolean;
  /** Every charge that the page shows, the newest first. */
  charges: readonly Pick<CustomerCharge, 'status' | 'disputeStatus'>[];
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
    const words = endingWords({ ...enrollment, cancelAt }, day(cancelAt), about, say);
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
  const isProving = status === 'awaiting_payment_method' && about.isProving;
  return {
    label: say(isProving ? 'enrollment.proving' : `enrollment.${status}`),
    text: say(textKey(enrollment, about), { date: day(date), ...unpaid }),
    tone: STATUS_TONE[status],
  };
}

function endingWords(
  enrollment: CustomerEnrollment & { cancelAt: Date },
  date: string,
  about: StatusContext,
  say: Say,
) {
  // What waits for a dispute nobody can settle: the problem below says so.
  const settling = about.isDisputed ? { ...about.unpaid, count: 0 } : about.unpaid;
  // The period is over, and what is open is still collected.
  if (enrollment.cancelAt.getTime() <= about.nowMs) {
    return { label: say('enrollment.ending_late'), text: say('enrollment.ending_late.text', settling) };
  }
  const text = say(endingKey(enrollment, about), { date, ...settling });
  return { label: say('enrollment.ending', { date }), text };
}

/** A payment that fell due before it was canceled, and is held back, is still made. */
function endingKey(
  { status, nextChargeAt, cancelAt }: CustomerEnrollment & { cancelAt: Date },
  { charges, isDisputed, unpaid }: StatusContext,
): string {
  if (isDisputed && nextChargeAt !== null && nextChargeAt < cancelAt) {
    return 'enrollment.ending_held.text';
  }
  if (unpaid.count > 0 && !isDisputed) {
    return 'enrollment.ending_past_due.text';
  }
  // In a pause no payment is next: only a dispute, open then or later lost or won, can have held one back until it.
  const mayBeHeld = status === 'paused' && charges.some(({ disputeStatus }) => disputeStatus !== null);
  return mayBeHeld ? 'enrollment.ending_paused.text' : 'enrollment.ending.text';
}

function textKey({ status, pausedUntil }: CustomerEnrollment, about: StatusContext): string {
  switch (status) {
    case 'active':
      return activeKey(about);
    case 'past_due':
      return about.isDisputed ? 'enrollment.past_due_disputed.text' : 'enrollment.past_due.text';
    case 'paused':
      return pausedKey(pausedUntil !== null, about);
    case 'completed':
      return completedKey(about);
    case 'awaiting_payment_method':
      return about.isProving ? 'enrollment.proving.text' : 'enrollment.awaiting_payment_method.text';
    case 'canceled':
    case 'expired':
      return `enrollment.${status}.text`;
    default:
      return status satisfies never;
  }
}

function activeKey({ charges, isDisputed, isNudged }: StatusContext): string {
  if (isDisputed) {
    return 'enrollment.active_disputed.text';
  }
  if (charges.some(({ status }) => status === 'needs_attention')) {
    return 'enrollment.active_looking.text';
  }
  const givenUp = givenUpAmong(charges);
  if (givenUp !== null) {
    return givenUp === 'last' ? 'enrollment.active_given_up.text' : 'enrollment.active_given_up_before.text';
  }
  return isNudged ? 'enrollment.active_so_far.text' : 'enrollment.active.text';
}

/** A pause stops the schedule: what is past due goes on being collected. */
function pausedKey(hasEnd: boolean, { charges, unpaid, isDisputed }: StatusContext): string {
  const pause = hasEnd ? 'paused_until' : 'paused';
  if (unpaid.count > 0 && !isDisputed) {
    return `enrollment.${pause}_unpaid.text`;
  }
  return !hasEnd && givenUpAmong(charges) === 'last'
    ? 'enrollment.paused_given_up.text'
    : `enrollment.${pause}.text`;
}

function completedKey({ charges }: StatusContext): string {
  if (givenUpAmong(charges) !== null) {
    return 'enrollment.completed_given_up.text';
  }
  const isForgiven = charges.some(({ status }) => status === 'canceled');
  return isForgiven ? 'enrollment.completed_not_all.text' : 'enrollment.completed.text';
}

/** Whether a charge was given up, and whether one after it went through. */
function givenUpAmong(charges: StatusContext['charges']): 'last' | 'before' | null {
  const ends = charges
    .map(({ status }) => status)
    .filter((end) => end === 'succeeded' || end === 'uncollectible');
  if (!ends.includes('uncollectible')) {
    return null;
  }
  return ends[0] === 'uncollectible' ? 'last' : 'before';
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

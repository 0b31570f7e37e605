/** The next payment, or why there is none. Called by the account page; pure. */
import type { CustomerEnrollment } from '../db/customer-view.ts';
import { formatDay, type Locale } from '../domain/format.ts';
import type { Say } from '../templates/renderer.ts';
import { isOver } from './status-words.ts';

export interface NextModel {
  amountMinor: number;
  currency: string;
  /** ISO 8601, UTC. */
  at: string;
  /** It is due and being made. */
  isNow: boolean;
  /** It is due and waits until a dispute is over. */
  isHeld: boolean;
}

/** A cancel at the end of the period takes effect when the next payment would have been due. */
export function endsFirst({
  cancelAt,
  nextChargeAt,
}: Pick<CustomerEnrollment, 'cancelAt' | 'nextChargeAt'>): boolean {
  return cancelAt !== null && (nextChargeAt === null || nextChargeAt >= cancelAt);
}

/**
 * @param context.isDisputed nothing is charged until a dispute is over, however long that takes
 * @returns both null where the page has nothing to say of it
 */
export function nextModel(
  enrollment: CustomerEnrollment,
  { timeZone, nowMs, isDisputed }: { timeZone: string; nowMs: number; isDisputed: boolean },
  locale: Locale,
  say: Say,
): { next: NextModel | null; noNext: string | null } {
  const { status, nextChargeAt, nextChargeAmountMinor, pausedUntil, currency } = enrollment;
  const none = (noNext: string | null) => ({ next: null, noNext });
  if (isOver(enrollment) || enrollment.isCanceling) {
    return none(null);
  }
  if (status === 'paused') {
    const date = pausedUntil === null ? '' : formatDay(pausedUntil.toISOString(), locale, timeZone);
    return none(pausedUntil === null ? say('next.paused') : say('next.paused_until', { date }));
  }
  if (endsFirst(enrollment)) {
    return none(say('next.ending'));
  }
  if (nextChargeAt !== null && nextChargeAmountMinor !== null) {
    const isDue = nextChargeAt.getTime() <= nowMs;
    return {
      next: {
        amountMinor: nextChargeAmountMinor,
        currency,
        at: nextChargeAt.toISOString(),
        isNow: isDue && !isDisputed,
        isHeld: isDue && isDisputed,
      },
      noNext: null,
    };
  }
  if (status === 'awaiting_payment_method') {
    return none(null);
  }
  return none(say(enrollment.terms.schedule.type === 'on_demand' ? 'next.on_demand' : 'next.none'));
}

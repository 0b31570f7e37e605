/** What stands in the way of a charge, why, and what the customer can do. Called by the account page; pure. */
import type { CustomerCharge } from '../db/customer-view.ts';
import { formatDay, formatInstant, formatMoney, type Locale } from '../domain/format.ts';
import { CUSTOMER_REASONS } from '../domain/notifications.ts';
import type { Say } from '../templates/renderer.ts';
import type { ChargePhase } from './charge-words.ts';

export interface ProblemModel {
  id: string;
  title: string;
  paragraphs: string[];
  /** Label of the button that leads to Checkout; null when the customer can do nothing. */
  action: string | null;
}

/** @returns null when the charge needs nobody */
export function problemModel(
  { charge, phase }: { charge: CustomerCharge; phase: ChargePhase },
  timeZone: string,
  locale: Locale,
  say: Say,
): ProblemModel | null {
  const amount = formatMoney(charge.amountMinor, charge.currency, locale);
  const due = say('problem.due', { date: formatDay(charge.dueAt.toISOString(), locale, timeZone) });
  if (charge.status === 'needs_attention') {
    const title = say('problem.looking_title', { amount });
    return { id: charge.id, title, paragraphs: [due, say('problem.looking_text')], action: null };
  }
  if (phase !== 'customer') {
    return null;
  }
  const reason = CUSTOMER_REASONS.find((known) => known === charge.told?.reason) ?? 'declined';
  if (charge.status === 'requires_action' || reason === 'authentication_required') {
    return {
      id: charge.id,
      title: say('problem.confirm_title', { amount }),
      paragraphs: [due, say('problem.confirm_fix')],
      action: say('method.confirm'),
    };
  }
  const then =
    charge.nextAttemptAt === null
      ? say('notice.no_retry')
      : say('notice.retry_at', { date: formatInstant(charge.nextAttemptAt.toISOString(), locale, timeZone) });
  return {
    id: charge.id,
    title: say('problem.title', { amount }),
    paragraphs: [due, say(`reason.${reason}`), then, say('problem.fix')],
    action: say('method.pay'),
  };
}

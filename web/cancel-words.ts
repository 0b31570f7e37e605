/** What canceling would do to this enrollment, in sentences. Called by the page that asks; pure. */
import type { CustomerCharge, CustomerEnrollment } from '../db/customer-view.ts';
import { formatDay, formatMoney, type Locale } from '../domain/format.ts';
import { sumMinor } from '../domain/money.ts';
import { type ChargeStatus, PAST_DUE_CHARGE } from '../domain/statuses.ts';
import type { Say } from '../templates/renderer.ts';
import { timeZoneOf } from './schedule-words.ts';

export function cancelLines(
  enrollment: CustomerEnrollment,
  charges: readonly CustomerCharge[],
  locale: Locale,
  say: Say,
): string[] {
  if (enrollment.status === 'awaiting_payment_method') {
    return [say('cancel.at_once'), say('cancel.not_started'), say('cancel.final')];
  }
  const money = (amountMinor: number) => formatMoney(amountMinor, enrollment.currency, locale);
  const total = (statuses: readonly ChargeStatus[]) => {
    const amounts = charges
      .filter(({ status }) => statuses.includes(status))
      .map((charge) => charge.amountMinor);
    return { count: amounts.length, amount: money(sumMinor(amounts)) };
  };
  const unpaid = total(PAST_DUE_CHARGE);
  const reserved = total(['requires_capture']);
  const processing = total(['processing']);
  const hasPaid = charges.some(({ status }) => status === 'succeeded');
  const late = `cancel.processing_${enrollment.terms.lateSuccess}`;
  return [
    say('cancel.at_once'),
    say('cancel.no_new'),
    ...nextLines(enrollment, money, locale, say),
    ...(unpaid.count > 0 ? [say('cancel.unpaid_dropped', unpaid)] : []),
    ...(reserved.count > 0 ? [say('cancel.reserved_released', reserved)] : []),
    ...(processing.count > 0 ? [say(late, processing)] : []),
    ...(hasPaid ? [say('cancel.paid_stays')] : []),
    say('cancel.final'),
  ];
}

function nextLines(
  { nextChargeAt, nextChargeAmountMinor, terms }: CustomerEnrollment,
  money: (amountMinor: number) => string,
  locale: Locale,
  say: Say,
): string[] {
  if (nextChargeAt === null || nextChargeAmountMinor === null) {
    return [];
  }
  const date = formatDay(nextChargeAt.toISOString(), locale, timeZoneOf(terms.schedule));
  return [say('cancel.next_dropped', { amount: money(nextChargeAmountMinor), date })];
}

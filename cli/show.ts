/** Enrollments and charges in words and tables. Pure. */
import type { ChargeObject } from '../api/schemas/charges.ts';
import type { EnrollmentObject } from '../api/schemas/enrollments.ts';
import { amountText, sumMinor } from '../domain/money.ts';
import { WAITS_FOR_MEANING } from '../domain/waits-for.ts';
import { facts, table } from './output.ts';
import { instantText } from './words.ts';

export function enrollmentTable(enrollments: readonly EnrollmentObject[]): string {
  return table(
    ['ENROLLMENT', 'STATUS', 'CUSTOMER', 'NEXT CHARGE', 'PAST DUE', 'SINCE', 'WAITS FOR'],
    enrollments.map((one) => [
      one.id,
      one.status,
      one.customer.reference ?? one.customer.stripe_customer_id ?? '-',
      nextCharge(one) ?? '-',
      one.amount_past_due_minor === 0 ? '-' : amountText(one.amount_past_due_minor, one.terms.currency),
      one.past_due_since === null ? '-' : instantText(one.past_due_since),
      one.waits_for.join(', ') || '-',
    ]),
  );
}

export function enrollmentInWords(one: EnrollmentObject): string {
  const { currency } = one.terms;
  const { customer, payment_method: method } = one;
  return facts([
    ['Enrollment', one.id],
    ['Status', [one.status, one.end_reason].filter(Boolean).join(': ')],
    ['Waits for', one.waits_for.map((word) => `${word} (${WAITS_FOR_MEANING[word]})`).join('; ') || null],
    ['Customer', [customer.reference, customer.name, customer.email].filter(Boolean).join(', ') || '-'],
    ['Stripe Customer', customer.stripe_customer_id],
    ['For', one.description],
    ['Agreed', agreed(one)],
    ['Balance', balance(one)],
    [
      'Payment method',
      method === null
        ? 'none yet'
        : `${[method.brand ?? method.type, method.last4 && `•••• ${method.last4}`].filter(Boolean).join(' ')} (${method.id})`,
    ],
    ['Next charge', nextCharge(one)],
    ['Collected', `${amountText(one.amount_collected_minor, currency)} in ${one.charges_succeeded} charges`],
    [
      'Past due',
      one.past_due_since === null
        ? null
        : `${amountText(one.amount_past_due_minor, currency)} since ${instantText(one.past_due_since)}`,
    ],
    ['Paused until', one.paused_until && instantText(one.paused_until)],
    ['Cancels at', one.cancel_at && instantText(one.cancel_at)],
    [
      'Being canceled',
      one.cancel_requested_at !== null && one.ended_at === null
        ? `since ${instantText(one.cancel_requested_at)}, when a payment under way has an outcome`
        : null,
    ],
    ['Created', instantText(one.created_at)],
    ['Ended', one.ended_at && instantText(one.ended_at)],
    ['Temporal UI', one.temporal_ui_url],
  ]);
}

export function chargeTable(charges: readonly ChargeObject[]): string {
  return table(
    ['CHARGE', 'AMOUNT', 'DUE', 'STATUS', 'ATTEMPTS', 'DECLINE', 'NEXT ATTEMPT', 'REFUNDED', 'WHY'],
    charges.map((one) => [
      one.id,
      amountText(one.amount_minor, one.currency),
      instantText(one.due_at),
      one.status,
      String(one.attempts),
      one.last_decline_code ?? one.last_code ?? '-',
      one.next_attempt_at === null ? '-' : instantText(one.next_attempt_at),
      one.refunded_minor === 0 ? '-' : amountText(one.refunded_minor, one.currency),
      one.status_reason ?? '-',
    ]),
  );
}

export function chargeInWords(one: ChargeObject): string {
  const parts = [
    `${one.id}: ${amountText(one.amount_minor, one.currency)} is ${one.status}`,
    one.last_decline_code === null ? null : `declined with ${one.last_decline_code}`,
    one.next_attempt_at === null ? null : `tried again on ${instantText(one.next_attempt_at)}`,
    one.give_up_at === null ? null : `waits for the customer until ${instantText(one.give_up_at)}`,
    one.status_reason,
  ];
  return `${parts.filter(Boolean).join('; ')}.`;
}

export function nextCharge({ next_charge: next }: EnrollmentObject): string | null {
  return next === null
    ? null
    : `${amountText(next.amount_minor, next.currency)} on ${instantText(next.due_at)}`;
}

function balance({ balance_minor: minor, terms }: EnrollmentObject): string | null {
  const whose = minor < 0 ? "to the customer's credit" : 'owed by the customer';
  return minor === 0 ? null : `${amountText(Math.abs(minor), terms.currency)} ${whose}`;
}

/** As it is now: an amount that has changed is told with the one of the beginning. */
function agreed({ terms, recurring_amount_minor: nowMinor }: EnrollmentObject): string {
  const { schedule, currency } = terms;
  switch (schedule.type) {
    case 'once':
      return `${amountText(schedule.amount_minor, currency)} once`;
    case 'installments':
      return `${amountText(sumMinor(schedule.amounts_minor), currency)} in ${schedule.amounts_minor.length} payments, one ${every(schedule.interval)}`;
    case 'recurring':
      return [
        `${amountText(nowMinor ?? schedule.amount_minor, currency)} ${every(schedule.interval)}`,
        nowMinor === schedule.amount_minor
          ? ''
          : `, ${amountText(schedule.amount_minor, currency)} at the beginning`,
      ].join('');
    case 'on_demand':
      return `${currency.toUpperCase()} on demand`;
    default:
      return schedule satisfies never;
  }
}

function every({ unit, count }: { unit: string; count: number }): string {
  return count === 1 ? `every ${unit}` : `every ${count} ${unit}s`;
}

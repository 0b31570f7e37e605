/**
 * The charge state machine around Stripe's seven statuses: one table of what every command and every event does
 * in every status, used by the Workflow, the API's refusals, the docs and the tests. Pure; imported by Workflows.
 */
import { mayFollow, PAYMENT_INTENT_STATUSES, type PaymentIntentStatus } from './payment-intent.ts';
import { type ChargeStatus, PAST_DUE_CHARGE } from './statuses.ts';

export const CHARGE_STATUSES: readonly ChargeStatus[] = [
  'scheduled',
  ...PAYMENT_INTENT_STATUSES,
  'uncollectible',
  'needs_attention',
];

/** Requests for charges of one enrollment that wait or are open at a time; a caller's loop must not fill the history. */
export const MOST_OPEN_CHARGES = 20;

/** What somebody asks for; it can be refused. */
export const CHARGE_COMMANDS = [
  'cancel',
  'capture',
  'refund',
  'retry',
  'extend_dunning',
  'stop_dunning',
  'forgive',
  'resume',
] as const;
export type ChargeCommand = (typeof CHARGE_COMMANDS)[number];

/** What was found out. Readings of the PaymentIntent are {@link chargeAfterReading}'s. */
export const CHARGE_EVENTS = ['dunning_is_over', 'defect_found'] as const;
export type ChargeEvent = (typeof CHARGE_EVENTS)[number];

export type ChargeRefusalCode =
  | 'charge_settled'
  | 'charge_in_progress'
  | 'charge_held'
  | 'charge_not_capturable'
  | 'charge_not_refundable'
  | 'charge_not_in_dunning'
  | 'charge_not_parked';

/** Whether a refusal is that of an open charge's status, so that the status that comes next may allow what it refused. */
export function refusesForNow(code: string): boolean {
  return Object.hasOwn(EXPECTED, code) && code !== ('charge_settled' satisfies ChargeRefusalCode);
}

/** A status to go to, `stays`, `by_stripe` (the call's answer is the next status), or the code of the refusal. */
export type ChargeCell = ChargeStatus | 'stays' | 'by_stripe' | { refused: ChargeRefusalCode };

type Row = Readonly<Record<ChargeStatus, ChargeCell>>;

const refused = (code: ChargeRefusalCode): ChargeCell => ({ refused: code });

const everywhere = (cell: ChargeCell): Row => ({
  scheduled: cell,
  ...inDunning(cell),
  requires_capture: cell,
  processing: cell,
  succeeded: cell,
  canceled: cell,
  uncollectible: cell,
  needs_attention: cell,
});

export const CHARGE_TABLE: Readonly<Record<ChargeCommand | ChargeEvent, Row>> = {
  // What it does to the PaymentIntent is in PAYMENT_INTENT_TABLE.
  cancel: {
    ...everywhere(refused('charge_settled')),
    ...inDunning('canceled'),
    scheduled: 'canceled',
    requires_capture: 'canceled',
    processing: 'by_stripe',
    needs_attention: 'by_stripe',
  },
  capture: {
    ...everywhere(refused('charge_not_capturable')),
    requires_capture: 'by_stripe',
    processing: refused('charge_in_progress'),
  },
  // In full or in part; the charge stays succeeded, what went back is a field.
  refund: { ...everywhere(refused('charge_not_refundable')), succeeded: 'stays' },
  // By the customer or an operator, at once, with the method saved last.
  retry: {
    ...everywhere(refused('charge_settled')),
    ...inDunning('by_stripe'),
    scheduled: 'by_stripe',
    requires_capture: refused('charge_held'),
    processing: refused('charge_in_progress'),
    needs_attention: 'by_stripe',
  },
  extend_dunning: { ...everywhere(refused('charge_not_in_dunning')), ...inDunning('stays') },
  stop_dunning: { ...everywhere(refused('charge_not_in_dunning')), ...inDunning('uncollectible') },
  // No longer owed.
  forgive: {
    ...everywhere(refused('charge_settled')),
    ...inDunning('canceled'),
    scheduled: 'canceled',
    requires_capture: 'canceled',
    processing: refused('charge_in_progress'),
    needs_attention: 'by_stripe',
  },
  resume: { ...everywhere(refused('charge_not_parked')), needs_attention: 'by_stripe' },

  dunning_is_over: { ...everywhere('stays'), ...inDunning('uncollectible') },
  // A person must act. What Stripe says of the money stays true, so a settled charge is not parked.
  defect_found: {
    ...everywhere('needs_attention'),
    succeeded: 'stays',
    canceled: 'stays',
    uncollectible: 'stays',
  },
};

export type ChargeStep =
  | { status: ChargeStatus | 'by_stripe' }
  | { refused: { code: ChargeRefusalCode; message: string } };

/** What a command or an event makes of a charge: the status afterwards, the same when nothing changes, or why not. */
export function chargeStep(status: ChargeStatus, step: ChargeCommand | ChargeEvent): ChargeStep {
  const cell = CHARGE_TABLE[step][status];
  if (typeof cell === 'object') {
    const message = `${step} is refused: the charge is ${status}; ${EXPECTED[cell.refused]}`;
    return { refused: { code: cell.refused, message } };
  }
  return { status: cell === 'stays' ? status : cell };
}

/**
 * The charge's status after its PaymentIntent was read. A reading that can only be older than what is known
 * changes nothing, and what is settled as uncollectible stays so.
 */
export function chargeAfterReading(status: ChargeStatus, seen: PaymentIntentStatus): ChargeStatus {
  switch (status) {
    case 'scheduled':
    case 'needs_attention':
      return seen;
    case 'uncollectible':
      return status;
    default:
      return mayFollow(status, seen) ? seen : status;
  }
}

const EXPECTED: Readonly<Record<ChargeRefusalCode, string>> = {
  charge_settled: 'nothing is left to do about it; money that moved goes back by a refund',
  charge_in_progress: 'its outcome must be awaited',
  charge_held: 'the money is held already; capture it or cancel',
  charge_not_capturable: 'expected requires_capture',
  charge_not_refundable: 'expected succeeded',
  charge_not_in_dunning: `expected ${PAST_DUE_CHARGE.join(', ')}`,
  charge_not_parked: 'expected needs_attention',
};

function inDunning(cell: ChargeCell) {
  return { requires_payment_method: cell, requires_confirmation: cell, requires_action: cell };
}

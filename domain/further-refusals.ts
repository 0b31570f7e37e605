/**
 * Refusals for another reason than the status of the enrollment or charge: which commands they meet, and when. Those by
 * status are in the tables of `enrollment-states.ts` and `charge-states.ts`. Drawn in the documents and named in the
 * tests; a code of `errors.ts` that is in neither place fails the type check.
 */
import type { ChargeCommand, ChargeRefusalCode } from './charge-states.ts';
import type { EnrollmentCommand, EnrollmentRefusalCode } from './enrollment-states.ts';
import type { RefusalCode } from './errors.ts';

/** Commands that the tables ask under another name: `charge_now` under `move_next`, `authenticate` under `retry`. */
type Command = EnrollmentCommand | ChargeCommand | 'enroll' | 'charge_now' | 'authenticate';

export interface FurtherRefusal {
  commands: readonly Command[];
  /** Completes "it is refused when …". */
  when: string;
}

type ByStatus = EnrollmentRefusalCode | ChargeRefusalCode;

const OF_ONE_CHARGE = [
  'cancel',
  'capture',
  'retry',
  'authenticate',
  'extend_dunning',
  'stop_dunning',
  'forgive',
  'resume',
] as const;

export const FURTHER_REFUSALS: Readonly<Record<Exclude<RefusalCode, ByStatus>, FurtherRefusal>> = {
  idempotency_mismatch: {
    commands: [
      'enroll',
      'create_charge',
      'pause',
      'skip_next',
      'move_next',
      'charge_now',
      'change_amount',
      'cancel_at_period_end',
      'undo_cancel',
      'refund',
      ...OF_ONE_CHARGE,
    ],
    when: 'the same Idempotency-Key came before with other content',
  },
  setup_refused: {
    commands: ['enroll', 'open_checkout_session'],
    when: 'Stripe refuses the Checkout Session, because the Customer that the caller named was deleted, say',
  },
  cancel_pending: {
    commands: [
      'open_checkout_session',
      'cancel_at_period_end',
      'undo_cancel',
      'pause',
      'resume',
      'change_amount',
      'skip_next',
      'move_next',
      'charge_now',
      'create_charge',
      ...OF_ONE_CHARGE,
    ],
    when: 'a cancel has been accepted: of the enrollment, of the charge, or, for changes of the schedule and a pause, one at the end of the period, and for `create_charge` once that end has come',
  },
  no_cancel_pending: {
    commands: ['undo_cancel'],
    when: 'no cancel at the end of the period is ahead',
  },
  nothing_to_change: {
    commands: ['cancel_at_period_end', 'skip_next', 'move_next', 'charge_now', 'change_amount'],
    when: 'no charge of the schedule is ahead',
  },
  not_recurring: {
    commands: ['change_amount'],
    when: 'the schedule is not `recurring`: its amounts are fixed',
  },
  move_not_ahead: { commands: ['move_next'], when: 'the instant has passed' },
  move_past_following: {
    commands: ['move_next', 'charge_now'],
    when: 'the charge after the next one would come first',
  },
  move_past_end: { commands: ['move_next', 'charge_now'], when: 'the schedule is over by then' },
  resume_not_ahead: { commands: ['pause'], when: 'the end of the pause has passed' },
  period_not_paid: {
    commands: ['change_amount'],
    when: 'a lower amount is to be credited at once, and the charge of the running period is not collected',
  },
  charge_unknown: { commands: OF_ONE_CHARGE, when: 'the enrollment has no such charge' },
  charge_busy: {
    commands: [...OF_ONE_CHARGE, 'refund', 'cancel_at_period_end', 'skip_next', 'move_next', 'charge_now'],
    when: 'another command of the same charge is being carried out, or the charge is about to be opened, or its Workflow has yet to hear what its row says already; for `extend_dunning` also while what follows on a try is being decided; for changes of the next charge, while the one that was next is being tried for the first time',
  },
  charge_disputed: {
    commands: ['retry', 'authenticate', 'refund', 'create_charge', 'change_amount'],
    when: 'a dispute is open; for a change of amount, where more would be charged at once; for a refund, also when it was lost, or prevented and Stripe does not tell where the money is, and not while the bank only asks (`warning_…`)',
  },
  amount_invalid: {
    commands: ['create_charge', 'change_amount', 'extend_dunning'],
    when: 'the currency, or the number of days, does not allow it',
  },
  capture_amount_invalid: {
    commands: ['capture'],
    when: 'the currency does not allow the amount, or it is a part below the least that Stripe charges',
  },
  capture_too_large: { commands: ['capture'], when: 'it is more than is held' },
  nothing_to_refund: {
    commands: ['refund'],
    when: 'all that was captured went back already, by refunds or by disputes that were prevented',
  },
  refund_amount_invalid: { commands: ['refund'], when: 'the currency does not allow the amount' },
  refund_too_large: { commands: ['refund'], when: 'it is more than is left of what was captured' },
  too_many_open_charges: { commands: ['create_charge'], when: 'twenty charges of the enrollment are open' },
  too_many_retries: {
    commands: ['extend_dunning'],
    when: 'as many retries as the payment method may have are planned already',
  },
  too_many_tries: {
    commands: ['retry', 'authenticate'],
    when: 'the customer has tried as often as is allowed in a day',
  },
  another_card_needed: {
    commands: ['retry', 'authenticate'],
    when: 'the customer tries the card that was declined for good',
  },
  card_budget_spent: {
    commands: ['retry', 'authenticate'],
    when: 'the customer tries a card that was tried too often lately',
  },
};

/**
 * Whom or what an enrollment waits for, besides its schedule: the words of the search attribute `WaitsFor`, of the API and
 * of the command line. The Workflow and the rows follow the same table; pure, imported by Workflows.
 */
import { type ChargeStatus, PAST_DUE_CHARGE } from './statuses.ts';

export const WAITS_FOR_MEANING = {
  payment_method: 'the customer has not saved a payment method yet',
  retry: 'a declined charge is tried again by itself',
  customer: 'a charge waits until the customer confirms it or saves another method',
  capture: 'money is held and waits to be captured',
  operator: 'a charge needs attention: a person must act',
  dispute: 'a dispute is open: nothing is charged until it is over',
} as const;

export type WaitsFor = keyof typeof WAITS_FOR_MEANING;

export const WAITS_FOR_WORDS = Object.keys(WAITS_FOR_MEANING).filter(
  (word): word is WaitsFor => word in WAITS_FOR_MEANING,
);

/** What an open charge waits for; null while it is under way, or its outcome is on its way from the bank. */
export function chargeWaitsFor(charge: {
  status: ChargeStatus;
  nextAttemptAt: string | null;
}): Exclude<WaitsFor, 'payment_method' | 'dispute'> | null {
  const { status, nextAttemptAt } = charge;
  switch (status) {
    case 'needs_attention':
      return 'operator';
    case 'requires_capture':
      return 'capture';
    case 'requires_action':
      return 'customer';
    default:
      if (!PAST_DUE_CHARGE.includes(status)) {
        return null;
      }
      return nextAttemptAt === null ? 'customer' : 'retry';
  }
}

/**
 * What a customer can do about a charge that waits for them, the best first: it becomes the one main button. The
 * Workflow decides whether it is allowed; this only keeps the page from offering what would be refused. Pure.
 */
import type { CustomerCharge } from '../db/customer-charges.ts';
import type { CustomerPaymentMethod } from '../db/customer-view.ts';
import { MOST_TRIES_BY_HAND_PER_DAY } from '../domain/customer-tries.ts';
import { forbidsCharging } from '../domain/disputes.ts';
import { CUSTOMER_REASONS, type CustomerReason } from '../domain/notifications.ts';

/** Confirm with the bank, try the same payment method again, or save another one. */
export type Remedy = 'confirm' | 'retry' | 'method';

export interface Remedies {
  /** Never empty. */
  ways: readonly Remedy[];
  /** Tries by hand are over for now; another payment method is tried all the same. */
  triesUsedUp: boolean;
}

/** @param method the saved payment method */
export function remediesOf(
  charge: Pick<CustomerCharge, 'status' | 'told' | 'decision' | 'triesByHand24h'>,
  method: Pick<CustomerPaymentMethod, 'detachedAt'> | null,
): Remedies {
  const way = isBeyondUse(charge, method) ? null : sameMethod(charge);
  if (way === null) {
    return { ways: ['method'], triesUsedUp: false };
  }
  if (charge.triesByHand24h >= MOST_TRIES_BY_HAND_PER_DAY) {
    return { ways: ['method'], triesUsedUp: true };
  }
  // Not enough money, or a plain no: the same card rarely helps at once.
  const isBest = way === 'confirm' || reasonOf(charge) === 'temporary';
  return { ways: isBest ? [way, 'method'] : ['method', way], triesUsedUp: false };
}

/** Nothing can be tried with a method that was removed; what is at the bank already may still be confirmed there. */
export function isBeyondUse(
  { status }: Pick<CustomerCharge, 'status'>,
  method: Pick<CustomerPaymentMethod, 'detachedAt'> | null,
): boolean {
  return status !== 'requires_action' && method !== null && method.detachedAt !== null;
}

/** What may be done with the payment method that was tried last; null when it will not do. */
function sameMethod(
  charge: Pick<CustomerCharge, 'status' | 'told' | 'decision'>,
): 'confirm' | 'retry' | null {
  if (
    charge.status === 'requires_action' ||
    charge.decision === 'authenticate' ||
    (charge.decision === null && reasonOf(charge) === 'authentication_required')
  ) {
    return 'confirm';
  }
  return charge.decision === 'retry' ? 'retry' : null;
}

/** What was told of the decline; `declined` when nothing was. */
export function reasonOf({ told }: Pick<CustomerCharge, 'told'>): CustomerReason {
  return CUSTOMER_REASONS.find((known) => known === told?.reason) ?? 'declined';
}

/** While a dispute of this customer is open, nothing is charged and no try is taken. */
export function isDisputed(charges: readonly Pick<CustomerCharge, 'disputeStatus'>[]): boolean {
  return forbidsCharging(charges.flatMap(({ disputeStatus }) => disputeStatus ?? []));
}

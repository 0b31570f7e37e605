/** What rows, histories and operators are told of a payment method: no personal data. Called by Activities; pure. */
import type { Stripe } from 'stripe';
import type { CardExpiry } from './charge-work.ts';

/** Null for methods that do not expire. */
export function expiryOf({ card }: Stripe.PaymentMethod): CardExpiry | null {
  return card ? { expMonth: card.exp_month, expYear: card.exp_year } : null;
}

export function last4Of(method: Stripe.PaymentMethod): string | null {
  const { card, us_bank_account: us, sepa_debit: sepa, acss_debit: acss } = method;
  return card?.last4 ?? us?.last4 ?? sepa?.last4 ?? acss?.last4 ?? null;
}

/** For operators, e.g. `visa •••• 4242`. */
export function labelOf(method: Stripe.PaymentMethod): string {
  const last4 = last4Of(method);
  return `${method.card?.brand ?? method.type}${last4 === null ? '' : ` •••• ${last4}`}`;
}

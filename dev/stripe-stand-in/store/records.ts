// What Stripe knows of its objects without showing it in the API. Ids are those of the objects they belong to.

import type Stripe from 'stripe';

/** Behind a PaymentMethod. `key` names its row in data/cards.ts or data/bank-accounts.ts. */
export interface Instrument {
  id: string;
  key: string;
  /** Bank accounts: the customer has proven that the account is theirs. Cards: always true. */
  verified: boolean;
  /** A SetupIntent or a PaymentIntent with setup_future_usage has authenticated it for later off-session use. */
  setUp: boolean;
  /** Spent: it was charged without belonging to a customer, or was detached. It may not be used again. */
  spent: boolean;
}

/** Behind a PaymentIntent or a SetupIntent. */
export interface IntentNotes {
  id: string;
  confirmations: number;
  /** The Checkout Session that owns it; then it cannot be confirmed or canceled directly. */
  session: string | null;
  offSession: boolean;
  /** The customer passed the challenge, and confirmation_method=manual waits for a second confirm. */
  authenticated: boolean;
  /** Wrong answers to the microdeposit question so far. */
  microdepositTries: number;
  /** Until when a processing bank debit can be canceled, epoch seconds. */
  cancelUntil: number;
}

export interface ReceivedEndpoint extends Stripe.WebhookEndpoint {
  /** The signing secret: shown once, at creation. */
  signingSecret: string;
  /** During a roll the old secret signs too, until this instant in epoch seconds. */
  oldSecret: { secret: string; until: number } | null;
}

/** What the customer has typed into a Checkout page so far. */
export interface SessionNotes {
  id: string;
  name: string | null;
  email: string | null;
  phone: string | null;
}

/** An open 3D Secure challenge. */
export interface Challenge {
  id: string;
  intent: string;
  paymentMethod: string;
  returnUrl: string | null;
  session: string | null;
}

/** Control plane: what the next charges on a PaymentMethod, card number or fingerprint answer. */
export interface NextCharge {
  /** `pm_…`, a card number or a fingerprint. */
  id: string;
  code: string;
  declineCode: string | null;
  adviceCode: string | null;
  networkDeclineCode: string | null;
  networkAdviceCode: string | null;
  /** How many charges it still applies to; null: all. */
  times: number | null;
}

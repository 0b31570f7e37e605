/** Money that goes back to the customer, in their words. Called by the account page; pure. */
import type { CustomerRefund } from '../db/customer-charges.ts';
import type { Say } from '../templates/renderer.ts';
import type { Tone } from './charge-words.ts';

export interface RefundModel {
  id: string;
  /** Which payment it is of. */
  what: string;
  amountMinor: number;
  currency: string;
  /** ISO 8601, UTC. */
  at: string;
  label: string;
  /** What it means, or what to do. */
  text: string;
  tone: Tone;
}

export function refundModel(refund: CustomerRefund, say: Say): RefundModel {
  // A status that is newer than this code is money on its way, as far as anybody knows.
  const { key, tone } = WORDS[refund.status] ?? { key: 'pending', tone: 'wait' };
  return {
    id: refund.id,
    what: refund.chargeDescription ?? say('charges.number', { number: refund.chargeNumber }),
    amountMinor: refund.amountMinor,
    currency: refund.currency,
    at: refund.createdAt.toISOString(),
    label: say(`refund.${key}`),
    text: say(`refund.${key}.text`),
    tone,
  };
}

/** Stripe's refund statuses. */
const WORDS: Readonly<Record<string, { key: string; tone: Tone }>> = {
  pending: { key: 'pending', tone: 'wait' },
  requires_action: { key: 'requires_action', tone: 'bad' },
  succeeded: { key: 'succeeded', tone: 'good' },
  failed: { key: 'failed', tone: 'bad' },
  canceled: { key: 'canceled', tone: 'quiet' },
};

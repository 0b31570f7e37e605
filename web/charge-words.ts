/** The state of one charge in a customer's words. Called by the account page; pure. */
import type { CustomerCharge } from '../db/customer-charges.ts';
import type { CustomerPaymentMethod } from '../db/customer-view.ts';
import { formatMoney, type Locale } from '../domain/format.ts';
import type { ChargeStatus } from '../domain/statuses.ts';
import type { Say } from '../templates/renderer.ts';

/** What a charge waits for, if anything: the page updates by itself while one is `making`. */
export type ChargePhase = 'planned' | 'making' | 'settled' | 'customer' | 'merchant';

/** How it looks at a glance; never told by colour alone, the words say it too. */
export type Tone = 'good' | 'bad' | 'wait' | 'quiet';

interface Words {
  key: string;
  tone: Tone;
}

/** How long after a new payment method a past due charge counts as being tried with it. */
const RETRY_WINDOW_MS = 2 * 60_000;

export interface ChargeContext {
  /** The saved payment method: one saved after the last try is about to be tried. */
  method: Pick<CustomerPaymentMethod, 'savedAt'> | null;
  /** No try begins until a dispute is over. */
  isDisputed: boolean;
  /** Milliseconds since 1970. */
  nowMs: number;
}

export function chargePhase(
  charge: Pick<CustomerCharge, 'status' | 'dueAt' | 'updatedAt'>,
  { method, isDisputed, nowMs }: ChargeContext,
): ChargePhase {
  switch (charge.status) {
    case 'scheduled':
      return charge.dueAt.getTime() <= nowMs && !isDisputed ? 'making' : 'planned';
    case 'requires_confirmation':
      return 'making';
    case 'requires_payment_method':
    case 'requires_action':
      return !isDisputed &&
        method !== null &&
        method.savedAt > charge.updatedAt &&
        nowMs - method.savedAt.getTime() < RETRY_WINDOW_MS
        ? 'making'
        : 'customer';
    case 'requires_capture':
    case 'processing':
    case 'needs_attention':
      return 'merchant';
    case 'succeeded':
    case 'canceled':
    case 'uncollectible':
      return 'settled';
    default:
      return charge.status satisfies never;
  }
}

/** The words for the list of payments, e.g. `Paid, ¥500 returned`. */
export function chargeWords(
  charge: CustomerCharge,
  phase: ChargePhase,
  locale: Locale,
  say: Say,
): { text: string; tone: Tone } {
  const { key, tone } = wordsOf(charge, phase);
  const amountMinor = key === 'charge.partly_returned' ? returnedMinor(charge) : charge.capturedMinor;
  return { text: say(key, { amount: formatMoney(amountMinor, charge.currency, locale) }), tone };
}

function wordsOf(charge: CustomerCharge, phase: ChargePhase): Words {
  if (phase === 'making') {
    return { key: 'charge.making', tone: 'wait' };
  }
  return charge.status === 'succeeded' ? paidWords(charge) : STATUS_WORDS[charge.status];
}

const STATUS_WORDS: Readonly<Record<Exclude<ChargeStatus, 'succeeded'>, Words>> = {
  scheduled: { key: 'charge.planned', tone: 'quiet' },
  requires_payment_method: { key: 'charge.not_paid', tone: 'bad' },
  requires_confirmation: { key: 'charge.making', tone: 'wait' },
  requires_action: { key: 'charge.confirm', tone: 'bad' },
  requires_capture: { key: 'charge.reserved', tone: 'wait' },
  processing: { key: 'charge.on_its_way', tone: 'wait' },
  canceled: { key: 'charge.not_charged', tone: 'quiet' },
  uncollectible: { key: 'charge.given_up', tone: 'bad' },
  needs_attention: { key: 'charge.looking', tone: 'wait' },
};

function paidWords(charge: CustomerCharge): Words {
  if (charge.disputeStatus !== null && !SETTLED_DISPUTES.includes(charge.disputeStatus)) {
    return { key: 'charge.disputed', tone: 'wait' };
  }
  const minor = returnedMinor(charge);
  // A lost dispute has taken something, also while nothing of it is booked yet.
  const isLostUnbooked = charge.disputeStatus === 'lost' && charge.takenMinor === 0;
  if (minor > 0 || isLostUnbooked) {
    return isLostUnbooked || minor >= charge.capturedMinor
      ? { key: 'charge.returned', tone: 'quiet' }
      : { key: 'charge.partly_returned', tone: 'good' };
  }
  if (charge.disputeStatus === 'prevented') {
    // The bank may have given the money back without a word to us, or nothing at all.
    return { key: 'charge.question_settled', tone: 'quiet' };
  }
  return charge.capturedMinor < charge.amountMinor
    ? { key: 'charge.partly_paid', tone: 'good' }
    : { key: 'charge.paid', tone: 'good' };
}

/** By refunds, or by a dispute that was lost or prevented. */
function returnedMinor({ refundedMinor, takenMinor }: CustomerCharge): number {
  return refundedMinor + takenMinor;
}

/** Stripe's dispute statuses after which nothing more comes of it; where the money is, the rows say. */
const SETTLED_DISPUTES = ['won', 'lost', 'warning_closed', 'prevented'];

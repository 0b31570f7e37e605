// Finds what is behind a PaymentMethod, and what the control plane wants its next charge to answer.

import type Stripe from 'stripe';
import { accountByNumber, type TestAccount } from '../data/bank-accounts.ts';
import { cardByNumber, type TestCard } from '../data/cards.ts';
import { type Decline, declineFor } from '../data/declines.ts';
import { fingerprint } from '../objects/payment-method.ts';
import type { Instrument, NextCharge } from '../store/records.ts';
import type { World } from '../store/world.ts';

export type Backing =
  | { kind: 'card'; card: TestCard; instrument: Instrument }
  | { kind: 'debit'; account: TestAccount; instrument: Instrument };

/** Throws when the PaymentMethod has none, which would be a fault of the stand-in. */
export function backingOf(world: World, paymentMethod: Stripe.PaymentMethod): Backing {
  const instrument = world.instruments.get(paymentMethod.id);
  const card = instrument && cardByNumber(instrument.key);
  if (instrument && card) return { kind: 'card', card, instrument };
  const account = instrument && accountByNumber(instrument.key);
  if (instrument && account) return { kind: 'debit', account, instrument };
  throw new Error(`nothing is known of the instrument behind ${paymentMethod.id}`);
}

/** Takes one use of the override for this PaymentMethod, its card number or its fingerprint; null when there is none. */
export function takeOverride(world: World, instrument: Instrument): Decline | null {
  if (world.nextCharges.size() === 0) return null;
  for (const id of [instrument.id, instrument.key, fingerprint(instrument.key)]) {
    const next = world.nextCharges.get(id);
    if (next === undefined) continue;
    if (next.times === 1) world.nextCharges.delete(id);
    else if (next.times !== null) world.nextCharges.update(next, { times: next.times - 1 });
    return overrideDecline(next);
  }
  return null;
}

function overrideDecline(next: NextCharge): Decline {
  const known = declineFor(next.declineCode ?? next.code);
  return {
    ...known,
    code: next.code,
    declineCode: next.declineCode,
    adviceCode: next.adviceCode,
    networkAdviceCode: next.networkAdviceCode,
    networkDeclineCode: next.networkDeclineCode,
  };
}

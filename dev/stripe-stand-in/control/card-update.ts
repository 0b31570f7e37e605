// The card network sends new data of a saved card: a new expiry, or a new number.

import type Stripe from 'stripe';
import { cardByNumber } from '../data/cards.ts';
import { cardDetails } from '../objects/payment-method.ts';
import { backingOf } from '../payments/instruments.ts';
import { emit, type Turn } from '../turn.ts';
import { numberOf, textOf } from './fields.ts';
import { ControlRefusal } from './refusal.ts';

/**
 * What was ordered for the next charges of this PaymentMethod is forgotten: the new card is another one to the bank.
 * @param body `exp_month`, `exp_year` (default: four years later), `number`: a test card that takes the old one's place
 */
export function automaticallyUpdate(
  turn: Turn,
  method: Stripe.PaymentMethod,
  body: Record<string, unknown>,
): Stripe.PaymentMethod {
  const { world } = turn;
  const backing = backingOf(world, method);
  const before = method.card;
  if (backing.kind !== 'card' || before === undefined)
    throw new ControlRefusal(409, `${method.id} is not a card`);
  const number = textOf(body, 'number', backing.card.number) ?? '';
  const card = cardByNumber(number);
  if (card === undefined) throw new ControlRefusal(400, 'number must be one of the test cards');
  const after = cardDetails(
    {
      card,
      expMonth: numberOf(body, 'exp_month', before.exp_month) ?? before.exp_month,
      expYear: numberOf(body, 'exp_year', before.exp_year + 4) ?? before.exp_year,
      cvcSent: false,
    },
    { address: method.billing_details.address },
  );
  world.instruments.update(backing.instrument, { key: number });
  world.nextCharges.delete(method.id);
  world.paymentMethods.update(method, { card: { ...after, checks: before.checks } });
  const { exp_month, exp_year, last4, fingerprint = null } = before;
  emit(turn, 'payment_method.automatically_updated', method, {
    card: { exp_month, exp_year, fingerprint, last4 },
  });
  return method;
}

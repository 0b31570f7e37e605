// Money that moved: the balance transaction of a captured charge.

import type Stripe from 'stripe';
import { buildMovement, processingFee } from '../objects/balance-transaction.ts';
import type { Turn } from '../turn.ts';
import { backingOf } from './instruments.ts';

const TWO_DAYS_S = 172_800;

/** Books `amount` (minor units) of a captured charge and links the two. */
export function bookCharge(turn: Turn, charge: Stripe.Charge, amount: number): void {
  const { world } = turn;
  const now = world.clock.now();
  const paymentMethod =
    charge.payment_method === null ? undefined : world.paymentMethods.get(charge.payment_method);
  const backing = paymentMethod && backingOf(world, paymentMethod);
  const atOnce = backing?.kind === 'card' && backing.card.bypassPending;
  const movement = buildMovement(
    {
      type: backing?.kind === 'debit' ? 'payment' : 'charge',
      amount,
      fee: processingFee(amount),
      currency: charge.currency,
      created: now,
      availableOn: atOnce ? now : now + TWO_DAYS_S,
      source: charge.id,
      description: charge.description,
    },
    world.settings,
  );
  world.balanceTransactions.insert(movement);
  world.charges.update(charge, { balance_transaction: movement.id, captured: true, amount_captured: amount });
}

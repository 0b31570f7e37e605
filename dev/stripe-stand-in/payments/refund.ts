// Refunds: give money of a captured charge back. The PaymentIntent stays succeeded.

import type Stripe from 'stripe';
import { formatAmount } from '../data/currencies.ts';
import { refused } from '../errors.ts';
import { newId } from '../ids.ts';
import { buildMovement } from '../objects/balance-transaction.ts';
import type { World } from '../store/world.ts';
import { emit, type Turn } from '../turn.ts';
import { backingOf } from './instruments.ts';

export interface RefundInput {
  /** Minor units; null refunds what is left. */
  amount: number | null;
  reason: Stripe.Refund.Reason | null;
  metadata: Record<string, string>;
}

export function refundCharge(turn: Turn, charge: Stripe.Charge, input: RefundInput): Stripe.Refund {
  const { world } = turn;
  const amount = checkedAmount(charge, input.amount);
  refuseDisputed(world, charge);
  const method = charge.payment_method === null ? undefined : world.paymentMethods.get(charge.payment_method);
  const backing = method && backingOf(world, method);
  const fate = backing?.kind === 'card' ? backing.card.refund : 'succeeds';
  const isPayment = charge.id.startsWith('py_');
  const now = world.clock.now();
  const id = newId(isPayment ? 'pyr' : 're');
  const movement = world.balanceTransactions.insert(
    buildMovement(
      {
        type: isPayment ? 'payment_refund' : 'refund',
        amount: -amount,
        fee: 0,
        currency: charge.currency,
        created: now,
        availableOn: now,
        source: id,
        description: 'REFUND FOR PAYMENT',
      },
      world.settings,
    ),
  );
  const refund = world.refunds.insert({
    id,
    object: 'refund',
    amount,
    balance_transaction: movement.id,
    charge: charge.id,
    created: now,
    currency: charge.currency,
    customer: charge.customer,
    customer_account: null,
    ...(isPayment
      ? {}
      : {
          destination_details: {
            type: 'card',
            card: {
              reference_status: 'pending',
              reference_type: 'acquirer_reference_number',
              type: 'refund',
            },
          },
        }),
    metadata: input.metadata,
    payment_intent: charge.payment_intent,
    payment_method: charge.payment_method,
    reason: input.reason,
    receipt_number: null,
    source_transfer_reversal: null,
    status: fate === 'pending' ? 'pending' : 'succeeded',
    transfer_reversal: null,
  });
  const refundedBefore = charge.amount_refunded;
  const total = refundedBefore + amount;
  world.charges.update(charge, { amount_refunded: total, refunded: total === charge.amount });
  emit(turn, 'refund.created', refund);
  emit(turn, 'charge.refunded', charge, { amount_refunded: refundedBefore, refunded: false });
  const dueMs = world.clock.nowMs() + world.settings.refundSeconds * 1000;
  if (fate === 'pending') world.timers.set('settle_refund', refund.id, dueMs);
  if (fate === 'fails') world.timers.set('fail_refund', refund.id, dueMs);
  return refund;
}

/** An inquiry can still be refunded; after a dispute the money is with the bank already. */
function refuseDisputed(world: World, charge: Stripe.Charge): void {
  if (!charge.disputed) return;
  for (const dispute of world.disputes.newestFirst()) {
    if (dispute.charge !== charge.id || dispute.is_charge_refundable || dispute.status === 'won') continue;
    throw refused(`Charge ${charge.id} has been charged back; cannot issue a refund.`, {
      code: 'charge_disputed',
    });
  }
}

function checkedAmount(charge: Stripe.Charge, asked: number | null): number {
  // What a partial capture left over counts as refunded already.
  const left = charge.amount - charge.amount_refunded;
  if (charge.refunded) {
    throw refused(`Charge ${charge.id} has already been refunded.`, { code: 'charge_already_refunded' });
  }
  if (charge.status !== 'succeeded' || !charge.captured) {
    throw refused(
      `This charge (${charge.id}) cannot be refunded: only captured and succeeded charges can be.`,
      {
        param: 'charge',
      },
    );
  }
  if (asked !== null && asked > left) {
    throw refused(
      `Refund amount (${formatAmount(asked, charge.currency)}) is greater than unrefunded amount on charge ` +
        `(${formatAmount(left, charge.currency)})`,
      { param: 'amount' },
    );
  }
  return asked ?? left;
}

/** The bank took the money. */
export function settleRefund(turn: Turn, refund: Stripe.Refund): boolean {
  if (refund.status !== 'pending') return false;
  const previous = { status: refund.status };
  turn.world.timers.cancel('settle_refund', refund.id);
  turn.world.refunds.update(refund, { status: 'succeeded' });
  emit(turn, 'refund.updated', refund, previous);
  emit(turn, 'charge.refund.updated', refund, previous);
  return true;
}

/** The bank sent the money back: the charge counts as not refunded again. */
export function failRefund(turn: Turn, refund: Stripe.Refund): boolean {
  const { world } = turn;
  if (refund.status !== 'pending' && refund.status !== 'succeeded') return false;
  const charge = typeof refund.charge === 'string' ? world.charges.get(refund.charge) : undefined;
  if (charge === undefined) return false;
  world.timers.cancel('fail_refund', refund.id);
  const previous = { status: refund.status };
  const movement = world.balanceTransactions.insert(
    buildMovement(
      {
        type: 'refund_failure',
        amount: refund.amount,
        fee: 0,
        currency: refund.currency,
        created: world.clock.now(),
        availableOn: world.clock.now(),
        source: refund.id,
        description: 'REFUND FAILURE',
      },
      world.settings,
    ),
  );
  world.refunds.update(refund, {
    status: 'failed',
    failure_reason: 'lost_or_stolen_card',
    failure_balance_transaction: movement.id,
  });
  world.charges.update(charge, { amount_refunded: charge.amount_refunded - refund.amount, refunded: false });
  emit(turn, 'refund.failed', refund, previous);
  emit(turn, 'refund.updated', refund, previous);
  emit(turn, 'charge.refund.updated', refund, previous);
  return true;
}

// /v1/refunds.

import type Stripe from 'stripe';
import { invalidParam, missingParam, notFound, refused } from '../errors.ts';
import { listOf, pagingByTime, within } from '../http/list.ts';
import { changeMetadata, metadata } from '../http/metadata.ts';
import { boolean, integer, notHere, oneOf, string } from '../http/params.ts';
import { type Route, route } from '../http/routes.ts';
import { refundCharge } from '../payments/refund.ts';
import type { World } from '../store/world.ts';
import { emit } from '../turn.ts';
import { previousOf } from './customers.ts';

export function requireRefund(world: World, id: string): Stripe.Refund {
  const refund = world.refunds.get(id);
  if (refund === undefined) throw notFound('refund', id);
  return refund;
}

function chargeToRefund(world: World, charge: string | undefined, intent: string | undefined): Stripe.Charge {
  if (charge !== undefined) {
    const found = world.charges.get(charge);
    if (found === undefined) throw missingParam('charge', charge, 'charge');
    return found;
  }
  if (intent === undefined) {
    throw invalidParam(
      'charge',
      'One of the following params should be provided for this request: payment_intent or charge.',
      'parameter_missing',
    );
  }
  const found = world.paymentIntents.get(intent);
  if (found === undefined) throw missingParam('payment_intent', intent, 'payment_intent');
  const latest = typeof found.latest_charge === 'string' ? world.charges.get(found.latest_charge) : undefined;
  if (latest === undefined || latest.status !== 'succeeded') {
    throw refused(`This PaymentIntent (${intent}) does not have a successful charge to refund.`, {
      param: 'payment_intent',
    });
  }
  return latest;
}

export const refundRoutes: Route[] = [
  route(
    'POST',
    '/v1/refunds',
    {
      amount: integer({ min: 1 }),
      charge: string(),
      currency: notHere,
      instructions_email: notHere,
      metadata,
      payment_intent: string(),
      reason: oneOf('duplicate', 'fraudulent', 'requested_by_customer'),
      refund_application_fee: boolean,
      reverse_transfer: boolean,
    },
    (turn, params) => {
      const charge = chargeToRefund(turn.world, params.charge, params.payment_intent);
      return refundCharge(turn, charge, {
        amount: params.amount ?? null,
        reason: params.reason ?? null,
        metadata: changeMetadata(null, params.metadata),
      });
    },
  ),

  route(
    'GET',
    '/v1/refunds',
    { ...pagingByTime, charge: string(), payment_intent: string() },
    (turn, params) =>
      listOf(
        turn.world.refunds,
        params,
        '/v1/refunds',
        'refund',
        (refund) =>
          (params.charge === undefined || refund.charge === params.charge) &&
          (params.payment_intent === undefined || refund.payment_intent === params.payment_intent) &&
          within(refund.created, params.created),
      ),
  ),

  route('GET', '/v1/refunds/:id', {}, (turn, _, id) => requireRefund(turn.world, id)),

  route('POST', '/v1/refunds/:id', { metadata }, (turn, params, id) => {
    const refund = requireRefund(turn.world, id);
    const change = { metadata: changeMetadata(refund.metadata, params.metadata) };
    const previous = previousOf<Stripe.Refund>(refund, change);
    turn.world.refunds.update(refund, change);
    emit(turn, 'refund.updated', refund, previous);
    return refund;
  }),

  route('POST', '/v1/refunds/:id/cancel', {}, (turn, _, id) => {
    const refund = requireRefund(turn.world, id);
    // Only refunds that wait for the customer's bank details can be canceled; cards never do.
    throw refused(`You cannot cancel this refund because it has a status of ${refund.status}.`, {
      param: 'refund',
    });
  }),
];

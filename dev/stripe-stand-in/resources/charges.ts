// /v1/charges: read only, as payments are made with PaymentIntents. Metadata and description can be changed.

import type Stripe from 'stripe';
import { notFound } from '../errors.ts';
import { listOf, pagingByTime, within } from '../http/list.ts';
import { changeMetadata, metadata } from '../http/metadata.ts';
import { notHere, object, oneOf, required, string, unsettable } from '../http/params.ts';
import { type Route, route } from '../http/routes.ts';
import type { World } from '../store/world.ts';
import { emit } from '../turn.ts';
import { previousOf } from './customers.ts';
import { email } from './shared-params.ts';

export function requireCharge(world: World, id: string): Stripe.Charge {
  const charge = world.charges.get(id);
  if (charge === undefined) throw notFound('charge', id);
  return charge;
}

export const chargeRoutes: Route[] = [
  route(
    'GET',
    '/v1/charges',
    { ...pagingByTime, customer: string(), payment_intent: string(), transfer_group: string() },
    (turn, params) =>
      listOf(
        turn.world.charges,
        params,
        '/v1/charges',
        'charge',
        (charge) =>
          (params.customer === undefined || charge.customer === params.customer) &&
          (params.payment_intent === undefined || charge.payment_intent === params.payment_intent) &&
          (params.transfer_group === undefined || charge.transfer_group === params.transfer_group) &&
          within(charge.created, params.created),
      ),
  ),

  route('GET', '/v1/charges/:id', {}, (turn, _, id) => requireCharge(turn.world, id)),

  route(
    'POST',
    '/v1/charges/:id',
    {
      customer: notHere,
      description: unsettable(string()),
      fraud_details: object({ user_report: required(oneOf('fraudulent', 'safe')) }),
      metadata,
      receipt_email: unsettable(email),
      shipping: notHere,
      transfer_group: notHere,
    },
    (turn, params, id) => {
      const charge = requireCharge(turn.world, id);
      const change: Partial<Stripe.Charge> = {
        ...(params.description === undefined ? {} : { description: params.description }),
        ...(params.fraud_details === undefined ? {} : { fraud_details: params.fraud_details }),
        ...(params.metadata === undefined
          ? {}
          : { metadata: changeMetadata(charge.metadata, params.metadata) }),
        ...(params.receipt_email === undefined ? {} : { receipt_email: params.receipt_email }),
      };
      const previous = previousOf(charge, change);
      turn.world.charges.update(charge, change);
      emit(turn, 'charge.updated', charge, previous);
      return charge;
    },
  ),
];

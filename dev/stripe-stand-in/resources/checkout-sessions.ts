// /v1/checkout/sessions in setup mode: create, retrieve, update, list, expire.

import type Stripe from 'stripe';
import { notFound, refused } from '../errors.ts';
import { listOf, pagingByTime, within } from '../http/list.ts';
import { changeMetadata, metadata } from '../http/metadata.ts';
import { ignored, notHere, object, oneOf, required, string } from '../http/params.ts';
import { type Route, route } from '../http/routes.ts';
import { expireSession } from '../payments/checkout.ts';
import type { World } from '../store/world.ts';
import { createSession } from './checkout-session-create.ts';
import { createShape } from './checkout-session-params.ts';

export function requireSession(world: World, id: string): Stripe.Checkout.Session {
  const session = world.sessions.get(id);
  if (session === undefined) throw notFound('checkout.session', id, 'session');
  return session;
}

export const checkoutSessionRoutes: Route[] = [
  route('POST', '/v1/checkout/sessions', createShape, createSession),

  route(
    'GET',
    '/v1/checkout/sessions',
    {
      ...pagingByTime,
      customer: string(),
      customer_account: ignored,
      customer_details: object({ email: required(string()) }),
      payment_intent: string(),
      payment_link: ignored,
      status: oneOf('complete', 'expired', 'open'),
      subscription: ignored,
    },
    (turn, params) =>
      listOf(
        turn.world.sessions,
        params,
        '/v1/checkout/sessions',
        'checkout.session',
        (session) =>
          (params.customer === undefined || session.customer === params.customer) &&
          (params.customer_details === undefined ||
            session.customer_details?.email === params.customer_details.email) &&
          (params.payment_intent === undefined || session.payment_intent === params.payment_intent) &&
          (params.status === undefined || session.status === params.status) &&
          within(session.created, params.created),
      ),
  ),

  route('GET', '/v1/checkout/sessions/:id', {}, (turn, _, id) => requireSession(turn.world, id)),

  route(
    'POST',
    '/v1/checkout/sessions/:id',
    { metadata, collected_information: notHere, shipping_options: notHere, line_items: notHere },
    (turn, params, id) => {
      const session = requireSession(turn.world, id);
      return turn.world.sessions.update(session, {
        metadata: changeMetadata(session.metadata, params.metadata),
      });
    },
  ),

  route('GET', '/v1/checkout/sessions/:id/line_items', { limit: ignored }, (turn, _, id) => {
    requireSession(turn.world, id);
    return { object: 'list', data: [], has_more: false, url: `/v1/checkout/sessions/${id}/line_items` };
  }),

  route('POST', '/v1/checkout/sessions/:id/expire', {}, (turn, _, id) => {
    const session = requireSession(turn.world, id);
    if (session.status !== 'open') {
      throw refused(
        `Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a status of ${session.status}.`,
        { param: 'session' },
      );
    }
    expireSession(turn, session);
    return session;
  }),
];

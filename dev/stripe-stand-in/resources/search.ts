// /v1/payment_intents/search. Like Stripe's, it may lag behind (settings): never read after write with it.

import type Stripe from 'stripe';
import { invalidParam } from '../errors.ts';
import { integer, required, string } from '../http/params.ts';
import { type Route, route } from '../http/routes.ts';
import { type Clause, matchesQuery, readQuery } from '../http/search-query.ts';

const FIELDS = ['amount', 'created', 'currency', 'customer', 'metadata', 'status'];

function readField(intent: Stripe.PaymentIntent, clause: Clause): string | number | null | undefined {
  switch (clause.field) {
    case 'amount':
      return intent.amount;
    case 'created':
      return intent.created;
    case 'currency':
      return intent.currency;
    case 'customer':
      return typeof intent.customer === 'string' ? intent.customer : null;
    case 'status':
      return intent.status;
    default:
      return intent.metadata[clause.key ?? ''];
  }
}

export const searchRoutes: Route[] = [
  route(
    'GET',
    '/v1/payment_intents/search',
    { query: required(string()), limit: integer({ min: 1, max: 100 }), page: string() },
    (turn, params) => {
      const { world } = turn;
      const query = readQuery(params.query, FIELDS);
      const indexedUntil = world.clock.now() - world.settings.searchDelaySeconds;
      const start = params.page === undefined ? 0 : pageStart(params.page);
      const limit = params.limit ?? 10;
      const data: Stripe.PaymentIntent[] = [];
      let seen = 0;
      let more = false;
      for (const intent of world.paymentIntents.newestFirst()) {
        if (intent.created > indexedUntil || !matchesQuery(query, (clause) => readField(intent, clause)))
          continue;
        if (seen++ < start) continue;
        if (data.length === limit) {
          more = true;
          break;
        }
        data.push(intent);
      }
      return {
        object: 'search_result',
        data,
        has_more: more,
        next_page: more ? Buffer.from(String(start + limit)).toString('base64url') : null,
        url: '/v1/payment_intents/search',
      };
    },
  ),
];

/** The token says how many results came before. */
function pageStart(token: string): number {
  const start = Number(Buffer.from(token, 'base64url').toString());
  if (!Number.isSafeInteger(start) || start < 1) throw invalidParam('page', `Invalid page: ${token}`);
  return start;
}

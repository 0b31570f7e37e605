// Read-only resources about money and risk: balance transactions, mandates, early fraud warnings.

import { notFound } from '../errors.ts';
import { listOf, pagingByTime, within } from '../http/list.ts';
import { ignored, string } from '../http/params.ts';
import { type Route, route } from '../http/routes.ts';

export const moneyRoutes: Route[] = [
  route(
    'GET',
    '/v1/balance_transactions',
    { ...pagingByTime, currency: string(), payout: ignored, source: string(), type: string() },
    (turn, params) =>
      listOf(
        turn.world.balanceTransactions,
        params,
        '/v1/balance_transactions',
        'balance_transaction',
        (movement) =>
          (params.currency === undefined || movement.currency === params.currency) &&
          (params.source === undefined || movement.source === params.source) &&
          (params.type === undefined || movement.type === params.type) &&
          within(movement.created, params.created),
      ),
  ),
  route('GET', '/v1/balance_transactions/:id', {}, (turn, _, id) => {
    const movement = turn.world.balanceTransactions.get(id);
    if (movement === undefined) throw notFound('balance transaction', id);
    return movement;
  }),

  route('GET', '/v1/mandates/:id', {}, (turn, _, id) => {
    const mandate = turn.world.mandates.get(id);
    if (mandate === undefined) throw notFound('mandate', id, 'mandate');
    return mandate;
  }),

  route(
    'GET',
    '/v1/radar/early_fraud_warnings',
    { ...pagingByTime, charge: string(), payment_intent: string() },
    (turn, params) =>
      listOf(
        turn.world.earlyFraudWarnings,
        params,
        '/v1/radar/early_fraud_warnings',
        'early_fraud_warning',
        (warning) =>
          (params.charge === undefined || warning.charge === params.charge) &&
          (params.payment_intent === undefined || warning.payment_intent === params.payment_intent) &&
          within(warning.created, params.created),
      ),
  ),
  route('GET', '/v1/radar/early_fraud_warnings/:id', {}, (turn, _, id) => {
    const warning = turn.world.earlyFraudWarnings.get(id);
    if (warning === undefined) throw notFound('early_fraud_warning', id, 'early_fraud_warning');
    return warning;
  }),
];

/** How soon what Stripe tells of a Checkout has its effect on an enrollment that waits for it. */
import { sql } from 'kysely';
import { type Figure, figure } from '../figures.ts';
import type { Stage } from '../stage/stage.ts';
import { percentile } from '../statistics.ts';

/**
 * Milliseconds from the row of each `checkout.session.completed` until `saved_at` of its payment method: the instant at which
 * the Workflow had heard of it and went on to save the method. Calls to Stripe and the row follow.
 */
export async function savedLags(stage: Stage, ids: readonly string[]): Promise<number[]> {
  const { db } = await stage.database();
  const rows = await db
    .selectFrom('payment_methods as pm')
    .innerJoin('stripe_events as event', 'event.object_id', 'pm.checkout_session_id')
    .select(sql<number>`extract(epoch from pm.saved_at - event.received_at)::float8 * 1000`.as('lag'))
    .where('event.type', '=', 'checkout.session.completed')
    .where('pm.enrollment_id', 'in', ids)
    .execute();
  return rows.map(({ lag }) => lag);
}

/** @param rounds the lags of each */
export function savedLagFigures(rounds: readonly number[][]): Figure[] {
  const what = 'Checkout’s event kept until its Workflow saves the method';
  const each = (share: number) => rounds.map((lags) => percentile(lags, share));
  return [
    figure('enrollments.saved_lag.p50', `${what}, p50`, each(0.5), 'ms'),
    figure('enrollments.saved_lag.p99', `${what}, p99`, each(0.99), 'ms'),
  ];
}

/**
 * Rows of a service that many use: each enrollment has saved its method and made one charge within the last thirty days,
 * of which Stripe has told. Written by PostgreSQL itself, some ten rows for each.
 */
import pg from 'pg';
import { MONTHLY } from './billing.ts';

/** Nobody waits, and nothing is to be done: what is read of them is read in vain. */
const ROWS = [
  `insert into customers (id, reference, email, stripe_customer_id, created_at)
     select 'cst_' || suffix, 'many-' || n, n || '@example.com', 'cus_' || suffix, at from made`,
  `insert into enrollments (id, workflow_id, customer_id, status, locale, terms, currency, request_fingerprint, livemode,
       default_payment_method_id, next_charge_at, next_charge_amount_minor, setup_deadline_at, started_at, created_at,
       updated_at)
     select 'enr_' || suffix, 'enrollment/enr_' || suffix, 'cst_' || suffix, case
         when n % 10 = 0 then 'canceled' when n % 25 = 1 then 'completed' when n % 50 = 2 then 'awaiting_payment_method'
         when n % 100 = 3 then 'paused' else 'active' end, 'en', $1, 'jpy', suffix, false,
       'pm_' || suffix, at + interval '30 days', 980, at + interval '30 days', at, at, at from made`,
  `insert into checkout_sessions (id, enrollment_id, status, setup_intent_id, expires_at, created_at, completed_at)
     select 'cs_' || suffix, 'enr_' || suffix, 'complete', 'seti_' || suffix, at, at, at from made`,
  `insert into payment_methods (id, enrollment_id, stripe_customer_id, type, setup_intent_id, checkout_session_id, saved_at)
     select 'pm_' || suffix, 'enr_' || suffix, 'cus_' || suffix, 'card', 'seti_' || suffix, 'cs_' || suffix, at from made`,
  `insert into charges (id, enrollment_id, number, occurrence, origin, amount_minor, currency, due_at, status,
       payment_intent_id, attempts, captured_minor, settled_at, created_at, updated_at)
     select 'chg_' || suffix || '_1', 'enr_' || suffix, 1, 1, 'schedule', 980, 'jpy', at, 'succeeded', 'pi_' || suffix, 1, 980,
       at, at, at from made`,
  // One in twenty was declined first.
  `insert into charge_attempts (charge_id, attempt, enrollment_id, idempotency_key, payment_method_id, payment_intent_id,
       outcome, code, attempted_at)
     select 'chg_' || suffix || '_1', attempt, 'enr_' || suffix, suffix || attempt, 'pm_' || suffix, 'pi_' || suffix,
       case attempt when 1 then 'succeeded' else 'declined' end, case attempt when 0 then 'card_declined' end, at
     from made, generate_series(1, case when n % 20 = 0 then 2 else 1 end) as attempt`,
  `insert into ledger_entries (key, enrollment_id, charge_id, kind, amount_minor, currency, stripe_object_id, at)
     select suffix, 'enr_' || suffix, 'chg_' || suffix || '_1', 'payment', 980, 'jpy', 'pi_' || suffix, at from made`,
  `insert into notifications (id, enrollment_id, charge_id, kind, locale, data, created_at, mailed_at)
     select 'ntf_' || suffix, 'enr_' || suffix, 'chg_' || suffix || '_1', 'payment_received', 'en', '{}', at, at from made`,
  `insert into enrollment_events (key, enrollment_id, charge_id, at, what, who)
     select suffix || what, 'enr_' || suffix, null, at, what, 'workflow'
     from made, unnest('{enrollment.created,charge.succeeded}'::text[]) as what`,
  `insert into stripe_events (id, type, livemode, object_id, enrollment_id, payload, stripe_created_at, received_at,
       signalled_at)
     select 'evt_cs_' || suffix, 'checkout.session.completed', false, 'cs_' || suffix, 'enr_' || suffix, '{}', at, at, at from made`,
  `insert into stripe_events (id, type, livemode, object_id, payload, stripe_created_at, received_at, ignored_reason)
     select 'evt_pi_' || suffix, 'payment_intent.succeeded', false, 'pi_' || suffix, '{}', at, at, 'echo of our own request'
     from made`,
  // One in fifty was given back, one in a hundred disputed and won.
  `insert into refunds (id, charge_id, enrollment_id, amount_minor, currency, status, created_at, updated_at)
     select 're_' || suffix, 'chg_' || suffix || '_1', 'enr_' || suffix, 100, 'jpy', 'succeeded', at, at from made where n % 50 = 0`,
  `insert into disputes (id, charge_id, enrollment_id, amount_minor, currency, status, reason, created_at, updated_at)
     select 'dp_' || suffix, 'chg_' || suffix || '_1', 'enr_' || suffix, 100, 'jpy', 'won', 'general', at, at
     from made where n % 100 = 0`,
  `update charges set dispute_status = 'won' where id in (select charge_id from disputes where id like 'dp_%')`,
];

/** Writes them, and has the planner know of them. */
export async function makeManyEnrollments(databaseUrl: string, count: number): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    // What refers to what is known to be right: looking it up would take longer than writing.
    await client.query('set session_replication_role = replica');
    await client.query(
      `create temporary table made as select left(md5('many' || n), 26) as suffix, n,
         now() - n * interval '30 days' / $1::int as at from generate_series(1, $1::int) as n`,
      [count],
    );
    for (const text of ROWS) {
      await client.query(text, text.includes('$1') ? [JSON.stringify(MONTHLY)] : []);
    }
    await client.query('select sum_figures_anew()');
    await client.query('analyze');
  } finally {
    await client.end();
  }
}

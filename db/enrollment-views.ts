/**
 * Reads for the API: enrollments with what belongs to them, in one statement however many there are, so that sums,
 * status and latest charge are of the same moment. Writes nothing.
 */
import { type Kysely, type RawBuilder, type SelectQueryBuilder, sql } from 'kysely';
import { LEAST_TIME_LEFT_MS } from '../domain/live-session.ts';
import { ENDED, type EnrollmentStatus, PAST_DUE_CHARGE } from '../domain/statuses.ts';
import type { WaitsFor } from '../domain/waits-for.ts';
import { OPEN_DISPUTE, REFUND_REFUSED, WAITING } from './figures.ts';
import { balanceMinor, recurringMinor } from './price-and-balance.ts';
import type { Charge, Database, Enrollment } from './schema.ts';
import { statement } from './statement.ts';
import { CANCEL_ACCEPTED } from './timeline.ts';

export interface EnrollmentView extends Enrollment {
  customer_reference: string | null;
  customer_email: string | null;
  customer_name: string | null;
  customer_stripe_id: string | null;
  pm_id: string | null;
  pm_type: string | null;
  pm_brand: string | null;
  pm_last4: string | null;
  pm_exp_month: number | null;
  pm_exp_year: number | null;
  /** Of the newest Checkout Session that is open and has enough time left. */
  open_session_url: string | null;
  charges_succeeded: number;
  collected_minor: number;
  past_due_minor: number;
  /** When the oldest charge that is past due fell due. */
  past_due_since: Date | null;
  /** What its charges wait for; null when none waits. */
  charges_wait_for: WaitsFor[] | null;
  latest_charge: Charge | null;
  /** What a period costs from the next charge on; null when the schedule is not recurring. */
  recurring_minor: number | null;
  /** Owed by the customer, or to their credit when negative; the next charge meets it. */
  balance_minor: number;
  /** A cancel was accepted then that waits for a payment's outcome; null: none was. */
  cancel_requested_at: Date | null;
}

/** The place after which a page begins; lists run from new to old. */
export interface After {
  at: string;
  id: string;
}

export interface EnrollmentFilter {
  status?: EnrollmentStatus | undefined;
  customerReference?: string | undefined;
  stripeCustomerId?: string | undefined;
  /** Those with a charge that is past due and fell due before this instant, ISO 8601. */
  pastDueBefore?: string | undefined;
  waitsFor?: WaitsFor | undefined;
  after?: After | undefined;
  limit: number;
}

const viewById = statement((db, { id }: { id: string }) =>
  viewQuery(db, db.selectFrom('enrollments').selectAll().where('id', '=', id)).compile(),
);

/** @returns undefined when there is no such enrollment */
export async function findEnrollmentView(
  db: Kysely<Database>,
  id: string,
): Promise<EnrollmentView | undefined> {
  const [row] = await viewById(db, { id });
  return row === undefined ? undefined : viewOf(row);
}

/** @returns `limit` enrollments at most, the newest first; enrollments made meanwhile never shift a later page */
export async function listEnrollmentViews(
  db: Kysely<Database>,
  filter: EnrollmentFilter,
): Promise<EnrollmentView[]> {
  const rows = await viewQuery(db, pageQuery(db, filter))
    .orderBy('enrollments.created_at', 'desc')
    .orderBy('enrollments.id', 'desc')
    .execute();
  return rows.map(viewOf);
}

/** The enrollments of a page, before anything is read that belongs to them: what does not pass costs next to nothing. */
function pageQuery(db: Kysely<Database>, filter: EnrollmentFilter) {
  const { customerReference, stripeCustomerId, pastDueBefore } = filter;
  let query = db
    .selectFrom('enrollments')
    .selectAll()
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(filter.limit);
  if (filter.status !== undefined) {
    query = query.where('status', '=', filter.status);
  }
  if (customerReference !== undefined) {
    query = query.where('customer_id', 'in', (eb) =>
      eb.selectFrom('customers').select('customers.id').where('reference', '=', customerReference),
    );
  }
  if (stripeCustomerId !== undefined) {
    query = query.where('customer_id', 'in', (eb) =>
      eb.selectFrom('customers').select('customers.id').where('stripe_customer_id', '=', stripeCustomerId),
    );
  }
  if (pastDueBefore !== undefined) {
    const since = new Date(pastDueBefore);
    query = query.where(
      withCharge(sql`${WAITING} and status = any (${[...PAST_DUE_CHARGE]}) and due_at < ${since}`),
    );
  }
  if (filter.waitsFor === 'payment_method') {
    query = query.where('status', '=', 'awaiting_payment_method');
  } else if (filter.waitsFor !== undefined) {
    query = query.where('status', 'not in', [...ENDED]).where(withCharge(...chargeWaits(filter.waitsFor)));
  }
  if (filter.after !== undefined) {
    const { at, id } = filter.after;
    query = query.where(sql<boolean>`(created_at, id) < (${at}::timestamptz, ${id})`);
  }
  return query;
}

/** What a charge's row waits for, by the table of `domain/waits-for.ts`; a dispute comes after the charge was paid. */
const waiting = sql`case
  when dispute_status = any (${OPEN_DISPUTE}) then 'dispute'
  when status = 'needs_attention' or refund_refused is not null then 'operator'
  when status = 'requires_capture' then 'capture'
  when status = 'requires_action' then 'customer'
  when status = any (${[...PAST_DUE_CHARGE]}) and next_attempt_at is null then 'customer'
  when status = any (${[...PAST_DUE_CHARGE]}) then 'retry'
end`;

/**
 * Whether an enrollment has such a charge. The charges are found first, by the index over the few that wait, and then
 * their enrollments: an `in (select …)` lets PostgreSQL guess how many there are, and walk through all enrollments.
 */
function withCharge(...such: RawBuilder<unknown>[]) {
  const found = such.map((isSuch) => sql`select enrollment_id from charges where ${isSuch}`);
  return sql<boolean>`id = any (array(${sql.join(found, sql` union all `)}))`;
}

/** Whether a charge's row waits for that, in words that name the indexes over the few rows that may. */
function chargeWaits(waitsFor: WaitsFor): RawBuilder<boolean>[] {
  if (waitsFor === 'dispute') {
    return [sql`dispute_status is not null and dispute_status = any (${OPEN_DISPUTE})`];
  }
  const waits = sql<boolean>`${WAITING} and ${waiting} = ${waitsFor}`;
  return waitsFor === 'operator' ? [waits, REFUND_REFUSED] : [waits];
}

/** @param page the enrollments, as `enrollments` */
function viewQuery(db: Kysely<Database>, page: SelectQueryBuilder<Database, 'enrollments', Enrollment>) {
  return db
    .selectFrom(page.as('enrollments'))
    .innerJoin('customers', 'customers.id', 'enrollments.customer_id')
    .leftJoin('payment_methods', 'payment_methods.id', 'enrollments.default_payment_method_id')
    .leftJoinLateral(
      (eb) =>
        eb
          .selectFrom('charges')
          .select((of) => [
            of.fn.countAll<number>().filterWhere('status', '=', 'succeeded').as('succeeded'),
            sql<number>`coalesce(sum(captured_minor), 0)::bigint`.as('collected_minor'),
            sql<number>`coalesce(sum(amount_minor) filter (where ${of('status', 'in', [...PAST_DUE_CHARGE])}), 0)::bigint`.as(
              'past_due_minor',
            ),
            sql<Date | null>`min(due_at) filter (where ${of('status', 'in', [...PAST_DUE_CHARGE])})`.as(
              'past_due_since',
            ),
            sql<WaitsFor[] | null>`array_agg(distinct ${waiting}) filter (where ${waiting} is not null)`.as(
              'charges_wait_for',
            ),
          ])
          .whereRef('charges.enrollment_id', '=', 'enrollments.id')
          .as('sums'),
      (join) => join.onTrue(),
    )
    .leftJoinLateral(
      (eb) =>
        eb
          .selectFrom('checkout_sessions')
          .select('url')
          .whereRef('checkout_sessions.enrollment_id', '=', 'enrollments.id')
          .where('status', '=', 'open')
          .where('expires_at', '>', sql<Date>`now() + ${LEAST_TIME_LEFT_MS / 1_000} * interval '1 second'`)
          .where('url', 'is not', null)
          .orderBy('created_at', 'desc')
          .limit(1)
          .as('session'),
      (join) => join.onTrue(),
    )
    .leftJoinLateral(
      (eb) =>
        eb
          .selectFrom('charges as newest')
          .select(sql<InJson<Charge>>`to_jsonb(newest)`.as('charge'))
          .whereRef('newest.enrollment_id', '=', 'enrollments.id')
          .orderBy('newest.number', 'desc')
          .limit(1)
          .as('latest'),
      (join) => join.onTrue(),
    )
    .selectAll('enrollments')
    .select((eb) => [
      'customers.reference as customer_reference',
      'customers.email as customer_email',
      'customers.name as customer_name',
      'customers.stripe_customer_id as customer_stripe_id',
      'payment_methods.id as pm_id',
      'payment_methods.type as pm_type',
      'payment_methods.brand as pm_brand',
      'payment_methods.last4 as pm_last4',
      'payment_methods.exp_month as pm_exp_month',
      'payment_methods.exp_year as pm_exp_year',
      'session.url as open_session_url',
      'latest.charge as latest_charge',
      eb
        .selectFrom('enrollment_events as accepted')
        .select((of) => of.fn.min<Date | null>('accepted.at').as('at'))
        .whereRef('accepted.enrollment_id', '=', 'enrollments.id')
        .where('accepted.what', '=', CANCEL_ACCEPTED)
        .as('cancel_requested_at'),
      eb.fn.coalesce('sums.succeeded', sql<number>`0`).as('charges_succeeded'),
      eb.fn.coalesce('sums.collected_minor', sql<number>`0`).as('collected_minor'),
      eb.fn.coalesce('sums.past_due_minor', sql<number>`0`).as('past_due_minor'),
      'sums.past_due_since',
      'sums.charges_wait_for',
      recurringMinor.as('recurring_minor'),
      balanceMinor.as('balance_minor'),
    ]);
}

type ViewRow = Omit<EnrollmentView, 'latest_charge'> & { latest_charge: InJson<Charge> | null };

/** As JSON has it: instants are texts. */
type InJson<Row> = {
  [Column in keyof Row]: Row[Column] extends Date | null ? string | Extract<Row[Column], null> : Row[Column];
};

function viewOf({ latest_charge: latest, ...row }: ViewRow): EnrollmentView {
  return { ...row, latest_charge: latest === null ? null : chargeOf(latest) };
}

function chargeOf(charge: InJson<Charge>): Charge {
  const asDate = (at: string | null) => (at === null ? null : new Date(at));
  return {
    ...charge,
    due_at: new Date(charge.due_at),
    next_attempt_at: asDate(charge.next_attempt_at),
    give_up_at: asDate(charge.give_up_at),
    settled_at: asDate(charge.settled_at),
    created_at: new Date(charge.created_at),
    updated_at: new Date(charge.updated_at),
  };
}

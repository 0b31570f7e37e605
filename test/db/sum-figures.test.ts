/** Sums of figures are what a plain scan of the rows finds, whenever rows come and whenever is summed. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Kysely, sql } from 'kysely';
import pg from 'pg';
import { saveAttempt } from '../../db/charges.ts';
import { collectedSeries, dunningFunnel } from '../../db/figure-series.ts';
import { attemptFigures, ledgerFigures, runningTotals } from '../../db/figures.ts';
import type { Database } from '../../db/schema.ts';
import { sumFigures } from '../../db/sum-figures.ts';
import { bookMovement } from '../../db/timeline.ts';
import { makeCharge } from '../ops/rows.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { sumUntilNow } from '../support/figure-sums.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

let database: TestDatabase;
let db: Kysely<Database>;
beforeAll(async () => {
  database = await createTestDatabase({ poolSize: 8 });
  db = database.db;
});
afterAll(() => database.drop());
beforeEach(async () => {
  await lateAfter('5 minutes');
  await sql`truncate customers, enrollments, charges, charge_attempts, ledger_entries, late_money, late_attempts,
    noted_declined cascade`.execute(db);
  await sql`select sum_figures_anew()`.execute(db);
});

const lateAfter = (interval: string) =>
  sql`create or replace function late_after() returns interval language sql immutable
    return ${sql.lit(interval)}::interval`.execute(db);

async function summedUntilMs(): Promise<number> {
  const { rows } = await sql<{
    ms: number;
  }>`select extract(epoch from until)::float8 * 1000 as ms from figure_sums`.execute(db);
  return rows[0]?.ms ?? 0;
}

interface Made {
  enrollmentId: string;
  chargeId: string;
}

async function made(at: Date, charge: Partial<Parameters<typeof makeCharge>[1]> = {}): Promise<Made> {
  const given = { currency: 'jpy', amountMinor: 100, status: 'succeeded' as const, dueAt: at, ...charge };
  const enrollmentId = await makeCharge(db, given);
  return { enrollmentId, chargeId: `${enrollmentId.replace('enr_', 'chg_')}_1` };
}

/** As an Activity writes it, for the first time or once more. */
const attempted = ({ enrollmentId, chargeId }: Made, attempt: number, at: Date, outcome: string) =>
  saveAttempt(db, {
    charge_id: chargeId,
    attempt,
    enrollment_id: enrollmentId,
    idempotency_key: `${chargeId}/${attempt}`,
    payment_method_id: 'pm_1',
    outcome,
    code: outcome === 'declined' ? 'card_declined' : null,
    decline_code: outcome === 'declined' ? 'lost_card' : null,
    attempted_at: at,
  });

const booked = (
  { enrollmentId, chargeId }: Made,
  kind: 'payment' | 'refund',
  amountMinor: number,
  at: Date,
) =>
  bookMovement(db, {
    enrollment_id: enrollmentId,
    charge_id: chargeId,
    kind,
    amount_minor: amountMinor,
    currency: 'jpy',
    stripe_object_id: `${kind}-${chargeId}`,
    at,
  });

const DECLINED = sql`charge_id in (select charge_id from charge_attempts where outcome = 'declined')`;

/** By plain statements, of the rows alone. */
async function scanned(from: Date) {
  const { rows: moved } = await sql`
    select kind, currency, count(*) as charges, abs(sum(amount_minor))::bigint as "amountMinor"
    from (select * from ledger_entries
      union all select seq, key, enrollment_id, charge_id, 'recovered', amount_minor, currency, stripe_object_id, at
        from ledger_entries where kind = 'payment' and ${DECLINED}) as entry
    where at >= ${from} group by kind, currency`.execute(db);
  const { rows: tries } = await sql`
    select outcome, case when outcome = 'declined' then coalesce(decline_code, 'other') end as "declineCode",
      count(*) as attempts
    from charge_attempts where attempted_at >= ${from} group by 1, 2`.execute(db);
  const { rows: hours } = await sql`
    select date_trunc('hour', at, 'UTC') as at, currency, count(*) as charges, sum(amount_minor)::bigint as "amountMinor",
      count(*) filter (where ${DECLINED}) as "recoveredCharges",
      coalesce(sum(amount_minor) filter (where ${DECLINED}), 0)::bigint as "recoveredMinor"
    from ledger_entries where kind = 'payment' and at >= ${from} group by 1, 2`.execute(db);
  const as = (name: string, which: string) => sql`
    count(*) filter (where ${sql.raw(which)}) as ${sql.ref(name)},
    coalesce(sum(amount_minor) filter (where ${sql.raw(which)}), 0)::bigint as ${sql.ref(`${name}Minor`)}`;
  const { rows: funnel } = await sql`
    select currency, count(*) filter (where attempts > 1) as retried, ${as('declined', 'true')},
      ${as('recovered', "status = 'succeeded'")}, ${as('givenUp', "status in ('uncollectible', 'canceled')")},
      ${as('open', "status not in ('succeeded', 'uncollectible', 'canceled')")}
    from charges where id in (select charge_id from charge_attempts where outcome = 'declined' and attempted_at >= ${from})
    group by currency`.execute(db);
  return sorted({ moved, tries, hours, funnel });
}

/** By what the page and the metrics ask. */
async function told(from: Date) {
  const period = { from, until: new Date(Date.now() + HOUR_MS) };
  const [totals, ledger, tries, hours, funnel] = await Promise.all([
    runningTotals(db),
    ledgerFigures(db, period),
    attemptFigures(db, period),
    collectedSeries(db, period, 'hour'),
    dunningFunnel(db, period),
  ]);
  const moved = (figures: typeof ledger) =>
    (['collected', 'recovered', 'refunded', 'returned'] as const).flatMap((name, index) =>
      figures[name].map((figure) => ({
        kind: ['payment', 'recovered', 'refund', 'refund_failed'][index],
        ...figure,
      })),
    );
  return {
    ever: sorted({ moved: moved(totals), tries: totals.attempts }),
    since: sorted({ moved: moved(ledger), tries, hours, funnel }),
  };
}

function sorted<T extends Record<string, unknown[]>>(lists: T): Record<string, string[]> {
  return Object.fromEntries(
    Object.entries(lists).map(([name, rows]) => [
      name,
      rows.map((row) => JSON.stringify(Object.entries(Object(row)).sort())).sort(),
    ]),
  );
}

async function expectToBeTheRows(from: Date): Promise<void> {
  const { ever, since } = await told(from);
  expect(since).toEqual(await scanned(from));
  const { moved, tries } = await scanned(new Date(0));
  expect(ever).toEqual({ moved, tries });
}

/** The same numbers at every run. */
function dice(seed: number): (sides: number) => number {
  let state = seed;
  return (sides) => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return Math.floor((state / 2 ** 31) * sides);
  };
}

describe('figures', () => {
  it.each([1, 2, 3])(
    'are those of the rows, whatever comes late and whenever is summed (%s)',
    async (seed) => {
      const roll = dice(seed);
      const hour = Math.floor(Date.now() / HOUR_MS) * HOUR_MS;
      const instants = [0, 1, -1, HOUR_MS, HOUR_MS - 1, 5 * HOUR_MS, DAY_MS, DAY_MS + 1, 3 * DAY_MS + 7];
      const instant = () =>
        new Date(
          [hour - (instants[roll(instants.length)] ?? 0), Date.now() - roll(20) * MINUTE_MS][roll(2)] ?? hour,
        );
      const open: (Made & { at: Date })[] = [];
      const all: Made[] = [];
      for (let step = 0; step < 120; step++) {
        const at = instant();
        const known = all[roll(all.length)];
        const kind = roll(9);
        if (kind === 0) {
          await sumFigures(db);
        } else if (kind === 1) {
          const waits = await made(at, { status: 'processing' });
          await attempted(waits, 1, at, 'processing');
          open.push({ ...waits, at });
        } else if (kind === 2) {
          const [found] = open.splice(roll(open.length), 1);
          if (found !== undefined) {
            await attempted(found, 1, found.at, ['succeeded', 'declined'][roll(2)] ?? '');
            await booked(found, 'payment', 500, instant());
          }
        } else if (kind === 3 && known !== undefined) {
          // After the payment, which has been summed or not.
          await attempted(known, 7, at, ['declined', 'not_made'][roll(2)] ?? '');
        } else if (kind === 4 && known !== undefined) {
          await booked(known, 'refund', -10, at);
        } else {
          const currency = ['jpy', 'eur'][roll(2)] ?? '';
          const declines = [[], [null], ['do_not_honor', 'insufficient_funds']][roll(3)] ?? [];
          all.push(await made(at, { currency, declines, amountMinor: 100 + roll(900) }));
        }
        if (step % 20 === 19) {
          await expectToBeTheRows(new Date(hour - ([0, 1, 5, 24, 400][roll(5)] ?? 0) * HOUR_MS));
        }
      }
      await sumUntilNow(db);
      expect(await summedUntilMs()).toBeGreaterThan(Date.now() - 6 * MINUTE_MS);
      await expectToBeTheRows(new Date(hour - 2 * DAY_MS));
    },
  );

  it('tell a payment as recovered whose decline is written after it was summed, once', async () => {
    const at = new Date(Date.now() - DAY_MS);
    const payment = await made(at);
    await sumUntilNow(db);
    for (const attempt of [2, 3]) {
      await attempted(payment, attempt, at, 'declined');
      await expectToBeTheRows(new Date(0));
    }
    await sumUntilNow(db);
    await expectToBeTheRows(new Date(0));
    expect((await runningTotals(db)).recovered).toEqual([{ currency: 'jpy', charges: 1, amountMinor: 100 }]);
  });

  it('count each row once that is written while others are summed, also by a transaction that stays open', async () => {
    await lateAfter('20 milliseconds');
    const roll = dice(4);
    const charges = await Promise.all(
      Array.from({ length: 6 }, () => made(new Date(), { status: 'processing' })),
    );
    let writing = true;
    const writers = charges.map(async ({ enrollmentId, chargeId }, writer) => {
      const client = new pg.Client({ connectionString: database.url });
      await client.connect();
      for (let n = 0; n < 60; n++) {
        // Some hold what they have written, some their instant, for longer than a row takes to be late.
        const at = new Date(Date.now() - roll(40));
        await client.query('begin');
        await client.query('select pg_sleep($1)', [roll(30) / 1_000]);
        await client.query(
          `insert into ledger_entries (key, enrollment_id, charge_id, kind, amount_minor, currency, stripe_object_id, at)
           values ($1, $2, $3, 'payment', 1, 'jpy', 'pi_1', $4)`,
          [`${writer}/${n}`, enrollmentId, chargeId, at],
        );
        await client.query('select pg_sleep($1)', [roll(50) / 1_000]);
        await client.query('commit');
      }
      await client.end();
    });
    const summing = [1, 2].map(async () => {
      let last = 0;
      while (writing) {
        await sumFigures(db);
        const charges = (await runningTotals(db)).collected[0]?.charges ?? 0;
        expect(charges).toBeGreaterThanOrEqual(last);
        last = charges;
      }
    });
    await Promise.all(writers);
    writing = false;
    await Promise.all(summing);
    await sumUntilNow(db);
    const { rows } = await sql<{ kind: string; n: number }>`select kind, sum(entries)::int as n
      from summed_money where hour > '-infinity' group by kind`.execute(db);
    expect(rows).toEqual([{ kind: 'payment', n: 360 }]);
    expect((await runningTotals(db)).collected).toEqual([
      { currency: 'jpy', charges: 360, amountMinor: 360 },
    ]);
  }, 60_000);

  it('wait for a transaction that began before the instant up to which is summed, and are told meanwhile', async () => {
    await lateAfter('0');
    const { enrollmentId, chargeId } = await made(new Date());
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    await client.query('begin');
    // Not late: of an instant that is still to come.
    await client.query(
      `insert into ledger_entries (key, enrollment_id, charge_id, kind, amount_minor, currency, stripe_object_id, at)
       values ('slow', $1, $2, 'payment', 1, 'jpy', 'pi_1', clock_timestamp() + interval '1 millisecond')`,
      [enrollmentId, chargeId],
    );
    const beforeMs = Date.now() + 1;
    for (let step = 0; step < 3; step++) {
      await sumFigures(db);
    }
    expect(await summedUntilMs()).toBeLessThanOrEqual(beforeMs);
    await client.query('commit');
    await client.end();
    await sumUntilNow(db);
    expect(await summedUntilMs()).toBeGreaterThan(beforeMs);
    await expectToBeTheRows(new Date(0));
  });

  it('are made anew, of rows that were written past the triggers too', async () => {
    const at = new Date(Date.now() - DAY_MS);
    await made(at, { declines: ['do_not_honor'] });
    await sumUntilNow(db);
    await db.transaction().execute(async (trx) => {
      await sql`set local session_replication_role = replica`.execute(trx);
      await makeCharge(trx, { currency: 'jpy', amountMinor: 7, status: 'succeeded', dueAt: at });
    });
    await sql`select sum_figures_anew()`.execute(db);
    await expectToBeTheRows(new Date(0));
    await sumUntilNow(db);
    await expectToBeTheRows(new Date(0));
  });

  it('are made anew after the clock was set back, and only then', async () => {
    await made(new Date(Date.now() - DAY_MS), { declines: ['do_not_honor'] });
    const told: string[] = [];
    const sum = async () => {
      while (await sumFigures(db, () => void told.push('set back'))) {
        // The next slice.
      }
    };
    await sumUntilNow(db);
    await sum();
    expect(told).toEqual([]);
    // As far as figures know, the clock is 55 minutes behind what it was.
    await lateAfter('1 hour');
    await made(new Date(Date.now() - 30 * MINUTE_MS), { declines: ['do_not_honor'] });
    await sum();
    expect(told).toEqual(['set back']);
    await expectToBeTheRows(new Date(0));
    await sumUntilNow(db);
    await sum();
    expect(told).toEqual(['set back']);
    expect(await summedUntilMs()).toBeLessThanOrEqual(Date.now() - HOUR_MS);
    await expectToBeTheRows(new Date(0));
  });

  it('go on after the database was copied to a server that has seen fewer transactions', async () => {
    await made(new Date(Date.now() - DAY_MS));
    await sumUntilNow(db);
    const untilMs = await summedUntilMs();
    await sql`update figure_sums set next_after = '999999999999'`.execute(db);
    await sumUntilNow(db);
    expect(await summedUntilMs()).toBeGreaterThan(untilMs);
    await expectToBeTheRows(new Date(0));
  });
});

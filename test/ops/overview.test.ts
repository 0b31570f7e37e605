/** The figures of the operators' page: they are the ledger's. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { formatMoney } from '../../domain/format.ts';
import { bucketsOf } from '../../ops/windows.ts';
import { startApi, type TestApi } from '../api/test-api.ts';
import { api, ENVIRONMENT, FORM, look, textOf } from './operators-page.ts';

let empty: TestApi;
beforeAll(async () => {
  empty = await startApi({ environment: ENVIRONMENT });
});
afterAll(() => empty.close());

describe('the figures of /ops', () => {
  it.each(['30d', '12m'] as const)(
    'are the ledger’s in %s, to the minor unit and for each currency',
    async (window) => {
      const body = textOf((await look(api, `?window=${window}`)).body);
      // Just after midnight the oldest weeks of the scene lie before the window's first day.
      const [from] = bucketsOf(window, Date.now());
      const { rows } = await sql<{
        currency: string;
        paid: number;
        payments: number;
        recovered: number;
        recoveries: number;
      }>`
      select entry.currency, sum(amount_minor)::bigint as paid, count(*) as payments,
        coalesce(sum(amount_minor) filter (where charge_id in (select charge_id from charge_attempts where outcome = 'declined')), 0)::bigint as recovered,
        count(*) filter (where charge_id in (select charge_id from charge_attempts where outcome = 'declined')) as recoveries
      from ledger_entries as entry where kind = 'payment' and at >= ${from} group by 1`.execute(api.db);
      expect(rows.map(({ currency }) => currency).sort()).toEqual(['eur', 'jpy', 'usd']);
      for (const { currency, ...sums } of rows) {
        const card = body.slice(body.indexOf(`Collected in ${currency.toUpperCase()},`));
        const charges = (n: number) => `${n} charge${n === 1 ? '' : 's'}`;
        expect(card).toMatch(
          new RegExp(
            `^Collected in \\w+, \\d+ \\w+ Collected ${escaped(formatMoney(sums.paid, currency, 'en'))} Collected: show what is behind it ${charges(sums.payments)} `,
          ),
        );
        expect(card).toContain(
          `Recovered after a decline ${formatMoney(sums.recovered, currency, 'en')} Recovered after a decline: show what is behind it ${charges(sums.recoveries)}`,
        );
      }
      expect(body).toContain(
        `Refunded ${formatMoney(1_000, 'eur', 'en')} Refunded: show what is behind it 2 refunds, 1 came back`,
      );
    },
  );

  it('add up: the rows of each table to its sum, the funnel to what was declined', async () => {
    const { readOverview } = await import('../../ops/overview.ts');
    const overview = await readOverview(api.db, '30d', Date.now());
    for (const { currency, charges, amountMinor } of overview.ledger.collected) {
      const points = overview.series.filter((point) => point.currency === currency);
      expect(points.reduce((sum, point) => sum + point.amountMinor, 0)).toBe(amountMinor);
      expect(points.reduce((sum, point) => sum + point.charges, 0)).toBe(charges);
      const starts = overview.buckets.map((at) => at.getTime());
      expect(points.filter(({ at }) => !starts.includes(at.getTime()))).toEqual([]);
    }
    expect(overview.funnel).toHaveLength(2);
    for (const row of overview.funnel) {
      expect(row.recovered + row.open + row.givenUp).toBe(row.declined);
      expect(row.recoveredMinor + row.openMinor + row.givenUpMinor).toBe(row.declinedMinor);
    }
  });

  it('lead to the charges and to the Workflows behind them', async () => {
    const page = (await look(api, '?window=30d')).body;
    expect(page).toContain(
      `http://127.0.0.1:8233/namespaces/default/workflows?query=${encodeURIComponent(`EnrollmentStatus = 'past_due' AND ExecutionStatus = 'Running'`)}`
        .replaceAll('&', '&amp;')
        .replaceAll("'", '&#39;'),
    );
    const list = (await look(api, '/charges?of=recovered&currency=jpy&window=30d')).body;
    const { rows } = await sql<{
      id: string;
    }>`select enrollment_id as id from ledger_entries where kind = 'payment' and currency = 'jpy'
      and charge_id in (select charge_id from charge_attempts where outcome = 'declined')`.execute(api.db);
    expect(rows.length).toBeGreaterThan(0);
    expect(list.match(/<tr>/g)).toHaveLength(rows.length + 1);
    for (const { id } of rows) {
      expect(list).toContain(`/workflows/enrollment%2F${id}`);
    }
    const declined = (await look(api, '/charges?of=declined&code=do_not_honor&window=30d')).body;
    const { rows: counted } = await sql<{
      n: number;
    }>`select count(distinct charge_id) as n from charge_attempts where decline_code = 'do_not_honor'`.execute(
      api.db,
    );
    expect(declined.match(/<tr>/g)).toHaveLength((counted[0]?.n ?? 0) + 1);
  });

  it('are friendly when there is nothing yet', async () => {
    const stranger = await empty.keyWith(['read']);
    const reply = await look(empty, '', stranger.key);
    expect(reply.statusCode).toBe(200);
    expect(textOf(reply.body)).toMatch(/Nothing yet No charge was made in these 30 days/);
    expect(reply.body).not.toContain('<svg');
  });

  it('say so when the database is away', async () => {
    const away = await startApi({
      databaseUrl: 'postgres://nobody@127.0.0.1:9/none',
      environment: ENVIRONMENT,
    });
    try {
      const reply = await away.app.inject({
        method: 'POST',
        url: '/ops/sign-in',
        headers: FORM,
        payload: `key=dbk_${'0'.repeat(48)}`,
      });
      expect(reply.statusCode).toBe(503);
      expect(textOf(reply.body)).toContain('The database does not answer');
    } finally {
      await away.close();
    }
  });
});

const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** The operators' page: its numbers are the ledger's, nobody sees them without a key, and anybody can use it. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { revokeApiKey } from '../../db/api-keys.ts';
import { formatMoney } from '../../domain/format.ts';
import { bucketsOf } from '../../ops/windows.ts';
import { startApi, type TestApi } from '../api/test-api.ts';
import { axe, launchTestBrowser } from '../support/browser.ts';
import { makeCharge } from './rows.ts';
import { makeWeeksOfBusiness } from './scene.ts';

/** A folder for pictures; nothing is drawn when it is not set. */
const PICTURES = process.env.PICTURES_DIR;
const ENVIRONMENT = { PUBLIC_URL: 'http://127.0.0.1:3000' };

let api: TestApi;
let empty: TestApi;
let browser: Browser;
let origin: string;
let key: { id: string; key: string };
const complaints: string[] = [];

beforeAll(async () => {
  api = await startApi({ environment: ENVIRONMENT });
  empty = await startApi({ environment: ENVIRONMENT });
  browser = await launchTestBrowser();
  await makeWeeksOfBusiness(api.db);
  await makeCharge(api.db, {
    currency: 'eur',
    amountMinor: 900,
    status: 'succeeded',
    dueAt: new Date(Date.now() - 3 * 86_400_000),
    refundedMinor: 250,
    refundCameBack: true,
  });
  await api.db
    .insertInto('stripe_events')
    .values({
      id: 'evt_secretive',
      type: 'checkout.session.completed',
      livemode: false,
      payload: '{}',
      stripe_created_at: new Date(),
      next_signal_at: new Date(Date.now() + 3_600_000),
      last_error: 'refused http://127.0.0.1:3000/c/eyJhbGciOi.e30.c2ln/account for hanako@example.com',
    })
    .execute();
  key = await api.keyWith(['read']);
  origin = await api.app.listen({ host: '127.0.0.1', port: 0 });
}, 180_000);
afterEach(async () => {
  await Promise.all(browser.contexts().map((context) => context.close()));
  expect(complaints.splice(0)).toEqual([]);
});
afterAll(async () => {
  await browser.close();
  await Promise.all([api.close(), empty.close()]);
});

/** The cookie of a session, as a browser would send it. */
async function signedIn(to: TestApi, with_: string): Promise<string | null> {
  const reply = await to.app.inject({
    method: 'POST',
    url: '/ops/sign-in',
    payload: new URLSearchParams({ key: with_ }).toString(),
    headers: FORM,
  });
  const [cookie] = [reply.headers['set-cookie']].flat();
  return cookie?.split(';')[0] ?? null;
}
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

async function look(to: TestApi, path: string, with_ = key.key) {
  const cookie = await signedIn(to, with_);
  return to.app.inject({ url: `/ops${path}`, headers: { cookie: cookie ?? '' } });
}

describe('who sees /ops', () => {
  it.each(['', '/charges?of=collected&currency=jpy', '/webhooks'])(
    'nobody without a session: /ops%s',
    async (path) => {
      const reply = await api.app.inject({ url: `/ops${path}` });
      expect([reply.statusCode, reply.headers.location]).toEqual([303, '/ops/sign-in']);
      expect(reply.body).toBe('');
    },
  );

  it('a key that may read, by a cookie that no script and no other path gets', async () => {
    const reply = await api.app.inject({
      method: 'POST',
      url: '/ops/sign-in',
      headers: FORM,
      payload: `key=${key.key}`,
    });
    expect([reply.statusCode, reply.headers.location]).toEqual([303, '/ops']);
    const cookie = String(reply.headers['set-cookie']);
    for (const part of ['HttpOnly', 'SameSite=Lax', 'Path=/ops', 'Max-Age=28800']) {
      expect(cookie).toContain(part);
    }
    expect(cookie).not.toContain(key.key);
  });

  it('not a key that is unknown or may not read, not another site, not a forged session', async () => {
    const webhooksOnly = await api.keyWith(['webhooks']);
    expect(await signedIn(api, `dbk_${'0'.repeat(48)}`)).toBeNull();
    expect(await signedIn(api, webhooksOnly.key)).toBeNull();
    const foreign = await api.app.inject({
      method: 'POST',
      url: '/ops/sign-in',
      headers: { ...FORM, 'sec-fetch-site': 'cross-site' },
      payload: `key=${key.key}`,
    });
    expect([foreign.statusCode, foreign.headers['set-cookie']]).toEqual([401, undefined]);
    for (const origin of ['https://evil.example', 'null']) {
      const old = await api.app.inject({
        method: 'POST',
        url: '/ops/sign-in',
        headers: { ...FORM, origin },
        remoteAddress: '192.0.2.78',
        payload: `key=${key.key}`,
      });
      expect([old.statusCode, old.headers['set-cookie']]).toEqual([401, undefined]);
    }
    const forged = await api.app.inject({
      url: '/ops',
      headers: { cookie: 'ops_session=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJrZXlfMSJ9.xxxx' },
    });
    expect(forged.statusCode).toBe(303);
  });

  it('nobody who tries one key after the other', async () => {
    const statuses: number[] = [];
    for (let tries = 0; tries < 22; tries += 1) {
      const { statusCode } = await api.app.inject({
        method: 'POST',
        url: '/ops/sign-in',
        headers: FORM,
        payload: `key=dbk_${'0'.repeat(48)}`,
        remoteAddress: '192.0.2.77',
      });
      statuses.push(statusCode);
    }
    expect(statuses).toEqual([...Array.from({ length: 20 }, () => 401), 429, 429]);
  });

  it('not a customer by the token of their link', async () => {
    const token = (await api.links.create(`enr_${'1'.padStart(26, '0')}`, new Date().toISOString()))
      .split('/')
      .at(-1);
    const reply = await api.app.inject({ url: '/ops', headers: { cookie: `ops_session=${token}` } });
    expect(reply.statusCode).toBe(303);
  });

  it.each([
    ['too long', `key=${'x'.repeat(4_000)}`, FORM, 413, 'too long to be an API key'],
    ['no form', '{"key":"dbk_1"}', { 'content-type': 'application/json-seq' }, 415, 'takes a form'],
  ])('whoever sends what is %s is told what was expected', async (_, payload, headers, status, words) => {
    const reply = await api.app.inject({ method: 'POST', url: '/ops/sign-in', payload, headers });
    expect(reply.statusCode).toBe(status);
    expect(reply.body).toContain(words);
  });

  it('no longer a key that was revoked meanwhile', async () => {
    const soon = await api.keyWith(['read']);
    const cookie = (await signedIn(api, soon.key)) ?? '';
    expect((await api.app.inject({ url: '/ops', headers: { cookie } })).statusCode).toBe(200);
    await revokeApiKey(api.db, soon.id);
    expect((await api.app.inject({ url: '/ops', headers: { cookie } })).statusCode).toBe(303);
  });

  it('and the webhooks that wait only a key that may look at webhooks; others are told so', async () => {
    const reply = await look(api, '/webhooks');
    expect(reply.statusCode).toBe(403);
    expect(textOf(reply.body)).toContain('needs an API key with the scope webhooks');
    expect(reply.body).not.toContain('evt_');
    const both = await api.keyWith(['read', 'webhooks']);
    const list = await look(api, '/webhooks', both.key);
    expect([list.statusCode, textOf(list.body)]).toEqual([200, expect.stringContaining('evt_secretive')]);
  });

  it('reads no secret and no address in the errors of webhooks', async () => {
    const both = await api.keyWith(['read', 'webhooks']);
    const { body } = await look(api, '/webhooks', both.key);
    expect(textOf(body)).toMatch(/evt_secretive .+ refused \S*\/c\/\[redacted\]\S* for \[e-mail\]/);
    expect(body).not.toMatch(/hanako|eyJ/);
  });

  it('allows nothing to run, nothing from elsewhere, and no frame', async () => {
    const reply = await look(api, '');
    const policy = String(reply.headers['content-security-policy']);
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/unsafe|script-src/);
    expect(reply.headers['cache-control']).toBe('no-store');
    expect(reply.body).not.toMatch(/<script|\sstyle=|\son\w+=/);
  });
});

/** Tags away, white space as one blank. */
const textOf = (html: string) =>
  html
    .replace(/<svg[\s\S]*?<\/svg>/g, '')
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ');

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

describe('/ops in a browser', () => {
  async function open(context: BrowserContext): Promise<Page> {
    const page = await context.newPage();
    page.on('console', (message) => {
      if (message.type() === 'error' && !message.text().includes('401')) complaints.push(message.text());
    });
    await page.goto(`${origin}/ops`);
    return page;
  }

  it('is signed into with the keyboard, after a wrong key too', async () => {
    const page = await open(await browser.newContext());
    await obeysAxe(page);
    await page.getByLabel('API key').fill('dbk_wrong');
    await page.keyboard.press('Enter');
    expect(await page.getByRole('alert').textContent()).toContain('not known');
    await page.getByLabel('API key').fill(key.key);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Figures' }).waitFor();
    await page.getByRole('link', { name: '7 days' }).click();
    expect(await page.getByRole('link', { name: '7 days' }).getAttribute('aria-current')).toBe('page');
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.goto(`${origin}/ops`);
    expect(page.url()).toContain('/ops/sign-in');
  }, 180_000);

  it.each([
    ['desktop', { width: 1280, height: 900 }],
    ['phone', { width: 390, height: 844 }],
  ])(
    'fits a %s in light and dark, obeys axe, and has a table for each chart',
    async (device, viewport) => {
      const context = await browser.newContext({ viewport, reducedMotion: 'reduce' });
      const page = await open(context);
      await page.getByLabel('API key').fill(key.key);
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { name: 'Figures' }).waitFor();
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        await picture(page, `ops-${device}-${colorScheme}`);
        if ((device === 'desktop') === (colorScheme === 'light')) {
          await obeysAxe(page);
        }
      }
      const beyond = await page.evaluate<number>('document.documentElement.scrollWidth - window.innerWidth');
      expect(beyond).toBeLessThanOrEqual(0);
      for (const summary of await page.locator('summary').all()) {
        await summary.focus();
        await page.keyboard.press('Enter');
      }
      const charts = await page.locator('.drawing:visible svg').count();
      expect(charts).toBe(5);
      expect(await page.locator('details[open] table').count()).toBe(charts);
      await page.goto(`${origin}/ops/charges?of=collected&currency=jpy`);
      await obeysAxe(page);
      await picture(page, `ops-list-${device}`);
    },
    180_000,
  );

  async function obeysAxe(page: Page): Promise<void> {
    const { violations } = await axe(page).analyze();
    expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
  }

  async function picture(page: Page, name: string): Promise<void> {
    if (PICTURES) {
      await page.screenshot({ path: `${PICTURES}/${name}.png`, fullPage: true });
    }
  }
});

const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

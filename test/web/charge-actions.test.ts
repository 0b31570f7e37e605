/** Trying again and confirming on the customer's page, up to the Workflow; the whole way is in confirm.test.ts. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { BillingUnavailable, CommandRefused } from '../../api/billing-client.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { buildPagesApp, mentioned, type PagesApp } from './pages-app.ts';
import { seedAttempt, seedCharge, seedEnrollment, seedFact, seedPaymentMethod } from './rows.ts';

let test: TestDatabase;
let pages: PagesApp;
beforeAll(async () => {
  test = await createTestDatabase();
  pages = await buildPagesApp(test.db, { STRIPE_API_URL: 'http://127.0.0.1:12111' });
});
beforeEach(() => {
  pages.billing.reset();
  pages.logged.length = 0;
});
afterAll(async () => {
  await pages.app.close();
  await test.drop();
});

type Columns = Parameters<typeof seedCharge>[2];

async function declined(decision: string | null, columns: Columns = {}) {
  const id = await seedEnrollment(test.db, { status: 'past_due' });
  await seedPaymentMethod(test.db, id);
  const charge = { status: 'requires_payment_method' as const, attempts: 1, payment_intent_id: `pi_${id}` };
  const chargeId = await seedCharge(test.db, id, { ...charge, ...columns });
  await seedAttempt(test.db, id, chargeId, { decision });
  return { id, chargeId };
}

async function triedByHand(id: string, chargeId: string, times: number, at = new Date().toISOString()) {
  for (let attempt = 2; attempt < 2 + times; attempt++) {
    await seedFact(test.db, id, { what: 'charge.declined', charge_id: chargeId, at, details: { attempt } });
  }
}

const buttons = (html: string) => [...html.matchAll(/<button [^>]*class="button( main)?"[^>]*>([^<]+)</g)];
const labels = (html: string) => buttons(html).map(([, main, label]) => `${label}${main ?? ''}`);

describe('the buttons on a charge', () => {
  const OTHER = 'Use another payment method';

  it.each([
    ['retry', {}, ['Choose a payment method main', 'Try again']],
    ['ask_customer', {}, ['Choose a payment method main']],
    ['authenticate', {}, ['Confirm with your bank main', 'Choose a payment method']],
    [
      null,
      { status: 'requires_action' as const },
      ['Confirm with your bank main', 'Choose a payment method'],
    ],
  ])('follow what was decided: %s', async (decision, columns, expected) => {
    const { id } = await declined(decision, columns);
    expect(labels((await pages.get(id, '/account')).body)).toEqual([...expected, OTHER]);
  });

  it('offer no further try when those of the day are used up, and say so', async () => {
    const { id, chargeId } = await declined('retry');
    await triedByHand(id, chargeId, 2, new Date(Date.now() - 25 * 3_600_000).toISOString());
    await triedByHand(id, chargeId, 4);
    expect(labels((await pages.get(id, '/account')).body)).toContain('Try again');
    await triedByHand(id, chargeId, 1);
    const { body } = await pages.get(id, '/account');
    expect(labels(body)).not.toContain('Try again');
    expect(mentioned(body)).toContain('You have tried 5 times in the last 24 hours.');
  });

  it('are gone while a dispute is open', async () => {
    const { id } = await declined('retry');
    await seedCharge(test.db, id, { number: 2, dispute_status: 'needs_response' });
    const { body } = await pages.get(id, '/account');
    expect(labels(body)).toEqual([OTHER]);
    expect(mentioned(body)).toContain('One of your payments is being questioned at the bank.');
  });

  it('have one main way for several charges', async () => {
    const { id } = await declined('retry');
    const second = await seedCharge(test.db, id, { number: 2, status: 'requires_payment_method' });
    await seedAttempt(test.db, id, second, { decision: 'ask_customer' });
    const { body } = await pages.get(id, '/account');
    expect(labels(body).filter((label) => label.endsWith(' main'))).toHaveLength(1);
    expect(mentioned(body)).toContain('2 payments, ¥3,960 in all, have not been made yet.');
  });
});

describe('POST …/retry', () => {
  it('asks the Workflow once, and shows what came of it as the row moves on', async () => {
    const { id, chargeId } = await declined('retry');
    const answer = await pages.post(id, `/charges/${chargeId}/retry`);
    expect(pages.billing.asked).toEqual([
      ['retryCharge', id, { chargeId, by: 'customer', reason: 'tried again on the customer page' }],
    ]);
    expect(answer.statusCode).toBe(303);
    const show = async (columns: Columns = {}) => {
      await test.db.updateTable('charges').set(columns).where('id', '=', chargeId).execute();
      return (await pages.app.inject({ url: String(answer.headers.location) })).body;
    };
    const before = await show({ updated_at: new Date().toISOString() });
    expect(mentioned(before)).toContain('Your payment is being made');
    expect(before).toContain('<noscript><meta http-equiv="refresh"');
    expect(mentioned(await show({ attempts: 2 }))).toContain('It did not go through this time either');
    const paid = await show({ attempts: 3, status: 'succeeded', captured_minor: 1980 });
    expect(mentioned(paid)).toContain('Your payment of ¥1,980 went through. There is nothing more to do.');
  });

  it.each([
    ['too_many_tries', 'You have tried often enough for today'],
    ['another_card_needed', 'This payment method cannot be tried again now'],
    ['card_budget_spent', 'This payment method cannot be tried again now'],
    ['charge_busy', 'This payment is being worked on'],
    ['charge_disputed', 'No payment is taken at the moment'],
    ['charge_settled', null],
  ])('says in plain words that it was refused: %s', async (code, words) => {
    const { id, chargeId } = await declined('retry');
    pages.billing.error = new CommandRefused(code, 'the words of a validator');
    const { location } = (await pages.post(id, `/charges/${chargeId}/retry`)).headers;
    expect(location).toContain(`refused=${code}`);
    const { body } = await pages.app.inject({ url: String(location) });
    expect(body).not.toContain('the words of a validator');
    if (words === null) {
      expect(body).not.toContain('id="banner-title"');
    } else {
      expect(mentioned(body)).toContain(words);
    }
  });

  it('tells nothing of then when the address is opened later, or is not ours', async () => {
    const { id, chargeId } = await declined('retry');
    const old = Math.floor(Date.now() / 1000) - 700;
    for (const query of [
      `tried=${chargeId}&before=0&at=${old}`,
      `tried=${chargeId}&before=0`,
      `tried=chg_x_1&before=0&at=${old + 700}`,
    ]) {
      expect((await pages.get(id, `/account?${query}`)).body).not.toContain('id="banner-title"');
    }
  });

  it('says that the outcome is unknown when Temporal is away, with the way back', async () => {
    const { id, chargeId } = await declined('retry');
    pages.billing.error = new BillingUnavailable('away', null);
    const answer = await pages.post(id, `/charges/${chargeId}/retry`);
    expect(answer.statusCode).toBe(503);
    expect(answer.body).toContain('href="../../account"');
  });
});

describe('POST …/confirm', () => {
  it.each([
    'https://hooks.stripe.com/3d_secure_2/x',
    'https://stripe.com/x',
    'http://127.0.0.1:12111/3ds/tdsc_1?a=1&b=2',
  ])('passes on to an address of Stripe: %s', async (redirectUrl) => {
    const { id, chargeId } = await declined('authenticate');
    pages.billing.redirectUrl = redirectUrl;
    const answer = await pages.post(id, `/charges/${chargeId}/confirm`);
    expect(answer.statusCode).toBe(200);
    const escaped = redirectUrl.replaceAll('&', '&amp;');
    expect(answer.body).toContain(`<meta http-equiv="refresh" content="0;url=${escaped}">`);
    expect(answer.body).toContain(`href="${escaped}"`);
    expect(pages.billing.asked[0]).toEqual([
      'authenticateCharge',
      id,
      { chargeId, by: 'customer', reason: 'confirmed on the customer page' },
    ]);
  });

  it.each([
    'https://evil.example/3ds',
    'https://evilstripe.com/',
    'https://stripe.com.evil.example/',
    'https://stripe.com@evil.example/',
    'http://hooks.stripe.com/',
    'http://127.0.0.1:12112/',
    'javascript:alert(1)',
    '//evil.example',
    '',
  ])('leads nowhere else: %p', async (redirectUrl) => {
    const { id, chargeId } = await declined('authenticate');
    pages.billing.redirectUrl = redirectUrl;
    const answer = await pages.post(id, `/charges/${chargeId}/confirm`);
    expect(answer.statusCode).toBe(500);
    expect(answer.headers.location).toBeUndefined();
    expect(answer.body).not.toContain('http-equiv="refresh"');
    expect(pages.logged.join('')).toContain('not at an address of Stripe');
  });

  it('shows the account when the bank asked for nothing', async () => {
    const { id, chargeId } = await declined('authenticate');
    const answer = await pages.post(id, `/charges/${chargeId}/confirm`);
    expect(answer.statusCode).toBe(303);
    expect(answer.headers.location).toContain(`/account?tried=${chargeId}&before=1`);
  });
});

describe.each(['retry', 'confirm'])('whose charge it is: %s', (way) => {
  it('is asked before anything is done', async () => {
    const { id } = await declined('authenticate');
    const foreign = await declined('authenticate');
    for (const chargeId of [foreign.chargeId, 'chg_x_1', 'nonsense', '%00']) {
      const answer = await pages.post(id, `/charges/${chargeId}/${way}`);
      expect(answer.statusCode).toBe(404);
      expect(mentioned(answer.body)).toContain('We do not know this payment');
    }
    expect(pages.billing.asked).toEqual([]);
  });

  it('and whose form', async () => {
    const { id, chargeId } = await declined('authenticate');
    const url = `${await pages.pathOf(id)}/charges/${chargeId}/${way}`;
    const headers = { 'sec-fetch-site': 'cross-site' };
    expect((await pages.app.inject({ method: 'POST', url, headers })).statusCode).toBe(403);
    expect((await pages.app.inject({ method: 'GET', url })).statusCode).toBe(404);
    expect(pages.billing.asked).toEqual([]);
  });

  it('and whether the agreement still runs', async () => {
    const id = await seedEnrollment(test.db, { status: 'canceled' });
    const chargeId = await seedCharge(test.db, id, { status: 'canceled' });
    expect((await pages.post(id, `/charges/${chargeId}/${way}`)).statusCode).toBe(303);
    expect(pages.billing.asked).toEqual([]);
  });
});

describe('GET /c/:token/return?charge_id=…', () => {
  it('tells the Workflow of a confirmation whose outcome is not known, and shows that it is looked up', async () => {
    const { id, chargeId } = await declined(null, { status: 'requires_action' });
    const answer = await pages.get(id, `/return?charge_id=${chargeId}&payment_intent=pi_other`);
    expect(pages.billing.asked).toEqual([
      ['paymentIntentChanged', id, { chargeId, paymentIntentId: `pi_${id}`, eventType: 'customer_returned' }],
    ]);
    expect(answer.statusCode).toBe(303);
    const { body } = await pages.app.inject({ url: String(answer.headers.location) });
    expect(mentioned(body)).toContain('Checking with your bank');
    expect(body).toContain('<noscript><meta http-equiv="refresh"');
    const set = { status: 'requires_payment_method' as const };
    await test.db.updateTable('charges').set(set).where('id', '=', chargeId).execute();
    const refused = await pages.app.inject({ url: String(answer.headers.location) });
    expect(mentioned(refused.body)).toContain('The payment was not confirmed Nothing was taken.');
    expect(refused.body).not.toContain('<noscript>');
    // Begun once more and left: that address tells nothing of it.
    const begun = { status: 'requires_action' as const, attempts: 2 };
    await test.db.updateTable('charges').set(begun).where('id', '=', chargeId).execute();
    const left = mentioned((await pages.app.inject({ url: String(answer.headers.location) })).body);
    expect(left).toContain('You began to confirm this payment and did not finish.');
    expect(left).not.toContain('Checking with your bank');
  });

  it('tells nothing when the outcome is known', async () => {
    const { id, chargeId } = await declined('authenticate');
    expect((await pages.get(id, `/return?charge_id=${chargeId}`)).statusCode).toBe(303);
    expect(pages.billing.asked).toEqual([]);
  });

  it('knows only charges of this customer', async () => {
    const { chargeId } = await declined(null, { status: 'requires_action' });
    const { id } = await declined(null, { status: 'requires_action' });
    expect((await pages.get(id, `/return?charge_id=${chargeId}`)).statusCode).toBe(404);
    expect((await pages.get(id, '/return?charge_id=%00')).statusCode).toBe(400);
    expect(pages.billing.asked).toEqual([]);
  });
});

describe('the customer link', () => {
  it('leads to the account, not to Checkout, when the bank wants a confirmation', async () => {
    const { id } = await declined('authenticate');
    expect((await pages.get(id, '')).headers.location).toBe(`${await pages.pathOf(id)}/account`);
    expect(pages.billing.asked).toEqual([]);
  });
});

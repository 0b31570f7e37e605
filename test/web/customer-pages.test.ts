import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { BillingUnavailable, CommandRefused, EnrollmentNotRunning } from '../../api/billing-client.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { buildPagesApp, mentioned, type PagesApp } from './pages-app.ts';
import {
  daysAhead,
  newEnrollmentId,
  seedAttempt,
  seedCharge,
  seedCheckoutSession,
  seedEnrollment,
  seedFact,
  seedNotification,
  seedPaymentMethod,
} from './rows.ts';

const unavailable = () => new BillingUnavailable('Temporal did not answer', new Error('deadline'));

describe('customerPages', () => {
  let test: TestDatabase;
  let pages: PagesApp;

  beforeAll(async () => {
    test = await createTestDatabase();
    pages = await buildPagesApp(test.db);
  });
  beforeEach(() => {
    pages.billing.reset();
    pages.logged.length = 0;
  });
  afterAll(async () => {
    await pages.app.close();
    await test.drop();
  });

  const get = (...asked: Parameters<PagesApp['get']>) => pages.get(...asked);
  const post = (...asked: Parameters<PagesApp['post']>) => pages.post(...asked);

  describe('GET /c/:token', () => {
    it('leads to a new Checkout Session when there is none', async () => {
      const id = await seedEnrollment(test.db, { status: 'awaiting_payment_method' });
      const answer = await get(id, '');
      expect(answer.statusCode).toBe(303);
      expect(answer.headers.location).toBe('https://checkout.stripe.com/c/pay/cs_test_new');
      expect(pages.billing.asked).toEqual([
        ['openCheckoutSession', id, { by: 'customer', reason: 'opened the customer link' }],
      ]);
    });

    it('says that the bank account is being proven, and has nobody begin anew', async () => {
      const id = await seedEnrollment(test.db, { status: 'awaiting_payment_method' });
      const { id: session } = await seedCheckoutSession(test.db, id, { url: null });
      const { location } = (await get(id, '')).headers;
      expect(location).toMatch(new RegExp(`/account\\?checkout=${session}$`));
      expect((await get(id, `/account?checkout=${session}`)).body).toContain('is being confirmed');
      expect(pages.billing.asked).toEqual([]);
    });

    it('leads to the open session while it has more than ten minutes left', async () => {
      const id = await seedEnrollment(test.db, { status: 'awaiting_payment_method' });
      await seedCheckoutSession(test.db, id, { created_at: daysAhead(-0.5), expires_at: daysAhead(0.5) });
      const { url } = await seedCheckoutSession(test.db, id, { expires_at: daysAhead(11 / 1440) });
      expect((await get(id, '')).headers.location).toBe(url);
      expect(pages.billing.asked).toEqual([]);
    });

    it.each([
      ['about to expire', { expires_at: daysAhead(9 / 1440) }],
      ['expired', { status: 'expired' as const, url: null }],
      [
        'refused',
        { status: 'complete' as const, url: null, completed_at: daysAhead(0), refused_reason: 'x' },
      ],
    ])('asks for another session when the last one is %s', async (_name, session) => {
      const id = await seedEnrollment(test.db, { status: 'awaiting_payment_method' });
      await seedCheckoutSession(test.db, id, session);
      expect((await get(id, '')).headers.location).toBe('https://checkout.stripe.com/c/pay/cs_test_new');
    });

    it('leads to the account page while a completed session is being looked at', async () => {
      const id = await seedEnrollment(test.db, { status: 'awaiting_payment_method' });
      await seedCheckoutSession(test.db, id, { status: 'complete', url: null, completed_at: daysAhead(0) });
      expect((await get(id, '')).headers.location).toBe(`${await pages.pathOf(id)}/account`);
      expect(pages.billing.asked).toEqual([]);
    });

    it('leads to Checkout when another payment method would move a past due charge', async () => {
      const id = await seedEnrollment(test.db, { status: 'past_due' });
      await seedPaymentMethod(test.db, id);
      await seedCharge(test.db, id, { status: 'requires_payment_method' });
      expect((await get(id, '')).headers.location).toBe('https://checkout.stripe.com/c/pay/cs_test_new');
    });

    it('leads to Checkout when the method that could be tried again was removed', async () => {
      const id = await seedEnrollment(test.db, { status: 'past_due' });
      await seedPaymentMethod(test.db, id, { detached_at: daysAhead(0) });
      const chargeId = await seedCharge(test.db, id, { status: 'requires_payment_method' });
      await seedAttempt(test.db, id, chargeId);
      await seedNotification(test.db, id, 'charge_failed', { reason: 'temporary' }, { chargeId });
      expect((await get(id, '')).headers.location).toBe('https://checkout.stripe.com/c/pay/cs_test_new');
    });

    it('leads to the account page while the past due charge is tried with a method saved just now', async () => {
      const id = await seedEnrollment(test.db, { status: 'past_due' });
      await seedCharge(test.db, id, { status: 'requires_payment_method', updated_at: daysAhead(-1) });
      await seedPaymentMethod(test.db, id, { saved_at: daysAhead(0) });
      expect((await get(id, '')).headers.location).toBe(`${await pages.pathOf(id)}/account`);
    });

    it.each(['active', 'paused', 'completed', 'canceled', 'expired'] as const)(
      'leads to the account page when the enrollment is %s',
      async (status) => {
        const id = await seedEnrollment(test.db, { status });
        expect((await get(id, '')).headers.location).toBe(`${await pages.pathOf(id)}/account`);
        expect(pages.billing.asked).toEqual([]);
      },
    );

    it('leads to the account page when the enrollment ended a moment ago', async () => {
      pages.billing.error = new CommandRefused('enrollment_ended', 'it has ended');
      const id = await seedEnrollment(test.db, { status: 'awaiting_payment_method' });
      expect((await get(id, '')).headers.location).toBe(`${await pages.pathOf(id)}/account`);
    });

    it('says that it did not work when Stripe refuses the session, and leads in no circle', async () => {
      pages.billing.error = new CommandRefused('setup_refused', 'Stripe answered 400');
      const id = await seedEnrollment(test.db, { status: 'awaiting_payment_method' });
      expect((await get(id, '')).statusCode).toBe(500);
      expect(pages.logged.length).toBeGreaterThan(0);
    });

    it.each([
      ['Temporal is away', unavailable()],
      ['no Workflow runs', new EnrollmentNotRunning('enr_x')],
    ])('answers 503 in plain words and tries again by itself when %s', async (_name, error) => {
      pages.billing.error = error;
      const id = await seedEnrollment(test.db, { status: 'awaiting_payment_method' });
      const answer = await get(id, '');
      expect(answer.statusCode).toBe(503);
      expect(answer.headers['retry-after']).toBe('10');
      expect(mentioned(answer.body)).toContain('Your link stays good');
      expect(answer.body).toContain('<noscript><meta http-equiv="refresh" content="10"></noscript>');
      expect(answer.body).toContain('data-reload-after-s="10"');
      expect(answer.body).not.toMatch(/Temporal|deadline|enr_/);
      expect(pages.logged.join('')).toContain('could not be shown');
    });
  });

  describe('a link that is not good', () => {
    it('gets the same words whatever is wrong with it', async () => {
      const known = await pages.pathOf(await seedEnrollment(test.db));
      const ofNothing = await pages.pathOf(newEnrollmentId());
      const bad = [
        `${known}x`,
        ofNothing,
        '/c/nonsense',
        `/c/${'a'.repeat(499)}`,
        '/c/%00',
        `${known}/nothing`,
      ];
      const answers = await Promise.all(bad.map((url) => pages.app.inject({ url })));
      expect(answers.map(({ statusCode }) => statusCode)).toEqual(bad.map(() => 404));
      const bodies = answers.map(({ body }) => body);
      expect(new Set(bodies).size).toBe(1);
      expect(mentioned(bodies[0] ?? '')).toContain('This page does not exist');
    });

    it('speaks the language that the browser asks for', async () => {
      const answer = await pages.app.inject({
        url: '/c/nonsense',
        headers: { 'accept-language': 'fr-FR, ja;q=0.8, en;q=0.5' },
      });
      expect(answer.body).toContain('ページが見つかりません');
    });

    it.each(['/account', '/return?session_id=cs_test_1', '/cancel', '/events', '/charges/chg_1/receipt'])(
      'opens nothing: %s',
      async (path) => {
        expect((await pages.app.inject({ url: `/c/nonsense${path}` })).statusCode).toBe(404);
      },
    );

    it('presses no button', async () => {
      for (const path of ['/cancel', '/checkout-sessions']) {
        const url = `/c/nonsense${path}`;
        const headers = { 'sec-fetch-site': 'same-origin' };
        expect((await pages.app.inject({ method: 'POST', url, headers })).statusCode).toBe(404);
      }
      expect(pages.billing.asked).toEqual([]);
    });
  });

  describe('GET /c/:token/account', () => {
    it('shows agreement, next payment, method, payments and messages', async () => {
      const id = await seedEnrollment(test.db, {
        next_charge_at: '2099-12-23T01:00:00.000Z',
        next_charge_amount_minor: 1980,
      });
      await seedPaymentMethod(test.db, id);
      await seedCharge(test.db, id, { number: 1, due_at: '2026-10-23T01:00:00.000Z' });
      await seedCharge(test.db, id, {
        number: 2,
        due_at: '2026-11-23T01:00:00.000Z',
        refunded_minor: 500,
      });
      await seedNotification(test.db, id, 'charge_succeeded');
      const answer = await get(id, '/account');
      expect(answer.statusCode).toBe(200);
      const text = mentioned(answer.body);
      expect(text).toContain('¥1,980 every month.');
      expect(text).toContain('December 23, 2099 at 10:00 AM GMT+9');
      expect(text).toContain('Visa ending in 4242 Expires 04/31');
      expect(text).toMatch(/November 23, 2026 Payment 2 ¥1,980 Paid, ¥500 returned/);
      expect(text).toMatch(/October 23, 2026 Payment 1 ¥1,980 Paid/);
      expect(text).toContain('Payment received: ¥1,980');
      expect(answer.body).toContain(`${await pages.pathOf(id)}/charges/chg_${id.slice(4)}_2/receipt`);
    });

    it('speaks the language of the enrollment, and the one that was chosen on every address after it', async () => {
      const id = await seedEnrollment(test.db, { locale: 'ja' });
      const own = await get(id, '/account');
      expect(own.body).toContain('<html lang="ja">');
      expect(own.body).toContain('毎月￥1,980のお支払い。');
      expect(own.body).toContain('/cancel"');
      const chosen = await get(id, '/account?lang=en');
      expect(chosen.body).toContain('<html lang="en">');
      expect(chosen.body).toContain('/cancel?lang=en"');
      expect(chosen.body).toContain('/checkout-sessions?lang=en"');
    });

    it('ignores what it does not understand in the address', async () => {
      const id = await seedEnrollment(test.db);
      for (const query of ['?lang=xx', '?lang=a&lang=b', '?checkout=../x', '?checkout=a&checkout=b', '?%']) {
        expect((await get(id, `/account${query}`)).statusCode).toBe(200);
      }
    });

    it('says what went wrong, when it is tried again, and how to mend it', async () => {
      const id = await seedEnrollment(test.db, { status: 'past_due' });
      await seedPaymentMethod(test.db, id);
      const chargeId = await seedCharge(test.db, id, {
        status: 'requires_payment_method',
        attempts: 1,
        next_attempt_at: '2099-11-24T01:00:00.000Z',
      });
      await seedNotification(test.db, id, 'charge_failed', { reason: 'insufficient_funds' }, { chargeId });
      const { body } = await get(id, '/account');
      const text = mentioned(body);
      expect(text).toContain('Your payment of ¥1,980 did not go through');
      expect(text).toContain('There was not enough money available for it.');
      expect(text).toContain('We will try again by ourselves on November 24, 2099 at 10:00 AM GMT+9.');
      expect(body).toMatch(/<form method="post" action="[^"]+\/checkout-sessions">/);
      expect(body).not.toContain('<noscript>');
    });

    it('says that the saved payment method was removed, and how to save another', async () => {
      const id = await seedEnrollment(test.db, {
        next_charge_at: '2099-12-23T01:00:00.000Z',
        next_charge_amount_minor: 1980,
      });
      await seedPaymentMethod(test.db, id, { detached_at: daysAhead(0) });
      const { body } = await get(id, '/account');
      const text = mentioned(body);
      expect(text).toContain('Your payment method can no longer be charged');
      expect(text).toContain('Visa ending in 4242 No longer usable');
      expect(text).not.toContain('nothing you need to do');
      expect(body).toContain('id="renew-method"');
    });

    it.each([
      ['once', [2200], '¥2,200 every month. Changed on November 23, 2026; before it was ¥1,980.'],
      ['twice', [2200, 2500], '¥2,500 every month. Changed on November 24, 2026; before it was ¥2,200.'],
      ['and back', [2200, 1980], '¥1,980 every month. Changed on November 24, 2026; before it was ¥2,200.'],
      [
        'to the same',
        [2200, 2200],
        '¥2,200 every month. Changed on November 23, 2026; before it was ¥1,980.',
      ],
      ['to what it was', [1980], '¥1,980 every month. Goes on until you cancel.'],
    ])('says what an amount that was changed %s is, since when, and what it was before', async (...row) => {
      const [, amounts, expected] = row;
      const id = await seedEnrollment(test.db);
      for (const [index, amount_minor] of amounts.entries()) {
        const at = `2026-11-${23 + index}T01:00:00.000Z`;
        await seedFact(test.db, id, { what: 'schedule.amount_changed', at, details: { amount_minor } });
      }
      expect(mentioned((await get(id, '/account')).body)).toContain(expected);
    });

    it('reloads itself without script only while something is under way', async () => {
      const id = await seedEnrollment(test.db, {
        next_charge_at: daysAhead(-0.0001),
        next_charge_amount_minor: 1980,
      });
      expect((await get(id, '/account')).body).toContain('<noscript><meta http-equiv="refresh" content="5">');
    });

    it('shows hostile texts as texts', async () => {
      const hostile = `"><script>alert(1)</script>{{ merchant }}`;
      const id = await seedEnrollment(test.db, { description: hostile });
      await seedCharge(test.db, id, { description: hostile });
      await seedNotification(test.db, id, 'charge_failed', { description: hostile });
      const { body } = await get(id, '/account');
      expect(body).not.toContain('<script>');
      expect(body).toContain('&lt;script&gt;alert(1)&lt;/script&gt;{{ merchant }}');
    });

    it('links back to the company with the id added, only to an origin that is allowed', async () => {
      const link = async (returnUrl: string) => {
        const id = await seedEnrollment(test.db, { return_url: returnUrl });
        const found = /<a class="button" href="([^"]+)">Back to/.exec((await get(id, '/account')).body)?.[1];
        return { id, found };
      };
      const good = await link('https://shop.example/thanks?order=7');
      expect(good.found).toBe(`https://shop.example/thanks?order=7&amp;enrollment=${good.id}`);
      for (const url of ['https://evil.example/', 'javascript:alert(1)', 'https://shop.example.evil/', 'x']) {
        expect((await link(url)).found).toBeUndefined();
      }
    });

    it('shows every charge that is not settled, however many came after it', async () => {
      const id = await seedEnrollment(test.db, { status: 'past_due' });
      await seedCharge(test.db, id, { number: 1, status: 'requires_payment_method', amount_minor: 777 });
      for (let number = 2; number <= 65; number++) {
        await seedCharge(test.db, id, { number });
      }
      const text = mentioned((await get(id, '/account')).body);
      expect(text).toContain('Your payment of ¥777 did not go through');
      expect(text).toContain('The newest 60 are shown.');
      expect(text).toContain('Payment 65');
      expect(text).not.toContain('Payment 6 ');
    });

    it('shows nothing of another enrollment', async () => {
      const other = await seedEnrollment(test.db, { description: 'Secret society' });
      await seedCharge(test.db, other, { amount_minor: 98_765 });
      const session = await seedCheckoutSession(test.db, other, { status: 'complete' });
      const id = await seedEnrollment(test.db);
      const { body } = await get(id, `/account?checkout=${session.id}`);
      expect(body).not.toMatch(/Secret society|98,765/);
      expect(body).not.toContain('Your payment method is saved');
    });
  });

  describe('GET /c/:token/return', () => {
    it('tells the Workflow of a session that our rows do not know as complete, then shows the account', async () => {
      const id = await seedEnrollment(test.db, { status: 'awaiting_payment_method' });
      const { id: session } = await seedCheckoutSession(test.db, id);
      const answer = await get(id, `/return?session_id=${session}`);
      expect(pages.billing.asked).toEqual([['checkoutSessionCompleted', id, session]]);
      expect(answer.statusCode).toBe(303);
      expect(answer.headers.location).toBe(`${await pages.pathOf(id)}/account?checkout=${session}`);
      const account = await get(id, `/account?checkout=${session}`);
      expect(mentioned(account.body)).toContain('Checking your payment method');
      expect(account.body).toContain('<noscript><meta http-equiv="refresh"');
    });

    it('tells nothing when the session is known to be complete', async () => {
      const id = await seedEnrollment(test.db);
      const { id: session } = await seedCheckoutSession(test.db, id, {
        status: 'complete',
        completed_at: daysAhead(0),
      });
      expect((await get(id, `/return?session_id=${session}`)).statusCode).toBe(303);
      expect(pages.billing.asked).toEqual([]);
    });

    it('tells nothing when the webhook has told it already', async () => {
      const id = await seedEnrollment(test.db, { status: 'awaiting_payment_method' });
      const { id: session } = await seedCheckoutSession(test.db, id);
      await test.db
        .insertInto('stripe_events')
        .values({
          id: `evt_${session}`,
          type: 'checkout.session.completed',
          livemode: false,
          object_id: session,
          enrollment_id: id,
          payload: '{}',
          stripe_created_at: daysAhead(0),
          signalled_at: daysAhead(0),
          next_signal_at: daysAhead(0),
        })
        .execute();
      expect((await get(id, `/return?session_id=${session}`)).statusCode).toBe(303);
      expect(pages.billing.asked).toEqual([]);
    });

    it('answers 404 for a session of another enrollment', async () => {
      const { id: session } = await seedCheckoutSession(test.db, await seedEnrollment(test.db));
      const answer = await get(await seedEnrollment(test.db), `/return?session_id=${session}`);
      expect(answer.statusCode).toBe(404);
      expect(mentioned(answer.body)).toContain('We do not know this visit to Stripe');
      expect(pages.billing.asked).toEqual([]);
    });

    it.each([
      '',
      '?session_id=',
      '?session_id={CHECKOUT_SESSION_ID}',
      '?session_id=pi_1',
      '?session_id=cs_1&session_id=cs_2',
    ])('answers 400 for a session id that is none: %p', async (query) => {
      const answer = await get(await seedEnrollment(test.db), `/return${query}`);
      expect(answer.statusCode).toBe(400);
      expect(mentioned(answer.body)).toContain('This address is not complete');
    });

    it('can be repeated after the Workflow was away', async () => {
      const id = await seedEnrollment(test.db, { status: 'awaiting_payment_method' });
      const { id: session } = await seedCheckoutSession(test.db, id);
      pages.billing.error = unavailable();
      expect((await get(id, `/return?session_id=${session}`)).statusCode).toBe(503);
      pages.billing.error = null;
      expect((await get(id, `/return?session_id=${session}`)).statusCode).toBe(303);
    });
  });

  describe('POST /c/:token/checkout-sessions', () => {
    it('leads to Checkout', async () => {
      const id = await seedEnrollment(test.db);
      const answer = await post(id, '/checkout-sessions');
      expect(answer.statusCode).toBe(303);
      expect(answer.headers.location).toBe('https://checkout.stripe.com/c/pay/cs_test_new');
      expect(pages.billing.asked).toHaveLength(1);
    });

    it('passes on by a page of its own when Checkout is on a domain that a form may not lead to', async () => {
      const url = 'https://pay.kissa.example/c/pay/cs_test_new';
      pages.billing.session = { ...pages.billing.session, url };
      const answer = await post(await seedEnrollment(test.db), '/checkout-sessions');
      expect(answer.statusCode).toBe(200);
      expect(answer.body).toContain(`<meta http-equiv="refresh" content="0;url=${url}">`);
      expect(answer.body).toContain(`href="${url}"`);
    });

    it('opens nothing for an enrollment that has ended', async () => {
      const id = await seedEnrollment(test.db, { status: 'canceled' });
      expect((await post(id, '/checkout-sessions')).headers.location).toBe(
        `${await pages.pathOf(id)}/account`,
      );
      expect(pages.billing.asked).toEqual([]);
    });

    it('says that the outcome is unknown when Temporal is away', async () => {
      pages.billing.error = unavailable();
      const answer = await post(await seedEnrollment(test.db), '/checkout-sessions');
      expect(answer.statusCode).toBe(503);
      expect(mentioned(answer.body)).toContain('we cannot tell whether it worked');
      expect(answer.body).not.toContain('http-equiv="refresh"');
    });
  });

  describe('GET /c/:token/charges/:id/receipt', () => {
    it('shows what was paid, by whom, with what, and what went back', async () => {
      const id = await seedEnrollment(test.db);
      const method = await seedPaymentMethod(test.db, id, { brand: 'jcb', last4: '0505' });
      const chargeId = await seedCharge(test.db, id, {
        settled_at: '2026-11-23T01:02:00.000Z',
        refunded_minor: 500,
      });
      await test.db
        .insertInto('charge_attempts')
        .values({
          charge_id: chargeId,
          attempt: 1,
          enrollment_id: id,
          idempotency_key: `key-of-${chargeId}`,
          payment_method_id: method,
          outcome: 'succeeded',
          attempted_at: '2026-11-23T01:02:00.000Z',
        })
        .execute();
      await test.db
        .insertInto('ledger_entries')
        .values({
          key: `refund/re_${id}`,
          enrollment_id: id,
          charge_id: chargeId,
          kind: 'refund',
          amount_minor: -500,
          currency: 'jpy',
          stripe_object_id: `re_${id}`,
          at: '2026-11-30T00:00:00.000Z',
        })
        .execute();
      const answer = await get(id, `/charges/${chargeId}/receipt`);
      const text = mentioned(answer.body);
      expect(answer.statusCode).toBe(200);
      for (const fact of [
        'Paid to Kissa Coffee',
        'Paid by Aoi Sato',
        'Paid with JCB ending in 0505',
        'Paid on November 23, 2026 at 10:02 AM GMT+9',
        `Receipt number ${chargeId}`,
        'Returned on November 30, 2026 − ¥500',
        'Paid after returns ¥1,480',
      ]) {
        expect(text).toContain(fact);
      }
    });

    it('exists only for money that was taken, and only for the customer of it', async () => {
      const id = await seedEnrollment(test.db);
      const unpaid = await seedCharge(test.db, id, { status: 'requires_payment_method' });
      const foreign = await seedCharge(test.db, await seedEnrollment(test.db));
      for (const chargeId of [unpaid, foreign, 'chg_x_1', 'nonsense', '%27%3B--']) {
        const answer = await get(id, `/charges/${chargeId}/receipt`);
        expect(answer.statusCode).toBe(404);
        expect(mentioned(answer.body)).toContain('There is no such receipt');
      }
    });
  });
});

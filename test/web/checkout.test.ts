/** The customer link itself, and the button for another payment method: both lead to Checkout. */
import { describe, expect, it } from '@jest/globals';
import { CommandRefused, EnrollmentNotRunning } from '../../api/billing-client.ts';
import { mentioned } from './pages-app.ts';
import { get, pages, post, test, unavailable } from './pages-of-each-test.ts';
import {
  daysAhead,
  seedAttempt,
  seedCharge,
  seedCheckoutSession,
  seedEnrollment,
  seedNotification,
  seedPaymentMethod,
} from './rows.ts';

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
    // Also to who comes back to the page days later, when a day that was named before may be over.
    const { body } = await get(id, '/account');
    expect(body).toContain('Your agreement starts once your bank account is confirmed.');
    expect(body).toContain('Two small deposits are on their way');
    expect(body).not.toContain('please do so by');
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
    ['refused', { status: 'complete' as const, url: null, completed_at: daysAhead(0), refused_reason: 'x' }],
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
    expect((await post(id, '/checkout-sessions')).headers.location).toBe(`${await pages.pathOf(id)}/account`);
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

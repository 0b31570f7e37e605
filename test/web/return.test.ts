import { describe, expect, it } from '@jest/globals';
import { mentioned } from './pages-app.ts';
import { get, pages, test, unavailable } from './pages-of-each-test.ts';
import { daysAhead, seedCheckoutSession, seedEnrollment } from './rows.ts';

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

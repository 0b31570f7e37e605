/** A Stripe Customer that somebody deletes at Stripe, with its payment methods, while an enrollment goes on. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { customerIdOfStripe } from '../../db/derived-ids.ts';
import type { Terms } from '../../domain/terms.ts';
import type { EnrollmentInput } from '../../domain/workflow-input.ts';
import { MONTHLY, ONCE, startBilling, type TestBilling } from '../support/billing.ts';
import { waitFor } from '../support/wait.ts';

let billing: TestBilling;
beforeAll(async () => {
  billing = await startBilling();
}, 60_000);
afterAll(() => billing.stop());

const CUSTOMER = { by: 'customer', reason: null };
const ON_DEMAND: Terms = { ...MONTHLY, schedule: { type: 'on_demand' } };

async function stripeCustomerOf({ customerId }: Pick<EnrollmentInput, 'customerId'>): Promise<string> {
  const row = await billing.db
    .selectFrom('customers')
    .select('stripe_customer_id')
    .where('id', '=', customerId)
    .executeTakeFirstOrThrow();
  return String(row.stripe_customer_id);
}

/** Customers at Stripe of one record of ours, without those that were deleted. */
async function customersOf({ customerId }: EnrollmentInput): Promise<string[]> {
  const all = await billing.stripe.customers.list({ limit: 100 }).autoPagingToArray({ limit: 1_000 });
  return all.filter(({ metadata }) => metadata.customer_id === customerId).map(({ id }) => id);
}

/** An enrollment with a saved card, whose Customer is deleted then. */
async function bereft(terms: Terms = ON_DEMAND): Promise<{ input: EnrollmentInput; gone: string }> {
  const input = await billing.enrolled(terms);
  await billing.active(input.enrollmentId);
  const gone = await stripeCustomerOf(input);
  await billing.stripe.customers.del(gone);
  return { input, gone };
}

const opened = (enrollmentId: string) => billing.billing.openCheckoutSession(enrollmentId, CUSTOMER);

async function saveOn(enrollmentId: string, session: { id: string; url: string }): Promise<void> {
  expect(await billing.payOnCheckout(session.url)).toMatchObject({ status: 303 });
  await billing.billing.checkoutSessionCompleted(enrollmentId, session.id);
}

const toldOf = async (enrollmentId: string, what: string) =>
  (await billing.timeline(enrollmentId)).filter((fact) => fact.what === what);

/** The customer saves another method, and the charge is paid with it: one charge, one PaymentIntent. */
async function isPaidOnSaving(
  input: EnrollmentInput,
  asked: { id: string; payment_intent_id: string | null },
): Promise<void> {
  await billing.known(input.enrollmentId, asked.id, 'requires_payment_method');
  await saveOn(input.enrollmentId, await opened(input.enrollmentId));
  const paid = await billing.charged(input.enrollmentId, 1, 'succeeded');
  expect(paid.payment_intent_id).toBe(asked.payment_intent_id);
  expect(await customersOf(input)).toHaveLength(1);
}

describe('a Customer of ours that was deleted', () => {
  it('is replaced when the customer chooses another method, which is charged from then on', async () => {
    const { input, gone } = await bereft();
    const { enrollmentId } = input;
    const session = await opened(enrollmentId);
    const now = await stripeCustomerOf(input);
    expect(now).not.toBe(gone);
    expect(await customersOf(input)).toEqual([now]);
    expect((await billing.stripe.checkout.sessions.retrieve(session.id)).customer).toBe(now);
    expect(await toldOf(enrollmentId, 'stripe_customer.replaced')).toMatchObject([
      { who: 'workflow', why: `${gone} was deleted at Stripe` },
    ]);
    await saveOn(enrollmentId, session);
    await waitFor('the new method', async () => {
      const { default_payment_method_id: id } = await billing.enrollmentRow(enrollmentId);
      const method = id === null ? null : await billing.stripe.paymentMethods.retrieve(id);
      return method?.customer === now;
    });
    const request = { requestKey: 'after', amountMinor: 700, description: null };
    await billing.billing.createCharge(enrollmentId, { by: 'api', reason: null, ...request });
    const { payment_intent_id: paid } = await billing.charged(enrollmentId, 1, 'succeeded');
    expect((await billing.stripe.paymentIntents.retrieve(String(paid))).customer).toBe(now);
  }, 60_000);

  it('is replaced once by enrollments of one customer that ask together, and by one that comes then', async () => {
    const { input, gone } = await bereft();
    const another = { ...(await billing.newInput(ON_DEMAND)), customerId: input.customerId };
    const third = { ...(await billing.newInput(ON_DEMAND)), customerId: input.customerId };
    const answers = await Promise.all([
      opened(input.enrollmentId),
      billing.billing.enroll(another).then(({ checkoutSession }) => checkoutSession),
    ]);
    answers.push((await billing.billing.enroll(third)).checkoutSession);
    const now = await stripeCustomerOf(input);
    expect(now).not.toBe(gone);
    expect(await customersOf(input)).toEqual([now]);
    const sessions = await Promise.all(
      answers.map((session) => billing.stripe.checkout.sessions.retrieve(String(session?.id))),
    );
    expect(sessions.map(({ customer }) => customer)).toEqual([now, now, now]);
  }, 60_000);

  it('is replaced once also when the answer is lost on the way', async () => {
    const { input } = await bereft();
    const match = { method: 'POST', path_prefix: '/v1/customers' };
    await billing.control('faults', { match, kind: 'cut', when: 'after', times: 2 });
    await opened(input.enrollmentId);
    expect(await customersOf(input)).toEqual([await stripeCustomerOf(input)]);
  }, 60_000);

  it('is replaced when a charge falls due, which waits for another method and is paid with it', async () => {
    const { input, gone } = await bereft();
    const { enrollmentId } = input;
    const request = { requestKey: 'due', amountMinor: 700, description: null };
    await billing.billing.createCharge(enrollmentId, { by: 'api', reason: null, ...request });
    const asked = await billing.charged(enrollmentId, 1, 'requires_payment_method');
    expect(asked).toMatchObject({ attempts: 1, last_code: 'payment_method_unusable' });
    const kinds = await billing.db
      .selectFrom('notifications')
      .select('kind')
      .where('enrollment_id', '=', enrollmentId)
      .execute();
    expect(kinds).toEqual([{ kind: 'charge_failed' }]);
    expect(await stripeCustomerOf(input)).not.toBe(gone);
    await isPaidOnSaving(input, asked);
  }, 60_000);

  it('is replaced when a charge falls due, also where the one in its place was deleted too', async () => {
    const { input, gone } = await bereft();
    const { enrollmentId } = input;
    // Another enrollment of the customer has put one in its place.
    const other = { ...(await billing.newInput(ON_DEMAND)), customerId: input.customerId };
    await billing.billing.enroll(other);
    const instead = await stripeCustomerOf(input);
    expect(instead).not.toBe(gone);
    await billing.stripe.customers.del(instead);
    const request = { requestKey: 'due', amountMinor: 700, description: null };
    await billing.billing.createCharge(enrollmentId, { by: 'api', reason: null, ...request });
    const asked = await billing.charged(enrollmentId, 1, 'requires_payment_method');
    await isPaidOnSaving(input, asked);
  }, 60_000);

  it('leaves a charge that was declined before to an operator: its PaymentIntent keeps its Customer', async () => {
    const input = await billing.enrolled(ONCE, '4000000000000341');
    const { enrollmentId } = input;
    const declined = await billing.charged(enrollmentId, 1, 'requires_payment_method');
    await billing.known(enrollmentId, declined.id, 'requires_payment_method');
    await billing.stripe.customers.del(await stripeCustomerOf(input));
    await saveOn(enrollmentId, await opened(enrollmentId));
    const parked = await billing.charged(enrollmentId, 1, 'needs_attention');
    expect(parked.status_reason).toMatch(/^BooksDisagree: pi_\S+ is of another Customer than pm_/);
    await billing.known(enrollmentId, parked.id, 'needs_attention');
    // What the reason and the runbook say.
    const request = { requestKey: 'instead', amountMinor: parked.amount_minor, description: null };
    await billing.billing.createCharge(enrollmentId, { by: 'operator', reason: null, ...request });
    await billing.charged(enrollmentId, 2, 'succeeded');
    await billing.billing.cancelCharge(enrollmentId, parked.id, {
      by: 'operator',
      reason: null,
      as: 'cancel',
    });
    await billing.charged(enrollmentId, 1, 'canceled');
    await waitFor('the end', async () => (await billing.enrollmentRow(enrollmentId)).status === 'completed');
  }, 60_000);
});

describe('a Customer that the caller named and that was deleted', () => {
  it('is not replaced: they hear what to do', async () => {
    const { id: gone } = await billing.stripe.customers.create({ email: 'theirs@example.com' });
    const customerId = customerIdOfStripe(gone);
    await billing.db.insertInto('customers').values({ id: customerId, stripe_customer_id: gone }).execute();
    await billing.stripe.customers.del(gone);
    const input = { ...(await billing.newInput(ON_DEMAND)), customerId };
    await expect(billing.billing.enroll(input)).rejects.toMatchObject({
      code: 'setup_refused',
      message: expect.stringContaining(`'${gone}', which the request named, was deleted at Stripe; enroll`),
    });
    expect(await stripeCustomerOf(input)).toBe(gone);
    expect(await customersOf(input)).toEqual([]);
  }, 60_000);
});

/** Checkouts that a small payment completes, e.g. with iDEAL: what can be charged later is the SEPA debit that Stripe makes of it. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Terms } from '../../domain/terms.ts';
import { MONTHLY, startBilling, type TestBilling } from '../support/billing.ts';
import { waitFor } from '../support/wait.ts';

let billing: TestBilling;
beforeAll(async () => {
  billing = await startBilling();
}, 60_000);
afterAll(() => billing.stop());

const CUSTOMER = { by: 'customer', reason: null };
const TERMS: Terms = { ...MONTHLY, currency: 'eur', schedule: { type: 'on_demand' } };
const IDEAL = { payment_method_type: 'ideal' };

async function paidWithIdeal(how: Record<string, string>, customer: { email?: string } = {}) {
  const input = await billing.newInput(TERMS, customer);
  const { enrollmentId } = input;
  const { checkoutSession } = await billing.billing.enroll(input);
  const id = String(checkoutSession?.id);
  await billing.save(enrollmentId, id, { ...IDEAL, ...how });
  return { enrollmentId, id };
}

const methodsOf = (enrollmentId: string) =>
  billing.db.selectFrom('payment_methods').selectAll().where('enrollment_id', '=', enrollmentId).execute();

describe('a Checkout that iDEAL completes', () => {
  it.each([{}, { email: 'someone@example.com' }])(
    'saves the SEPA debit with its mandate, and charges it: customer %o',
    async (customer) => {
      const { enrollmentId } = await paidWithIdeal({}, customer);
      await billing.active(enrollmentId);
      const [saved] = await methodsOf(enrollmentId);
      expect(saved).toMatchObject({ type: 'sepa_debit', last4: '3000' });
      const method = await billing.stripe.paymentMethods.retrieve(String(saved?.id));
      expect(method.customer).toBe(saved?.stripe_customer_id);
      const mandate = await billing.stripe.mandates.retrieve(String(saved?.mandate_id));
      expect(mandate.payment_method).toBe(saved?.id);
      const ask = { ...CUSTOMER, requestKey: 'one', amountMinor: 700, description: null };
      await billing.billing.createCharge(enrollmentId, ask);
      await billing.charged(enrollmentId, 1, 'processing');
      await billing.billing.cancelEnrollment(enrollmentId, CUSTOMER);
    },
    45_000,
  );

  it('is waited for while the bank has not named the account, and then saved', async () => {
    const { enrollmentId, id } = await paidWithIdeal({ sepa_debit: 'later' });
    await waitFor('the wait', async () =>
      (await billing.timeline(enrollmentId)).some(({ what }) => what === 'payment_method.pending'),
    );
    const session = await billing.stripe.checkout.sessions.retrieve(id);
    await billing.control(`setup_intents/${session.setup_intent}/generate_debit`);
    await billing.deliverEvents();
    await billing.active(enrollmentId);
    expect(await methodsOf(enrollmentId)).toMatchObject([{ type: 'sepa_debit', checkout_session_id: id }]);
    await billing.billing.cancelEnrollment(enrollmentId, CUSTOMER);
  }, 45_000);
});

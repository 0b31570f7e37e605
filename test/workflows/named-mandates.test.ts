/** Debits whose every PaymentIntent names the mandate that the customer gave, as those of Canadian bank accounts do. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Terms } from '../../domain/terms.ts';
import { MONTHLY, startBilling, type TestBilling } from '../support/billing.ts';

let billing: TestBilling;
beforeAll(async () => {
  billing = await startBilling();
}, 60_000);
afterAll(() => billing.stop());

const CUSTOMER = { by: 'customer', reason: null };
const TERMS: Terms = { ...MONTHLY, currency: 'cad', schedule: { type: 'on_demand' } };

it('a pre-authorized debit in Canada is charged under the mandate of its Checkout', async () => {
  const input = await billing.newInput(TERMS);
  const { enrollmentId } = input;
  const { checkoutSession } = await billing.billing.enroll(input);
  await billing.save(enrollmentId, String(checkoutSession?.id), { payment_method_type: 'acss_debit' });
  await billing.active(enrollmentId);
  const saved = await billing.db
    .selectFrom('payment_methods')
    .selectAll()
    .where('enrollment_id', '=', enrollmentId)
    .executeTakeFirstOrThrow();
  expect(saved).toMatchObject({ type: 'acss_debit', last4: '6789', mandate_id: expect.any(String) });
  const ask = { ...CUSTOMER, requestKey: 'one', amountMinor: 700, description: null };
  await billing.billing.createCharge(enrollmentId, ask);
  const row = await billing.charged(enrollmentId, 1, 'processing');
  const { latest_charge: charge } = await billing.stripe.paymentIntents.retrieve(
    String(row.payment_intent_id),
    { expand: ['latest_charge'] },
  );
  expect(charge).toMatchObject({
    payment_method_details: { acss_debit: { mandate: saved.mandate_id } },
  });
  await billing.billing.cancelEnrollment(enrollmentId, CUSTOMER);
}, 45_000);

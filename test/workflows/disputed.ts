/** How the tests of disputes, and of what they hold back, begin. */
import type { Terms } from '../../domain/terms.ts';
import type { TestBilling } from '../support/billing.ts';
import { waitFor } from '../support/wait.ts';

export const BY = { by: 'api:key', reason: null };

/** An enrollment whose first charge was asked for and is paid; `latestCharge` is Stripe's id of it. */
export async function paidEnrollment(billing: TestBilling, terms: Terms) {
  const { enrollmentId } = await billing.enrolled(terms);
  await billing.active(enrollmentId);
  const ask = (requestKey: string) =>
    billing.billing.createCharge(enrollmentId, { ...BY, requestKey, amountMinor: 700, description: null });
  await ask('one');
  const row = await billing.charged(enrollmentId, 1, 'succeeded');
  const { latest_charge } = await billing.stripe.paymentIntents.retrieve(String(row.payment_intent_id));
  return { enrollmentId, chargeId: row.id, latestCharge: String(latest_charge), ask };
}

/** Until the enrollment has been told of a dispute. */
export async function disputeIsKnown(billing: TestBilling, enrollmentId: string): Promise<void> {
  await waitFor('the enrollment to know', async () =>
    JSON.stringify(await billing.history(enrollmentId)).includes('disputesChanged'),
  );
}

/** An enrollment whose first charge is paid and disputed, and a second one asked for meanwhile. */
export async function disputedEnrollment(billing: TestBilling, terms: Terms) {
  const { enrollmentId, latestCharge, ask } = await paidEnrollment(billing, terms);
  const dispute = (await billing.control(`charges/${latestCharge}/dispute`)) as { id: string };
  await billing.deliverEvents();
  await waitFor(
    'the dispute',
    async () => (await billing.chargeRows(enrollmentId))[0]?.dispute_status !== null,
  );
  await disputeIsKnown(billing, enrollmentId);
  await ask('two');
  return { enrollmentId, disputeId: dispute.id };
}

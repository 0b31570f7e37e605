/** How the tests of disputes, and of what they hold back, begin. */
import type { Terms } from '../../domain/terms.ts';
import { disputesChangedSignal } from '../../workflows/messages.ts';
import { MONTHLY, type TestBilling } from '../support/billing.ts';
import { waitFor } from '../support/wait.ts';

export const BY = { by: 'api:key', reason: null };

/** An enrollment whose first charge is paid; `latestCharge` is Stripe's id of it, and `next` makes the second one due. */
export async function paidEnrollment(billing: TestBilling, terms: Terms) {
  const { enrollmentId } = await billing.paidOnce(terms);
  const [row] = await billing.chargeRows(enrollmentId);
  const { latest_charge } = await billing.stripe.paymentIntents.retrieve(String(row?.payment_intent_id));
  const next = () => billing.billing.chargeNow(enrollmentId, BY);
  return { enrollmentId, chargeId: String(row?.id), latestCharge: String(latest_charge), next };
}

/** Until the enrollment has been told of a dispute. */
export async function disputeIsKnown(billing: TestBilling, enrollmentId: string): Promise<void> {
  await waitFor('the enrollment to know', async () =>
    JSON.stringify(await billing.history(enrollmentId)).includes('disputesChanged'),
  );
}

/** An enrollment whose first charge is paid and disputed, and whose second one is due. */
export async function disputedEnrollment(billing: TestBilling, terms: Terms) {
  const { enrollmentId, latestCharge, next } = await paidEnrollment(billing, terms);
  const dispute = (await billing.control(`charges/${latestCharge}/dispute`)) as { id: string };
  await billing.deliverEvents();
  await waitFor(
    'the dispute',
    async () => (await billing.chargeRows(enrollmentId))[0]?.dispute_status !== null,
  );
  await disputeIsKnown(billing, enrollmentId);
  await next();
  return { enrollmentId, disputeId: dispute.id };
}

/** Tells the enrollment how a dispute of its first charge stands. */
export async function tellOfDispute(billing: TestBilling, id: string, status: string): Promise<void> {
  const [charge] = await billing.chargeRows(id);
  const disputes = [{ id: 'dp_1', status }];
  await billing.handle(id).signal(disputesChangedSignal, { chargeId: String(charge?.id), disputes });
}

/**
 * Changes the schedule of an enrollment, while which no charge is opened, and does something before that is over.
 * @returns what came of the change
 */
export async function whileChanging<Answer>(
  billing: TestBilling,
  id: string,
  change: () => Promise<Answer>,
  meanwhile: () => Promise<void>,
): Promise<Answer> {
  const changed = await billing.db.transaction().execute(async (trx) => {
    // What plans anew cannot write before this is over.
    await trx.selectFrom('enrollments').select('id').where('id', '=', id).forUpdate().execute();
    const answer = change();
    answer.catch(() => {});
    await waitFor('the change to be written', async () => {
      const { raw } = await billing.handle(id).describe();
      return raw.pendingActivities?.some(({ activityType }) => activityType?.name === 'planSchedule');
    });
    await meanwhile();
    return { answer };
  });
  return changed.answer;
}

/** An enrollment with charges that were asked for, and that a dispute found accepted and not begun. */
export async function heldRequests(
  billing: TestBilling,
  { terms = MONTHLY, amounts = [700] }: { terms?: Terms; amounts?: number[] } = {},
) {
  const { enrollmentId: id } = await billing.paidOnce(terms);
  const chargeIds: string[] = [];
  await whileChanging(
    billing,
    id,
    () => billing.billing.skipNext(id, BY),
    async () => {
      for (const amountMinor of amounts) {
        const asked = { ...BY, requestKey: `held-${amountMinor}`, amountMinor, description: 'Ride' };
        chargeIds.push((await billing.billing.createCharge(id, asked)).chargeId);
      }
      await tellOfDispute(billing, id, 'needs_response');
    },
  );
  return { id, chargeIds, won: () => tellOfDispute(billing, id, 'won') };
}

/** Disputes: an open one stops further charges, a won one resumes them, a lost one follows the terms; fraud warnings. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { findPaidCharge } from '../../db/aftermath.ts';
import { chargeAftermathWorkflowId } from '../../domain/ids.ts';
import type { Terms } from '../../domain/terms.ts';
import {
  disputesChangedSignal,
  enrollmentStateQuery,
  paymentMethodChangedSignal,
} from '../../workflows/messages.ts';
import { MONTHLY, startBilling, type TestBilling, type WorkerTeam } from '../support/billing.ts';
import { retryNow } from '../support/temporal.ts';
import { virtualClock } from '../support/virtual-clock.ts';
import { waitFor } from '../support/wait.ts';
import { workflowVariant } from '../support/workflow-variant.ts';

let billing: TestBilling;
let workers: WorkerTeam;
beforeAll(async () => {
  billing = await startBilling();
  workers = billing.workers;
}, 60_000);
afterAll(() => billing.stop());

const BY = { by: 'api:key', reason: null };
const ON_DEMAND: Terms = { ...MONTHLY, schedule: { type: 'on_demand' } };

/** An enrollment whose first charge is paid and disputed, and a second one asked for meanwhile. */
async function disputed(terms: Terms) {
  const { enrollmentId } = await billing.enrolled(terms);
  await billing.active(enrollmentId);
  const ask = (requestKey: string) =>
    billing.billing.createCharge(enrollmentId, { ...BY, requestKey, amountMinor: 700, description: null });
  await ask('one');
  const row = await billing.charged(enrollmentId, 1, 'succeeded');
  const intent = await billing.stripe.paymentIntents.retrieve(String(row.payment_intent_id));
  const dispute = (await billing.control(`charges/${intent.latest_charge}/dispute`)) as { id: string };
  await billing.deliverEvents();
  await waitFor(
    'the dispute',
    async () => (await billing.chargeRows(enrollmentId))[0]?.dispute_status !== null,
  );
  await waitFor('the enrollment to know', async () =>
    JSON.stringify(await billing.history(enrollmentId)).includes('disputesChanged'),
  );
  await ask('two');
  return { enrollmentId, disputeId: dispute.id };
}

describe('a dispute', () => {
  it('stops further charges while it is open, and lets them go on when it is won', async () => {
    const { enrollmentId, disputeId } = await disputed(ON_DEMAND);
    expect(await billing.chargeRows(enrollmentId)).toHaveLength(1);
    await billing.control(`disputes/${disputeId}/close`, { won: true });
    await billing.deliverEvents();
    await billing.charged(enrollmentId, 2, 'succeeded');
    expect(await billing.ledger(enrollmentId)).toEqual([
      { kind: 'payment', amount_minor: 700 },
      { kind: 'dispute', amount_minor: -700 },
      { kind: 'dispute_reversed', amount_minor: 700 },
      { kind: 'payment', amount_minor: 700 },
    ]);
    expect((await billing.timeline(enrollmentId)).map(({ what }) => what)).toEqual(
      expect.arrayContaining(['charge.dispute_needs_response', 'charge.dispute_won']),
    );
  }, 60_000);

  it('is booked as won also when the money comes back after it was closed', async () => {
    const { enrollmentId, disputeId } = await disputed(ON_DEMAND);
    await billing.control(`disputes/${disputeId}/close`, { won: true, reinstated: false });
    await billing.deliverEvents();
    await billing.charged(enrollmentId, 2, 'succeeded');
    const [first] = await billing.chargeRows(enrollmentId);
    const aftermath = billing.temporal.client.workflow.getHandle(
      chargeAftermathWorkflowId(String(first?.id)),
    );
    await waitFor(
      'nothing to be followed any more',
      async () => (await aftermath.describe()).status.name === 'COMPLETED',
    );
    await billing.control(`disputes/${disputeId}/reinstate`);
    await billing.deliverEvents();
    await waitFor('the money in the books', async () =>
      (await billing.ledger(enrollmentId)).some(
        ({ kind, amount_minor }) => kind === 'dispute_reversed' && amount_minor === 700,
      ),
    );
  }, 60_000);

  it('cancels the enrollment when it is lost, as the terms say by default', async () => {
    const { enrollmentId, disputeId } = await disputed(ON_DEMAND);
    await billing.control(`disputes/${disputeId}/close`, { won: false });
    await billing.deliverEvents();
    expect(await billing.handle(enrollmentId).result()).toMatchObject({ status: 'canceled' });
    // The second one was accepted and never begun.
    expect(await billing.chargeRows(enrollmentId)).toMatchObject([
      { dispute_status: 'lost' },
      { status: 'canceled', attempts: 0 },
    ]);
  }, 60_000);

  it('pauses the enrollment when it is lost and the terms say so', async () => {
    const { enrollmentId, disputeId } = await disputed({ ...ON_DEMAND, afterLostDispute: 'pause' });
    await billing.control(`disputes/${disputeId}/close`, { won: false });
    await billing.deliverEvents();
    await waitFor('the pause', async () => (await billing.enrollmentRow(enrollmentId)).status === 'paused');
  }, 60_000);
});

describe('an inquiry', () => {
  it('does not keep the payment from being given back', async () => {
    const { enrollmentId } = await billing.enrolled(MONTHLY);
    const row = await billing.charged(enrollmentId, 1, 'succeeded');
    const intent = await billing.stripe.paymentIntents.retrieve(String(row.payment_intent_id));
    await billing.control(`charges/${intent.latest_charge}/dispute`, { inquiry: true });
    await billing.deliverEvents();
    const charge = await waitFor('the inquiry', async () => {
      const known = await findPaidCharge(billing.db, { chargeId: row.id });
      return known?.disputeStatus === 'warning_needs_response' ? known : false;
    });
    const handle = billing.temporal.client.workflow.getHandle(chargeAftermathWorkflowId(row.id));
    await waitFor('its Workflow to know', async () =>
      JSON.stringify(await billing.history(enrollmentId)).includes('disputesChanged'),
    );
    const made = { amountMinor: 980, status: 'succeeded' };
    const asked = { ...BY, requestKey: 'one', amountMinor: null };
    expect(await billing.billing.refundCharge(charge, asked)).toMatchObject(made);
    await handle.terminate('it would look at the inquiry for as long as that takes');
    // Also by a Workflow that begins with what the rows say.
    const next = { ...BY, requestKey: 'two', amountMinor: 1 };
    await expect(billing.billing.refundCharge(charge, next)).rejects.toMatchObject({
      code: 'nothing_to_refund',
    });
  }, 60_000);
});

describe('a dispute while Stripe refuses our key', () => {
  /** An enrollment whose first charge is disputed while reading under `path` is answered with `status`. */
  async function disputedUnder(path: string, status: number) {
    const { enrollmentId } = await billing.enrolled(ON_DEMAND);
    await billing.active(enrollmentId);
    const ask = (requestKey: string) =>
      billing.billing.createCharge(enrollmentId, { ...BY, requestKey, amountMinor: 700, description: null });
    await ask('one');
    const row = await billing.charged(enrollmentId, 1, 'succeeded');
    const intent = await billing.stripe.paymentIntents.retrieve(String(row.payment_intent_id));
    const match = { method: 'GET', path_prefix: path };
    await billing.control('faults', { match, kind: 'status', status, for_seconds: 60 });
    await billing.control(`charges/${intent.latest_charge}/dispute`);
    await billing.deliverEvents();
    const isKnown = async () => {
      await waitFor('the enrollment to know', async () =>
        JSON.stringify(await billing.history(enrollmentId)).includes('disputesChanged'),
      );
      await ask('two');
      expect(await billing.chargeRows(enrollmentId)).toMatchObject([{ dispute_status: 'needs_response' }]);
      expect(await billing.ledger(enrollmentId)).toContainEqual({ kind: 'dispute', amount_minor: -700 });
    };
    return { enrollmentId, aftermath: chargeAftermathWorkflowId(row.id), isKnown };
  }

  it.each([
    [401, '/v1/refunds'],
    [403, '/v1/disputes'],
  ])(
    'F9: is known once the key is mended, without another event: %i of GET %s',
    async (status, path) => {
      const { aftermath, isKnown } = await disputedUnder(path, status);
      const handle = billing.temporal.client.workflow.getHandle(aftermath);
      await waitFor('the refusal', async () => {
        const { raw } = await handle.describe();
        return raw.pendingActivities?.some(({ lastFailure }) => lastFailure?.message?.includes(`${status}`));
      });
      await billing.control('faults/clear');
      await retryNow(billing.temporal, aftermath, 'followAftermath');
      await isKnown();
    },
    60_000,
  );

  it('is known although the key may not read early fraud warnings, which operators hear of', async () => {
    const { enrollmentId, isKnown } = await disputedUnder('/v1/radar/early_fraud_warnings', 403);
    await isKnown();
    expect((await billing.timeline(enrollmentId)).map(({ what }) => what)).toContain(
      'charge.early_fraud_warnings_unreadable',
    );
    await billing.control('faults/clear');
  }, 60_000);
});

describe('a charge that was asked for and that a dispute holds back', () => {
  it('keeps no cancel at the end of the period from taking effect', async () => {
    const { enrollmentId } = await disputed(MONTHLY);
    const { cancelAt } = await billing.billing.cancelAtPeriodEnd(enrollmentId, BY);
    const clock = virtualClock(billing.temporal, `enrollment/${enrollmentId}`);
    await clock.goTo(new Date(Date.parse(cancelAt) + 60_000).toISOString());
    expect(await billing.handle(enrollmentId).result()).toMatchObject({ status: 'canceled' });
    expect((await billing.chargeRows(enrollmentId)).at(-1)).toMatchObject({
      status: 'canceled',
      attempts: 0,
    });
  }, 60_000);
});

describe('a run that older code has left waiting for a dispute', () => {
  it('is canceled on its day by code that knows of it', async () => {
    const older = {
      file: 'workflows/billing.ts',
      from: "return until !== null && patched(PATCHES.cancelOutlivesDispute) ? { kind: 'wait', until } : FOREVER;",
      to: 'return FOREVER;',
    };
    const code = await workflowVariant([older]);
    await workers.stop();
    const before = await billing.addWorkers(code);
    const { enrollmentId } = await disputed(MONTHLY);
    const { cancelAt } = await billing.billing.cancelAtPeriodEnd(enrollmentId, BY);
    await before.stop();
    workers = await billing.addWorkers(billing.bundle);
    await billing.handle(enrollmentId).signal(paymentMethodChangedSignal, {
      paymentMethodId: 'pm_unknown',
      eventType: 'payment_method.updated',
    });
    const clock = virtualClock(billing.temporal, `enrollment/${enrollmentId}`);
    await clock.goTo(new Date(Date.parse(cancelAt) + 60_000).toISOString());
    expect(await billing.handle(enrollmentId).result()).toMatchObject({ status: 'canceled' });
  }, 90_000);
});

describe('a charge of the schedule that a dispute holds back', () => {
  const DAY_MS = 86_400_000;

  /** An enrollment whose first charge is paid and disputed, and whose second is due. */
  async function holding(terms: Partial<Terms> = {}) {
    const { enrollmentId: id } = await billing.enrolled({ ...MONTHLY, ...terms });
    const first = await billing.charged(id, 1, 'succeeded');
    const next = await waitFor('the next charge', async () => (await stateOf(id)).nextChargeAt ?? false);
    const intent = await billing.stripe.paymentIntents.retrieve(String(first.payment_intent_id));
    const dispute = (await billing.control(`charges/${intent.latest_charge}/dispute`)) as { id: string };
    await billing.deliverEvents();
    await waitFor('the enrollment to know', async () =>
      JSON.stringify(await billing.history(id)).includes('disputesChanged'),
    );
    const clock = virtualClock(billing.temporal, `enrollment/${id}`);
    await clock.goTo(new Date(Date.parse(next) + DAY_MS).toISOString());
    const close = async (won: boolean) => {
      await billing.control(`disputes/${dispute.id}/close`, { won });
      await billing.deliverEvents();
    };
    return { id, next, clock, close };
  }

  const stateOf = (id: string) => billing.handle(id).query(enrollmentStateQuery);

  /** What an operator reads first in the Temporal UI. */
  async function headline(id: string): Promise<string | undefined> {
    const handle = billing.handle(id);
    const { currentDetails } = await handle.query<{ currentDetails: string }>('__temporal_workflow_metadata');
    return currentDetails.split('\n')[0];
  }

  it('is made once it is won, also when a pause began and ended meanwhile', async () => {
    const { id, next, clock, close } = await holding();
    await billing.billing.pauseEnrollment(id, { ...BY, resumeAt: null });
    await clock.goTo(new Date(Date.parse(next) + 40 * DAY_MS).toISOString());
    await billing.billing.resumeEnrollment(id, BY);
    expect(await billing.chargeRows(id)).toHaveLength(1);
    await close(true);
    expect((await billing.charged(id, 2, 'succeeded')).due_at.toISOString()).toBe(next);
    const after = await waitFor('the next charge', async () => (await stateOf(id)).nextChargeAt ?? false);
    expect(Date.parse(after)).toBeGreaterThan(Date.parse(next) + 50 * DAY_MS);
    // One fell into the pause.
    expect(await billing.chargeRows(id)).toHaveLength(2);
    expect(await billing.timeline(id)).toContainEqual({
      what: 'schedule.passed_over',
      who: 'workflow',
      why: 'they fell into a pause',
    });
  }, 60_000);

  it('waits until somebody resumes the enrollment when it is lost and the terms pause', async () => {
    const { id, next, close } = await holding({ afterLostDispute: 'pause' });
    await close(false);
    await waitFor('the pause', async () => (await billing.enrollmentRow(id)).status === 'paused');
    expect(await stateOf(id)).toMatchObject({ nextChargeAt: next, charges: [] });
    await billing.billing.resumeEnrollment(id, BY);
    expect((await billing.charged(id, 2, 'succeeded')).due_at.toISOString()).toBe(next);
  }, 60_000);

  it('waits for that also in a pause that had begun before and was to end by itself', async () => {
    const { id, next, clock, close } = await holding({ afterLostDispute: 'pause' });
    const resumeAt = new Date(Date.parse(next) + 10 * DAY_MS).toISOString();
    await billing.billing.pauseEnrollment(id, { ...BY, resumeAt });
    await close(false);
    await waitFor('the row to say until when', async () => {
      const { paused_until: until } = await billing.enrollmentRow(id);
      return until === null;
    });
    await clock.goTo(new Date(Date.parse(next) + 12 * DAY_MS).toISOString());
    expect(await billing.enrollmentRow(id)).toMatchObject({ status: 'paused', next_charge_at: null });
    expect(await billing.chargeRows(id)).toHaveLength(1);
    expect((await billing.timeline(id)).at(-1)).toMatchObject({
      what: 'enrollment.paused',
      who: 'stripe',
      why: expect.stringContaining('was lost'),
    });
    await billing.billing.resumeEnrollment(id, BY);
    expect((await billing.charged(id, 2, 'succeeded')).due_at.toISOString()).toBe(next);
  }, 60_000);

  it('is not replaced by a later one that falls into a pause, where only the latest is collected', async () => {
    const { id, next, clock, close } = await holding({ catchUp: 'charge_latest' });
    await billing.billing.pauseEnrollment(id, { ...BY, resumeAt: null });
    await clock.goTo(new Date(Date.parse(next) + 40 * DAY_MS).toISOString());
    const amount = { ...BY, amountMinor: 1_200, effective: 'from_next' as const };
    await billing.billing.changeAmount(id, amount);
    await close(true);
    const charge = await billing.charged(id, 2, 'succeeded');
    expect({ ...charge, due_at: charge.due_at.toISOString() }).toMatchObject({
      due_at: next,
      amount_minor: 1_200,
    });
  }, 60_000);

  it('stays owed after a cancel at the end of its period, which ends with the charge that is not owed', async () => {
    const { id, next, clock, close } = await holding();
    const preview = await billing.billing.previewCancel(id, 'at_period_end');
    const { cancelAt } = await billing.billing.cancelAtPeriodEnd(id, BY);
    expect(Date.parse(cancelAt)).toBeGreaterThan(Date.parse(next) + 27 * DAY_MS);
    expect(preview).toMatchObject({
      takesEffectAt: cancelAt,
      nextChargeStopped: { occurrence: 2, dueAt: cancelAt },
      stillOwedMinor: 980,
    });
    await clock.goTo(new Date(Date.parse(cancelAt) + DAY_MS).toISOString());
    expect(await billing.enrollmentRow(id)).toMatchObject({ status: 'active' });
    expect(await headline(id)).toMatch(
      /^\*\*Active\.\*\* A dispute is open: .* Held back and still owed: JPY 980, due .* Canceled by api:key as of /,
    );
    // It would never be opened, and be written off with the end.
    await expect(
      billing.billing.createCharge(id, { ...BY, requestKey: 'late', amountMinor: 700, description: null }),
    ).rejects.toMatchObject({ code: 'cancel_pending' });
    await close(true);
    expect((await billing.charged(id, 2, 'succeeded')).due_at.toISOString()).toBe(next);
    expect(await billing.handle(id).result()).toMatchObject({ status: 'canceled', chargesSucceeded: 2 });
    expect(await billing.chargeRows(id)).toHaveLength(2);
  }, 60_000);

  it('stays owed after such a cancel in a pause too, and nothing that falls into the pause is', async () => {
    const { id, next, clock, close } = await holding();
    await billing.billing.pauseEnrollment(id, { ...BY, resumeAt: null });
    await clock.goTo(new Date(Date.parse(next) + 40 * DAY_MS).toISOString());
    // The period that is owed was over in the pause.
    const { cancelAt } = await billing.billing.cancelAtPeriodEnd(id, BY);
    expect(Date.parse(cancelAt)).toBeLessThan(Date.parse(next) + 41 * DAY_MS);
    await close(true);
    expect(await billing.handle(id).result()).toMatchObject({ status: 'canceled', chargesSucceeded: 2 });
    expect((await billing.chargeRows(id)).map(({ due_at }) => due_at.toISOString())[1]).toBe(next);
    expect(await billing.chargeRows(id)).toHaveLength(2);
  }, 60_000);

  it('waits after such a cancel, too, until somebody resumes the enrollment that a lost dispute has paused', async () => {
    const { id, next, clock, close } = await holding({ afterLostDispute: 'pause' });
    await close(false);
    await waitFor('the pause', async () => (await billing.enrollmentRow(id)).status === 'paused');
    const { cancelAt } = await billing.billing.cancelAtPeriodEnd(id, BY);
    await clock.goTo(new Date(Date.parse(cancelAt) + DAY_MS).toISOString());
    expect(await billing.enrollmentRow(id)).toMatchObject({ status: 'paused' });
    expect(await headline(id)).toMatch(/rests\. Held back and still owed: JPY 980, due .* Canceled by /);
    expect(await billing.chargeRows(id)).toHaveLength(1);
    await billing.billing.resumeEnrollment(id, BY);
    expect((await billing.charged(id, 2, 'succeeded')).due_at.toISOString()).toBe(next);
    expect(await billing.handle(id).result()).toMatchObject({ status: 'canceled', chargesSucceeded: 2 });
  }, 60_000);

  it('is the latest before such a cancel where only the latest is collected', async () => {
    const { id, next, clock, close } = await holding({ catchUp: 'charge_latest' });
    await clock.goTo(new Date(Date.parse(next) + 40 * DAY_MS).toISOString());
    const { cancelAt } = await billing.billing.cancelAtPeriodEnd(id, BY);
    expect(Date.parse(cancelAt)).toBeGreaterThan(Date.parse(next) + 50 * DAY_MS);
    await clock.goTo(new Date(Date.parse(cancelAt) + 40 * DAY_MS).toISOString());
    await close(true);
    expect(await billing.handle(id).result()).toMatchObject({ status: 'canceled', chargesSucceeded: 2 });
    const [, second] = await billing.chargeRows(id);
    expect(Number(second?.due_at)).toBeGreaterThan(Date.parse(next) + 27 * DAY_MS);
    expect(Number(second?.due_at)).toBeLessThan(Date.parse(cancelAt));
  }, 60_000);

  it('is the last one, and leaves no period that a cancel could wait for', async () => {
    const { id } = await holding({
      schedule: { ...(MONTHLY.schedule as Extract<Terms['schedule'], { type: 'recurring' }>), maxCharges: 2 },
    });
    await expect(billing.billing.cancelAtPeriodEnd(id, BY)).rejects.toMatchObject({
      code: 'nothing_to_change',
    });
    expect(await billing.chargeRows(id)).toHaveLength(1);
  }, 60_000);

  it('is not owed after a cancel at once that comes while the end of its period is looked for', async () => {
    const { id } = await holding();
    await workers.stop();
    const deaf = await billing.addWorkers(billing.bundle, { activities: {} });
    const later = billing.billing.cancelAtPeriodEnd(id, BY).catch((error: { code?: string }) => error.code);
    const pending = async () => (await billing.handle(id).describe()).raw.pendingActivities?.length ?? 0;
    await waitFor('the look', async () => (await pending()) === 1);
    const atOnce = billing.billing.cancelEnrollment(id, BY);
    await waitFor('the cancel', async () => (await pending()) > 1);
    await deaf.stop();
    workers = await billing.addWorkers(billing.bundle);
    expect(await later).toBe('enrollment_ended');
    await atOnce;
    expect(await billing.handle(id).result()).toMatchObject({ status: 'canceled', chargesSucceeded: 1 });
    expect(await billing.enrollmentRow(id)).toMatchObject({ status: 'canceled', cancel_at: null });
    expect((await billing.chargeRows(id)).at(-1)).toMatchObject({ status: 'canceled', attempts: 0 });
  }, 60_000);

  it('is shown as canceled when it is lost and the terms cancel', async () => {
    const { id, next, close } = await holding();
    await close(false);
    expect(await billing.handle(id).result()).toMatchObject({ status: 'canceled', chargesSucceeded: 1 });
    const [, second] = await billing.chargeRows(id);
    expect(second).toMatchObject({ status: 'canceled', attempts: 0, occurrence: 1, due_at: new Date(next) });
  }, 60_000);
});

describe('a dispute of a payment in another currency than the account', () => {
  it('is booked as the payment was, in the currency of the charge', async () => {
    await billing.control('settings', { settlementCurrency: 'usd', settlementRate: 0.0065 });
    try {
      const { enrollmentId, disputeId } = await disputed(ON_DEMAND);
      const { balance_transactions: moved } = await billing.stripe.disputes.retrieve(disputeId);
      expect(moved).toMatchObject([{ amount: -455, currency: 'usd' }]);
      await billing.control(`disputes/${disputeId}/close`, { won: true });
      await billing.deliverEvents();
      await billing.charged(enrollmentId, 2, 'succeeded');
      const entries = await billing.db
        .selectFrom('ledger_entries')
        .select(['kind', 'amount_minor', 'currency'])
        .where('enrollment_id', '=', enrollmentId)
        .orderBy('seq')
        .execute();
      expect(entries).toEqual([
        { kind: 'payment', amount_minor: 700, currency: 'jpy' },
        { kind: 'dispute', amount_minor: -700, currency: 'jpy' },
        { kind: 'dispute_reversed', amount_minor: 700, currency: 'jpy' },
        { kind: 'payment', amount_minor: 700, currency: 'jpy' },
      ]);
    } finally {
      await billing.control('settings', { settlementCurrency: null });
    }
  }, 60_000);
});

describe('an early fraud warning', () => {
  it('is told in the timeline', async () => {
    const { enrollmentId } = await billing.enrolled(MONTHLY, '4000000000005423');
    await billing.charged(enrollmentId, 1, 'succeeded');
    await billing.deliverEvents();
    await waitFor('the warning', async () =>
      (await billing.timeline(enrollmentId)).some(({ what }) => what === 'charge.early_fraud_warning'),
    );
  }, 45_000);
});

describe('a dispute that is lost while its enrollment is being resumed', () => {
  it('pauses it until somebody resumes it once more, as the terms say', async () => {
    const { enrollmentId: id } = await billing.paidOnce({ ...MONTHLY, afterLostDispute: 'pause' });
    const [charge] = await billing.chargeRows(id);
    await billing.billing.pauseEnrollment(id, { ...BY, resumeAt: null });
    await billing.db.transaction().execute(async (trx) => {
      // What resumes it cannot be written before this is over.
      await trx.selectFrom('enrollments').select('id').where('id', '=', id).forUpdate().execute();
      billing.billing.resumeEnrollment(id, BY).catch(() => {});
      await waitFor('the resume to be written', async () => {
        const { raw } = await billing.handle(id).describe();
        return raw.pendingActivities?.some(({ activityType }) => activityType?.name === 'planSchedule');
      });
      await billing.handle(id).signal(disputesChangedSignal, {
        chargeId: String(charge?.id),
        disputes: [{ id: 'dp_1', status: 'lost' }],
      });
      await waitFor('the enrollment to know', async () => {
        const { events } = await billing.history(id);
        const told = events?.findIndex((event) => event.workflowExecutionSignaledEventAttributes) ?? -1;
        return events?.slice(told).some((event) => event.workflowTaskCompletedEventAttributes) && told >= 0;
      });
    });
    await waitFor('the pause', async () => (await billing.enrollmentRow(id)).status === 'paused');
    await waitFor('the Workflow to say so', async () => (await billing.stateOf(id)).status === 'paused');
    await waitFor('the timeline to tell of both pauses', async () => {
      const told = (await billing.timeline(id)).map(({ what }) => what);
      return told.filter((what) => what === 'enrollment.paused').length === 2;
    });
    expect(await billing.enrollmentRow(id)).toMatchObject({ status: 'paused', paused_until: null });
  }, 60_000);
});

/** What an open dispute holds back: a charge that was asked for, and a charge of the schedule. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { defaultPayloadConverter } from '@temporalio/common';
import type { Terms } from '../../domain/terms.ts';
import { enrollmentStateQuery, paymentMethodChangedSignal } from '../../workflows/messages.ts';
import { MONTHLY, startBilling, type TestBilling, type WorkerTeam } from '../support/billing.ts';
import { virtualClock } from '../support/virtual-clock.ts';
import { waitFor } from '../support/wait.ts';
import { workflowVariant } from '../support/workflow-variant.ts';
import { BY, heldRequests } from './disputed.ts';

let billing: TestBilling;
let workers: WorkerTeam;
beforeAll(async () => {
  billing = await startBilling();
  workers = billing.workers;
}, 60_000);
afterAll(() => billing.stop());

describe('a charge that was asked for and that a dispute holds back', () => {
  it('keeps no cancel at the end of the period from taking effect', async () => {
    const { id: enrollmentId } = await heldRequests(billing);
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
    const { id: enrollmentId } = await heldRequests(billing);
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

  /** Until when its second charge was held back, as the Activity is told that makes it. */
  async function heldUntil(id: string): Promise<string | undefined> {
    const { events = [] } = await billing.history(id);
    const asked = (events ?? [])
      .map(({ activityTaskScheduledEventAttributes: scheduled }) => scheduled)
      .filter((scheduled) => scheduled?.activityType?.name === 'collectCharge')
      .map((scheduled) => defaultPayloadConverter.fromPayload<Told>(scheduled?.input?.payloads?.[0] ?? {}));
    expect(asked.map(({ toldCharge: { number } }) => number)).toEqual([1, 2]);
    expect(asked[0]).not.toHaveProperty('heldUntil');
    return asked[1]?.heldUntil;
  }
  interface Told {
    toldCharge: { number: number };
    heldUntil?: string;
  }

  it('is made once it is won, and not taken for late', async () => {
    const { id, next, close } = await holding();
    await close(true);
    await billing.charged(id, 2, 'succeeded');
    expect(Date.parse((await heldUntil(id)) ?? '')).toBeGreaterThanOrEqual(Date.parse(next) + DAY_MS);
  }, 60_000);

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
    expect(Date.parse((await heldUntil(id)) ?? '')).toBeGreaterThanOrEqual(Date.parse(next) + DAY_MS);
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

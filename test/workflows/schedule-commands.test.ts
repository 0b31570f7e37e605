/** What a customer or operator can change about a running schedule. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import { createChargeActivities } from '../../activities/charges.ts';
import { findKeyedCommand } from '../../db/enrollment-history.ts';
import { findEnrollmentView } from '../../db/enrollment-views.ts';
import { spreadOffsetMs } from '../../domain/spread.ts';
import type { Terms } from '../../domain/terms.ts';
import { enrollmentStateQuery } from '../../workflows/messages.ts';
import { MONTHLY, startBilling, type TestBilling } from '../support/billing.ts';
import { fastForward } from '../support/temporal.ts';
import { waitFor } from '../support/wait.ts';

let billing: TestBilling;
beforeAll(async () => {
  billing = await startBilling();
}, 60_000);
afterAll(() => billing.stop());

const BY = { by: 'customer', reason: 'on holiday' };
const DAY_MS = 86_400_000;

const daysAhead = (at: Date | string) => (new Date(at).getTime() - Date.now()) / DAY_MS;

describe('the schedule', () => {
  it('leaves the next charge out, and the one after it keeps its day', async () => {
    const { enrollmentId, next } = await billing.paidOnce();
    const answer = await billing.billing.skipNext(enrollmentId, BY);
    expect(daysAhead(String(answer.next?.dueAt))).toBeGreaterThan(daysAhead(next) + 27);
    expect((await billing.enrollmentRow(enrollmentId)).next_charge_at?.toISOString()).toBe(
      answer.next?.dueAt,
    );
    expect(await billing.timeline(enrollmentId)).toContainEqual({
      what: 'schedule.skipped',
      who: BY.by,
      why: BY.reason,
    });
  }, 30_000);

  it('moves the next charge within its bounds', async () => {
    const { enrollmentId } = await billing.paidOnce();
    const soon = new Date(Date.now() + 5 * DAY_MS).toISOString();
    expect(await billing.billing.moveNext(enrollmentId, { ...BY, dueAt: soon })).toMatchObject({
      next: { occurrence: 1, dueAt: soon },
    });
    const late = new Date(Date.now() + 90 * DAY_MS).toISOString();
    await expect(billing.billing.moveNext(enrollmentId, { ...BY, dueAt: late })).rejects.toMatchObject({
      code: 'move_past_following',
    });
    const past = new Date(Date.now() - DAY_MS).toISOString();
    await expect(billing.billing.moveNext(enrollmentId, { ...BY, dueAt: past })).rejects.toMatchObject({
      code: 'move_not_ahead',
    });
  }, 30_000);

  it('stays as it was moved when a try of the charge before, given up for dead, writes it once more', async () => {
    const { enrollmentId } = await billing.paidOnce();
    const soon = new Date(Date.now() + 5 * DAY_MS).toISOString();
    await billing.billing.moveNext(enrollmentId, { ...BY, dueAt: soon });
    const moved = await billing.enrollmentRow(enrollmentId);
    await collectAgain(enrollmentId);
    expect(await billing.enrollmentRow(enrollmentId)).toMatchObject({
      next_charge_at: moved.next_charge_at,
      next_charge_amount_minor: moved.next_charge_amount_minor,
    });
  }, 30_000);

  /** What the first charge's Activity was asked for is done once more. */
  async function collectAgain(enrollmentId: string): Promise<void> {
    const { events } = await billing.history(enrollmentId);
    const inputs = events
      ?.map(({ activityTaskScheduledEventAttributes: asked }) => asked)
      .filter((asked) => asked?.activityType?.name === 'collectCharge')
      .map((asked) => JSON.parse(String(asked?.input?.payloads?.[0]?.data)));
    const links = { create: async () => 'http://127.0.0.1:3000/c/link' };
    const { collectCharge } = createChargeActivities({ ...billing, links, livemode: false });
    const now = Date.now();
    const justNow = { scheduledTimestampMs: now, currentAttemptScheduledTimestampMs: now };
    await new MockActivityEnvironment({ attempt: 2, ...justNow }).run(collectCharge, inputs?.[0]);
  }

  it('changes before the first charge, which is then made so', async () => {
    const startsAt = new Date(Date.now() + 20 * DAY_MS).toISOString();
    const { enrollmentId } = await billing.enrolled({
      ...MONTHLY,
      schedule: { ...MONTHLY.schedule, startsAt } as Terms['schedule'],
    });
    await billing.active(enrollmentId);
    await billing.billing.changeAmount(enrollmentId, { ...BY, amountMinor: 700, effective: 'from_next' });
    await billing.billing.chargeNow(enrollmentId, BY);
    expect(await billing.charged(enrollmentId, 1, 'succeeded')).toMatchObject({ amount_minor: 700 });
  }, 30_000);

  it('takes another amount also while the payment method is being saved', async () => {
    const input = await billing.newInput(MONTHLY);
    const { enrollmentId } = input;
    const { checkoutSession } = await billing.billing.enroll(input);
    const session = String(checkoutSession?.id);
    const match = { method: 'GET', path_prefix: `/v1/checkout/sessions/${session}` };
    await billing.control('faults', { match, kind: 'delay', delay_ms: 2_500, when: 'after', times: 1 });
    await billing.save(enrollmentId, session, {});
    await waitFor('it to be read', async () =>
      (await billing.history(enrollmentId)).events?.some(
        ({ activityTaskScheduledEventAttributes: activity }) =>
          activity?.activityType?.name === 'savePaymentMethod',
      ),
    );
    await billing.billing.changeAmount(enrollmentId, { ...BY, amountMinor: 700, effective: 'from_next' });
    expect(await billing.charged(enrollmentId, 1, 'succeeded')).toMatchObject({ amount_minor: 700 });
    await waitFor('the next charge', async () => {
      const { next_charge_amount_minor: amountMinor, next_charge_at: at } =
        await billing.enrollmentRow(enrollmentId);
      return at !== null && at > new Date() && amountMinor === 700;
    });
  }, 30_000);

  it('makes the next charge now, once', async () => {
    const { enrollmentId, next } = await billing.paidOnce();
    await billing.billing.chargeNow(enrollmentId, BY);
    await billing.charged(enrollmentId, 2, 'succeeded');
    const after = await waitFor('the next plan', async () => {
      const { next_charge_at } = await billing.enrollmentRow(enrollmentId);
      return next_charge_at !== null && next_charge_at > next ? next_charge_at : false;
    });
    expect(daysAhead(after)).toBeGreaterThan(daysAhead(next) + 27);
    expect(await billing.chargeRows(enrollmentId)).toHaveLength(2);
  }, 30_000);

  it('is not changed for the charge after the one that is being tried, which still counts as the next', async () => {
    const { enrollmentId } = await billing.paidOnce();
    const match = { method: 'POST', path_prefix: '/v1/payment_intents' };
    await billing.control('faults', { match, kind: 'delay', delay_ms: 2_500, when: 'after', times: 1 });
    const keyed = { ...BY, requestKey: 'now' };
    const first = await billing.billing.chargeNow(enrollmentId, keyed);
    await waitFor('it to be tried', async () => (await billing.stateOf(enrollmentId)).charges.length > 0);
    const busy = { code: 'charge_busy' };
    const dueAt = new Date(Date.now() + DAY_MS).toISOString();
    await expect(billing.billing.chargeNow(enrollmentId, BY)).rejects.toMatchObject(busy);
    await expect(billing.billing.skipNext(enrollmentId, BY)).rejects.toMatchObject(busy);
    await expect(billing.billing.moveNext(enrollmentId, { ...BY, dueAt })).rejects.toMatchObject(busy);
    expect(await billing.billing.chargeNow(enrollmentId, keyed)).toEqual(first);
    await billing.charged(enrollmentId, 2, 'succeeded');
    expect(await billing.chargeRows(enrollmentId)).toHaveLength(2);
  }, 30_000);

  it('takes another amount from the next charge on', async () => {
    const { enrollmentId } = await billing.paidOnce();
    const answer = await billing.billing.changeAmount(enrollmentId, {
      ...BY,
      amountMinor: 1_500,
      effective: 'from_next',
    });
    expect(answer).toMatchObject({ next: { amountMinor: 1_500 }, balanceMinor: 0, chargeId: null });
    await billing.billing.chargeNow(enrollmentId, BY);
    expect(await billing.charged(enrollmentId, 2, 'succeeded')).toMatchObject({ amount_minor: 1_500 });
  }, 30_000);

  it('tells its price and what was left over, also in a pause and after its end', async () => {
    const { enrollmentId } = await billing.enrolled(MONTHLY);
    const told = async () => {
      const view = await findEnrollmentView(billing.db, enrollmentId);
      return {
        price: view?.recurring_minor,
        balance: view?.balance_minor,
        next: view?.next_charge_amount_minor,
      };
    };
    const changeTo = (amountMinor: number, effective: 'from_next' | 'at_once') =>
      billing.billing.changeAmount(enrollmentId, { ...BY, amountMinor, effective });
    await billing.charged(enrollmentId, 1, 'succeeded');
    expect(await told()).toMatchObject({ price: 980, balance: 0 });
    await changeTo(700, 'from_next');
    await billing.billing.pauseEnrollment(enrollmentId, { ...BY, resumeAt: null });
    expect(await told()).toEqual({ price: 700, balance: 0, next: null });
    const { balanceMinor } = await changeTo(300, 'at_once');
    expect(balanceMinor).toBeLessThan(-300);
    expect(await told()).toEqual({ price: 300, balance: balanceMinor, next: null });
    await billing.billing.resumeEnrollment(enrollmentId, BY);
    expect(await told()).toEqual({ price: 300, balance: balanceMinor, next: 0 });
    await billing.billing.chargeNow(enrollmentId, BY);
    await waitFor('the balance to pay', async () => (await told()).balance === balanceMinor + 300);
    await billing.billing.cancelEnrollment(enrollmentId, BY);
    expect(await told()).toEqual({ price: 300, balance: balanceMinor + 300, next: null });
  }, 30_000);

  it('charges the rest of the period at once when the amount goes up, and credits it when it goes down', async () => {
    const { enrollmentId } = await billing.paidOnce();
    const up = { ...BY, amountMinor: 1_960, effective: 'at_once' as const };
    const raised = await billing.billing.changeAmount(enrollmentId, up);
    expect(raised.chargeId).not.toBeNull();
    // Seconds of the month have passed.
    const rest = await billing.charged(enrollmentId, 2, 'succeeded');
    expect(rest.amount_minor).toBeGreaterThan(970);
    expect(rest.amount_minor).toBeLessThanOrEqual(980);
    const repeated = { ...up, amountMinor: 1_970, requestKey: 'price' };
    const first = await billing.billing.changeAmount(enrollmentId, repeated);
    expect(await billing.billing.changeAmount(enrollmentId, repeated)).toEqual(first);
    expect((await findKeyedCommand(billing.db, enrollmentId, 'price'))?.details).toEqual({
      amount_minor: 1_970,
      effective: 'at_once',
      balance_minor: first.balanceMinor,
      charge_id: first.chargeId,
      request_key: 'price',
      request: 'amount {"amount_minor":1970,"effective":"at_once"}',
    });
    const told = await billing.timeline(enrollmentId);
    expect(told.filter(({ what }) => what === 'schedule.amount_changed')).toHaveLength(2);
    const half = { ...BY, amountMinor: 490, effective: 'at_once' as const };
    const lowered = await billing.billing.changeAmount(enrollmentId, half);
    expect(lowered.chargeId).toBeNull();
    expect(lowered.balanceMinor).toBeGreaterThanOrEqual(-1_480);
    expect(lowered.balanceMinor).toBeLessThan(-1_450);
    // The credit pays for the next charge.
    expect((await billing.enrollmentRow(enrollmentId)).next_charge_amount_minor).toBe(0);
    await billing.billing.chargeNow(enrollmentId, BY);
    await waitFor('the balance to pay', async () =>
      (await billing.timeline(enrollmentId)).some(({ what }) => what === 'schedule.paid_from_balance'),
    );
    expect(await billing.chargeRows(enrollmentId)).toHaveLength(2);
  }, 30_000);

  it.each([
    ['a credit', 900],
    ['what was too little to charge', 1_000],
  ])(
    'tells the next charge as what is then charged, with %s',
    async (_left, amountMinor) => {
      const { enrollmentId } = await billing.paidOnce();
      const changed = { ...BY, amountMinor, effective: 'at_once' as const };
      const answer = await billing.billing.changeAmount(enrollmentId, changed);
      expect(answer).toMatchObject({
        chargeId: null,
        next: { amountMinor: amountMinor + answer.balanceMinor },
      });
      const told = Number((await billing.enrollmentRow(enrollmentId)).next_charge_amount_minor);
      await billing.billing.chargeNow(enrollmentId, BY);
      expect(await billing.charged(enrollmentId, 2, 'succeeded')).toMatchObject({ amount_minor: told });
      // The one after it is as agreed again.
      expect((await billing.enrollmentRow(enrollmentId)).next_charge_amount_minor).toBe(amountMinor);
    },
    30_000,
  );

  it('does not forget a charge that fell due before, while no Worker was there', async () => {
    const { enrollmentId, next } = await billing.paidOnce();
    await billing.workers.stop();
    await fastForward(billing.temporal, `enrollment/${enrollmentId}`, daysAhead(next) * DAY_MS + 60_000);
    // The server jumps when it gets round to it; the pause must come after.
    await waitFor('the timer to fire', async () =>
      (await billing.history(enrollmentId)).events?.some((event) => event.timerFiredEventAttributes),
    );
    const paused = billing.billing.pauseEnrollment(enrollmentId, { ...BY, resumeAt: null });
    await billing.addWorkers(billing.bundle);
    expect(await paused).toEqual({ status: 'paused' });
    const charge = await billing.charged(enrollmentId, 2, 'succeeded');
    expect(charge.due_at).toEqual(next);
    expect(await billing.enrollmentRow(enrollmentId)).toMatchObject({ status: 'paused' });
  }, 60_000);

  it('falls due at its own time where the terms agree on a spread', async () => {
    const startsAt = `${new Date(Date.now() + 2 * DAY_MS).toISOString().slice(0, 10)}T09:00:00.000Z`;
    const spread = { startsAt, timeZone: 'UTC', spread: { minutes: 180 } };
    const terms = { ...MONTHLY, schedule: { ...MONTHLY.schedule, ...spread } as Terms['schedule'] };
    const { enrollmentId } = await billing.enrolled(terms);
    await billing.active(enrollmentId);
    const dueAt = new Date(Date.parse(startsAt) + spreadOffsetMs(enrollmentId, 180 * 60_000));
    const told = await billing.handle(enrollmentId).query(enrollmentStateQuery);
    expect(told.nextChargeAt).toBe(dueAt.toISOString());
    expect((await billing.enrollmentRow(enrollmentId)).next_charge_at).toEqual(dueAt);
    await fastForward(billing.temporal, `enrollment/${enrollmentId}`, daysAhead(dueAt) * DAY_MS + 60_000);
    expect((await billing.charged(enrollmentId, 1, 'succeeded')).due_at).toEqual(dueAt);
    const next = await waitFor('the next plan', async () => {
      const { next_charge_at } = await billing.enrollmentRow(enrollmentId);
      return next_charge_at !== null && next_charge_at > dueAt && next_charge_at;
    });
    // A month later at the same time.
    expect(next.toISOString().slice(10)).toBe(dueAt.toISOString().slice(10));
  }, 45_000);

  it('rests until the day that was said; what fell into the pause is not owed', async () => {
    const { enrollmentId, next } = await billing.paidOnce();
    const resumeAt = new Date(next.getTime() + 10 * DAY_MS).toISOString();
    expect(await billing.billing.pauseEnrollment(enrollmentId, { ...BY, resumeAt })).toEqual({
      status: 'paused',
    });
    const row = await billing.enrollmentRow(enrollmentId);
    expect(row).toMatchObject({ status: 'paused', next_charge_at: null });
    expect(row.paused_until?.toISOString()).toBe(resumeAt);
    await expect(
      billing.billing.pauseEnrollment(enrollmentId, { ...BY, resumeAt: null }),
    ).rejects.toMatchObject({ code: 'enrollment_paused' });
    await fastForward(billing.temporal, `enrollment/${enrollmentId}`, daysAhead(resumeAt) * DAY_MS + 60_000);
    await waitFor('the end of the pause', async () => {
      return (await billing.enrollmentRow(enrollmentId)).status === 'active';
    });
    const after = await billing.enrollmentRow(enrollmentId);
    expect(Number(after.next_charge_at)).toBeGreaterThan(Date.parse(resumeAt));
    expect(await billing.chargeRows(enrollmentId)).toHaveLength(1);
  }, 45_000);

  it('ends with the period, unless that is taken back', async () => {
    const { enrollmentId, next } = await billing.paidOnce();
    const { cancelAt } = await billing.billing.cancelAtPeriodEnd(enrollmentId, BY);
    expect(cancelAt).toBe(next.toISOString());
    expect((await billing.enrollmentRow(enrollmentId)).cancel_at?.toISOString()).toBe(cancelAt);
    expect(await billing.billing.previewCancel(enrollmentId, 'at_period_end')).toMatchObject({
      takesEffectAt: cancelAt,
      stillOwedMinor: 0,
    });
    await billing.billing.undoCancel(enrollmentId, BY);
    await expect(billing.billing.undoCancel(enrollmentId, BY)).rejects.toMatchObject({
      code: 'no_cancel_pending',
    });
    await billing.billing.cancelAtPeriodEnd(enrollmentId, BY);
    await fastForward(billing.temporal, `enrollment/${enrollmentId}`, daysAhead(next) * DAY_MS + 60_000);
    expect(await billing.handle(enrollmentId).result()).toMatchObject({
      status: 'canceled',
      reason: BY.reason,
      chargesSucceeded: 1,
    });
  }, 45_000);

  it('owes nothing for what fell into a pause that somebody ended', async () => {
    const { enrollmentId, next } = await billing.paidOnce();
    await billing.billing.pauseEnrollment(enrollmentId, { ...BY, resumeAt: null });
    await fastForward(billing.temporal, `enrollment/${enrollmentId}`, daysAhead(next) * DAY_MS + 45 * DAY_MS);
    await billing.billing.resumeEnrollment(enrollmentId, BY);
    expect(await billing.chargeRows(enrollmentId)).toHaveLength(1);
    const after = Number((await billing.enrollmentRow(enrollmentId)).next_charge_at);
    expect(after).toBeGreaterThan(Number(next) + 45 * DAY_MS);
  }, 45_000);
});

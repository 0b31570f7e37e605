/** Declined charges while a dispute forbids paying them: nothing is given up, and afterwards there is time again. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Terms } from '../../domain/terms.ts';
import { MONTHLY, startBilling, type TestBilling, type WorkerTeam } from '../support/billing.ts';
import { virtualClock } from '../support/virtual-clock.ts';
import { waitFor } from '../support/wait.ts';
import { workflowVariant } from '../support/workflow-variant.ts';
import { BY, disputeIsKnown, paidEnrollment, tellOfDispute } from './disputed.ts';

let billing: TestBilling;
let workers: WorkerTeam;
beforeAll(async () => {
  billing = await startBilling();
  workers = billing.workers;
}, 60_000);
afterAll(() => billing.stop());

const DAY_MS = 86_400_000;
const RETRIED_ONCE: Terms = {
  ...MONTHLY,
  schedule: {
    type: 'recurring',
    amountMinor: 700,
    interval: { unit: 'year', count: 1 },
    startsAt: null,
    timeZone: 'UTC',
    localHour: null,
    trialDays: 0,
    endsAt: null,
    maxCharges: null,
  },
  dunning: { retryAfterDays: [1], afterLastTry: 'cancel' },
};
const LOST = { code: 'card_declined', decline_code: 'lost_card' };
/** A card whose bank asks its customer each time. */
const ASKS_ALWAYS = '4000002760003184';
const EMPTY = { code: 'card_declined', decline_code: 'insufficient_funds' };

/** A paid charge that is disputed once the next one was declined. @param first what is done before the dispute */
async function disputed(
  decline: object,
  terms: Partial<Terms> = {},
  first: (id: string, chargeId: string) => Promise<void> = async () => {},
) {
  const {
    enrollmentId: id,
    latestCharge,
    next,
  } = await paidEnrollment(billing, { ...RETRIED_ONCE, ...terms });
  const { paymentMethodId } = await billing.stateOf(id);
  await billing.control(`payment_methods/${paymentMethodId}/next_charge`, { ...decline, times: 1 });
  await next();
  const declined = await billing.charged(id, 2, 'requires_payment_method');
  await billing.known(id, declined.id, 'requires_payment_method');
  await first(id, declined.id);
  const dispute = (await billing.control(`charges/${latestCharge}/dispute`)) as { id: string };
  await billing.deliverEvents();
  await disputeIsKnown(billing, id);
  const clock = virtualClock(billing.temporal, `enrollment/${id}`);
  return {
    id,
    declined,
    clock,
    /** So many days after now. */
    later: (days: number) => clock.goTo(new Date(clock.now() + days * DAY_MS).toISOString()),
    async close(won: boolean) {
      await billing.control(`disputes/${dispute.id}/close`, { won });
      await billing.deliverEvents();
    },
    charge: async () => (await billing.chargeRows(id))[1],
    notices: (kind: string) =>
      billing.db
        .selectFrom('notifications')
        .select(['id', 'data', 'locale'])
        .where('enrollment_id', '=', id)
        .where('kind', '=', kind)
        .orderBy('created_at')
        .execute(),
    told: (what: string) =>
      billing.db
        .selectFrom('enrollment_events')
        .select(['who', 'why', 'details'])
        .where('enrollment_id', '=', id)
        .where('what', '=', what)
        .executeTakeFirst(),
  };
}

/** The customer saves another method, which is tried at once. */
async function saveAnother(id: string, method: Record<string, string>): Promise<void> {
  const session = await billing.billing.openCheckoutSession(id, BY);
  await billing.save(id, session.id, method);
  await billing.attempted(id, 2, 2);
}

/** It is not given up, and waits for its customer for three days after the dispute. */
async function waitsForItsCustomer({ id, clock, charge, close, told }: Awaited<ReturnType<typeof disputed>>) {
  await waitFor('the failure', async () => (await charge())?.status === 'requires_payment_method');
  await waitFor('the enrollment', async () => (await billing.enrollmentRow(id)).status === 'past_due');
  await clock.goTo(new Date(clock.now() + 10 * DAY_MS).toISOString());
  expect(await charge()).toMatchObject({ status: 'requires_payment_method' });
  const wonAt = clock.now();
  await close(true);
  await waitFor('the word of it', () => told('charge.dunning_goes_on'));
  expect(Math.abs(Number((await charge())?.give_up_at) - wonAt - 3 * DAY_MS)).toBeLessThan(60_000);
}

/** What an operator reads in the Temporal UI. */
async function details(id: string): Promise<string> {
  const { currentDetails } = await billing
    .handle(id)
    .query<{ currentDetails: string }>('__temporal_workflow_metadata');
  return currentDetails;
}

describe('a charge that only its customer can move, while a dispute keeps them from it', () => {
  it('is not given up when its time is over, and has three days at least once the dispute is won', async () => {
    const { id, later, close, charge, told, notices, clock } = await disputed(LOST);
    expect(await details(id)).toContain('declined with lost card, waits until no dispute is open');
    await later(40);
    expect(await charge()).toMatchObject({ status: 'requires_payment_method', attempts: 1 });
    expect(await billing.enrollmentRow(id)).toMatchObject({ status: 'past_due' });
    const wonAt = clock.now();
    await close(true);
    const goesOn = await waitFor('the word of it', () => told('charge.dunning_goes_on'));
    expect(goesOn).toMatchObject({ who: 'workflow', why: 'no dispute is open any more' });
    const until = Date.parse(String((goesOn.details as { give_up_at: string }).give_up_at));
    expect(Math.abs(until - wonAt - 3 * DAY_MS)).toBeLessThan(60_000);
    expect(await charge()).toMatchObject({ give_up_at: new Date(until) });
    const [first, again, ...more] = await notices('charge_failed');
    expect(again).toMatchObject({
      id: `${first?.id}_again`,
      data: { ...first?.data, nextChargeAt: null, giveUpAt: new Date(until).toISOString() },
    });
    expect(more).toEqual([]);
    expect(await details(id)).toContain('waits for the customer until');
    await later(2);
    // Another card is declined for good on the last day, and leaves the customer what is left of it.
    await saveAnother(id, { number: ASKS_ALWAYS });
    expect(await charge()).toMatchObject({ status: 'requires_payment_method' });
    await later(2);
    expect(await charge()).toMatchObject({ status: 'uncollectible' });
    expect(await billing.handle(id).result()).toMatchObject({ status: 'canceled' });
  }, 90_000);

  it('is not asked for again of a customer who has saved another method meanwhile', async () => {
    const { id, later, close, told, notices } = await disputed(LOST);
    await later(10);
    const session = await billing.billing.openCheckoutSession(id, BY);
    await billing.save(id, session.id, { number: '4242424242424242' });
    await close(true);
    await billing.charged(id, 2, 'succeeded');
    await waitFor('the word of it', () => told('charge.dunning_goes_on'));
    expect(await notices('charge_failed')).toHaveLength(1);
  }, 60_000);

  it('is not given up when the confirmation fails that was awaited for longer than that', async () => {
    let redirectUrl = '';
    const given = await disputed(LOST, {}, async (id, chargeId) => {
      await saveAnother(id, { number: ASKS_ALWAYS });
      await billing.known(id, chargeId, 'requires_payment_method');
      const asked = await billing.billing.authenticateCharge(id, chargeId, BY);
      redirectUrl = String(asked.redirectUrl);
      await billing.known(id, chargeId, 'requires_action');
    });
    await given.later(10);
    const answer = new URLSearchParams({ answer: 'fail' });
    await fetch(redirectUrl, { method: 'POST', body: answer, redirect: 'manual' });
    await billing.deliverEvents();
    await waitsForItsCustomer(given);
  }, 90_000);

  it('is not given up when the debit fails that was under way for longer than that', async () => {
    const given = await disputed(LOST, { currency: 'usd' }, async (id, chargeId) => {
      await saveAnother(id, { payment_method_type: 'us_bank_account', account_number: '000000000009' });
      await billing.known(id, chargeId, 'processing');
    });
    await given.later(6);
    const { payment_intent_id: intentId } = (await given.charge()) ?? {};
    await billing.control(`payment_intents/${intentId}/fail`, { code: 'account_closed' });
    await billing.deliverEvents();
    await waitsForItsCustomer(given);
  }, 90_000);

  it('is given up all the same when an operator says so', async () => {
    const { id, declined, later } = await disputed(LOST, {
      dunning: { retryAfterDays: [1], afterLastTry: 'keep_active' },
    });
    await later(10);
    expect(await billing.billing.stopDunning(id, declined.id, BY)).toMatchObject({ status: 'uncollectible' });
  }, 60_000);

  it('is canceled with the enrollment when the dispute is lost and the terms say so', async () => {
    const { id, later, close, charge, told } = await disputed(LOST);
    await later(40);
    await close(false);
    expect(await billing.handle(id).result()).toMatchObject({ status: 'canceled' });
    expect(await charge()).toMatchObject({ status: 'canceled' });
    expect(await told('charge.dunning_goes_on')).toBeUndefined();
  }, 60_000);
});

describe('a retry that a dispute has held back', () => {
  it('is made by day once the dispute is won, and the row says when', async () => {
    const { id, later, close, charge, told, clock } = await disputed(EMPTY);
    await later(30);
    // Three in the morning.
    const night = new Date(clock.now() + DAY_MS);
    night.setUTCHours(3, 0, 0, 0);
    await clock.goTo(night.toISOString());
    await close(true);
    await waitFor('the word of it', () => told('charge.dunning_goes_on'));
    const { next_attempt_at: next } = (await charge()) ?? {};
    expect(next?.toISOString()).toBe(`${night.toISOString().slice(0, 10)}T09:00:00.000Z`);
    await waitFor(
      'the Workflow to know it',
      async () => (await billing.stateOf(id)).charges[0]?.nextAttemptAt === next?.toISOString(),
    );
    expect(await charge()).toMatchObject({ status: 'requires_payment_method', attempts: 1 });
    await clock.goTo(new Date(Number(next) + 60_000).toISOString());
    await billing.charged(id, 2, 'succeeded');
  }, 90_000);
});

describe('a charge that a dispute has held nothing back of', () => {
  it('is tried as planned after it, and nobody is told of anything', async () => {
    const { id, declined, told, charge } = await disputed(EMPTY, {
      dunning: { retryAfterDays: [2], afterLastTry: 'cancel' },
    });
    await tellOfDispute(billing, id, 'won');
    expect((await billing.stateOf(id)).charges[0]?.nextAttemptAt).toBe(
      declined.next_attempt_at?.toISOString(),
    );
    expect(JSON.stringify(await billing.history(id)).includes('resumeDunning')).toBe(false);
    expect(await told('charge.dunning_goes_on')).toBeUndefined();
    expect(await charge()).toMatchObject({ next_attempt_at: declined.next_attempt_at });
  }, 60_000);

  it('is not planned anew while it is being tried', async () => {
    const { id, close, told } = await disputed(EMPTY, {}, async (enrollmentId) => {
      const match = { method: 'POST', path_prefix: '/v1/payment_intents/', path_suffix: '/confirm' };
      await billing.control('faults', { match, kind: 'delay', delay_ms: 3_000, when: 'before', times: 1 });
      const [, { next_attempt_at: next } = { next_attempt_at: null }] =
        await billing.chargeRows(enrollmentId);
      await virtualClock(billing.temporal, `enrollment/${enrollmentId}`).goTo(
        new Date(Number(next) + 1_000).toISOString(),
      );
      await waitFor('the try', async () => {
        const { raw } = await billing.handle(enrollmentId).describe();
        return raw.pendingActivities?.some(({ activityType }) => activityType?.name === 'collectCharge');
      });
    });
    await close(true);
    await billing.charged(id, 2, 'succeeded');
    expect(await told('charge.dunning_goes_on')).toBeUndefined();
  }, 60_000);
});

describe('a run of older code', () => {
  it('replays with what it gave up during a dispute, and waits from the change on', async () => {
    const off = (file: string) => ({
      file,
      from: 'patched(PATCHES.timeOutlivesDispute)',
      to: 'false',
    });
    const code = await workflowVariant([off('workflows/charge.ts'), off('workflows/after-dispute.ts')]);
    await workers.stop();
    const before = await billing.addWorkers(code);
    const given = await disputed(LOST);
    await given.later(10);
    expect(await billing.handle(given.id).result()).toMatchObject({ status: 'canceled' });
    const waiting = await disputed(LOST);
    await before.stop();
    workers = await billing.addWorkers(billing.bundle);
    await waiting.later(10);
    expect(await waiting.charge()).toMatchObject({ status: 'requires_payment_method' });
    await waiting.close(true);
    await waitFor('the word of it', () => waiting.told('charge.dunning_goes_on'));
  }, 120_000);
});

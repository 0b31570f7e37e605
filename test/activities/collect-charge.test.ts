/** What the rows know and the Workflow does not: it was reset, or restored from an older backup. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import type { AskedOfCharge, ToldReport } from '../../activities/charge-work.ts';
import { createChargeActivities } from '../../activities/charges.ts';
import { createOpenChargeActivities } from '../../activities/open-charges.ts';
import { toldCharge } from '../../domain/open-charge.ts';
import { insertEnrollmentRow } from '../db/charge-rows.ts';
import { firstCharge } from '../domain/charges.ts';
import { ONCE, startBilling, type TestBilling } from '../support/billing.ts';

let billing: TestBilling;
beforeAll(async () => {
  billing = await startBilling();
}, 60_000);
afterAll(() => billing.stop());

const DAY_S = 86_400;

async function workOf(suffix: string, card = 'pm_card_visa'): Promise<AskedOfCharge & { why: string }> {
  const enrollmentId = `enr_${suffix.repeat(26)}`;
  await insertEnrollmentRow(billing.db, enrollmentId);
  const customer = await billing.stripe.customers.create({});
  const method = await billing.stripe.paymentMethods.attach(card, { customer: customer.id });
  return {
    toldCharge: toldCharge(firstCharge({ id: `chg_${suffix.repeat(26)}_1` })),
    context: { enrollmentId, currency: 'jpy', description: null, locale: 'en', timeZone: 'UTC' },
    terms: ONCE,
    stripeCustomerId: customer.id,
    paymentMethodId: method.id,
    paymentMethodType: 'card',
    expires: null,
    otherMethodAllowed: false,
    at: new Date().toISOString(),
    planAfter: null,
    by: null,
    why: 'due',
  };
}

const deps = () => ({
  db: billing.db,
  stripe: billing.stripe,
  links: { create: async () => 'http://127.0.0.1:3000/c/link' },
  livemode: false,
});

/** One try of the Activity; the first, of this moment, unless said otherwise. */
function collect(
  work: AskedOfCharge & { why: string },
  attempt = 1,
  scheduledTimestampMs = Date.now(),
): Promise<ToldReport> {
  const { collectCharge } = createChargeActivities(deps());
  const later = { currentAttemptScheduledTimestampMs: scheduledTimestampMs + (attempt - 1) * 13_000 };
  return new MockActivityEnvironment({ attempt, scheduledTimestampMs, ...later }).run(collectCharge, work);
}

const intentsOf = async ({ stripeCustomerId }: AskedOfCharge) =>
  (await billing.stripe.paymentIntents.list({ customer: stripeCustomerId })).data;

/** The Worker has died, or the database was away for good, before the rows were told of Stripe's answer. */
async function forgetAnswer({ context }: AskedOfCharge): Promise<void> {
  const { enrollmentId } = context;
  await billing.db
    .updateTable('charges')
    .set({ status: 'scheduled', payment_intent_id: null, attempts: 0, captured_minor: 0, settled_at: null })
    .where('enrollment_id', '=', enrollmentId)
    .execute();
  await billing.db.deleteFrom('charge_attempts').where('enrollment_id', '=', enrollmentId).execute();
}

describe('collectCharge of a charge that was made before', () => {
  it('F37: reads the payment instead of making it again, also when Stripe has forgotten the key', async () => {
    const work = await workOf('a');
    const first = await collect(work);
    await billing.control('clock', { advance_seconds: 2 * DAY_S });
    expect(await collect(work)).toMatchObject({
      status: 'succeeded',
      paymentIntentId: first.paymentIntentId,
      amountReceivedMinor: 980,
    });
    expect(await intentsOf(work)).toHaveLength(1);
    const { ledger } = billing;
    expect(await ledger(work.context.enrollmentId)).toEqual([{ kind: 'payment', amount_minor: 980 }]);
  }, 30_000);

  it('tells the decline again instead of trying a second PaymentIntent', async () => {
    const work = await workOf('b', 'pm_card_chargeCustomerFail');
    const first = await collect(work);
    await billing.control('clock', { advance_seconds: 2 * DAY_S });
    expect(await collect(work)).toMatchObject({
      status: 'requires_payment_method',
      paymentIntentId: first.paymentIntentId,
      dunning: { kind: 'retry' },
    });
    expect(await intentsOf(work)).toHaveLength(1);
  }, 30_000);

  it.each([
    ['pm_card_visa', 'succeeded', 'h', 1],
    ['pm_card_visa', 'succeeded', 'i', 2],
    ['pm_card_chargeCustomerFail', 'requires_payment_method', 'j', 1],
  ])(
    'F37: finds what was made and never written once Stripe has forgotten the key: %s is %s (%s), try %i',
    async (card, status, suffix, tries) => {
      const work = await workOf(suffix, card);
      const first = await collect(work);
      await forgetAnswer(work);
      await billing.control('clock', { advance_seconds: 2 * DAY_S });
      const later = { ...work, at: new Date(Date.parse(work.at) + 1_000).toISOString() };
      expect(await collect(later, tries)).toMatchObject({ status, paymentIntentId: first.paymentIntentId });
      expect(await intentsOf(work)).toMatchObject([{ status }]);
    },
    30_000,
  );

  it('F5: looks first in a try that has waited for a Worker for longer than Stripe keeps the key', async () => {
    const work = await workOf('w');
    const first = await collect(work);
    await forgetAnswer(work);
    await billing.control('clock', { advance_seconds: 25 * 3_600 });
    const scheduledMs = Date.now() - 25 * 3_600_000;
    expect(await collect(work, 2, scheduledMs)).toMatchObject({
      status: 'succeeded',
      paymentIntentId: first.paymentIntentId,
    });
    expect(await intentsOf(work)).toHaveLength(1);
    const { settled_at } = await billing.db
      .selectFrom('charges')
      .select('settled_at')
      .where('enrollment_id', '=', work.context.enrollmentId)
      .executeTakeFirstOrThrow();
    // The time that it waited has passed for the Workflow too.
    expect(settled_at?.getTime()).toBeGreaterThan(Date.parse(work.at) + 24 * 3_600_000);
  }, 30_000);

  it('answers the same when only its own answer was lost', async () => {
    const work = await workOf('c', 'pm_card_chargeCustomerFail');
    const first = await collect(work);
    const again = await collect(work, 2);
    expect(again).toMatchObject({ status: first.status, paymentIntentId: first.paymentIntentId });
    expect(again.dunning?.kind).toBe(first.dunning?.kind);
    expect(await intentsOf(work)).toHaveLength(1);
    const once = { attemptsOnThisCard24h: 1, attemptsOnThisCard30d: 1 };
    expect(first.dunning?.lastDecline).toMatchObject(once);
    expect(again.dunning?.lastDecline).toMatchObject(once);
  }, 30_000);

  it('counts each attempt once against the budget of the card that it tried, also when it is read later', async () => {
    const work = await workOf('g', 'pm_card_chargeCustomerFail');
    const first = await collect(work);
    const tried = {
      ...work.toldCharge,
      status: 'processing' as const,
      paymentIntentId: first.paymentIntentId,
      attempts: 1,
      triedPaymentMethodId: work.paymentMethodId,
    };
    const { readCharge } = createOpenChargeActivities(deps());
    const read = (paymentMethodId: string): Promise<ToldReport> =>
      new MockActivityEnvironment().run(readCharge, { ...work, toldCharge: tried, paymentMethodId });
    const once = { attemptsOnThisCard24h: 1, attemptsOnThisCard30d: 1 };
    expect((await read(work.paymentMethodId)).dunning?.lastDecline).toMatchObject(once);
    const again = await collect({ ...work, toldCharge: { ...tried, status: 'requires_payment_method' } });
    const twice = { attemptsOnThisCard24h: 2, attemptsOnThisCard30d: 2 };
    expect(again.dunning?.lastDecline).toMatchObject(twice);
    // A card that was saved meanwhile is not the one that was declined.
    expect((await read('pm_newer')).dunning?.lastDecline).toMatchObject(twice);
  }, 30_000);
});

describe('the budget of a card', () => {
  it('is not used up by payments of the same amount that went through', async () => {
    const work = await workOf('z');
    const numbered = (number: number) => {
      const id = `chg_${'z'.repeat(26)}_${number}`;
      return { ...work, toldCharge: { ...work.toldCharge, id, number, occurrence: number - 1 } };
    };
    await collect(numbered(1));
    await collect({ ...numbered(2), terms: { ...work.terms, captureMethod: 'manual' } });
    const decline = { code: 'card_declined', decline_code: 'insufficient_funds', times: 1 };
    await billing.control(`payment_methods/${work.paymentMethodId}/next_charge`, decline);
    const { dunning } = await collect(numbered(3));
    expect(dunning?.lastDecline).toMatchObject({ attemptsOnThisCard24h: 1, attemptsOnThisCard30d: 1 });
  }, 30_000);
});

describe('a charge whose number another charge has', () => {
  it('F37: takes neither its payment for its own nor its place', async () => {
    const { toldCharge, ...work } = await workOf('d');
    // What was asked for after the backup that the Workflow was restored from.
    const paid = {
      ...toldCharge,
      occurrence: null,
      origin: 'api' as const,
      requestKey: 'r1',
      amountMinor: 300,
    };
    await collect({ ...work, toldCharge: paid });
    await expect(collect({ ...work, toldCharge })).rejects.toMatchObject({
      type: 'BooksDisagree',
      nonRetryable: true,
      message: expect.stringContaining('its number'),
    });
    const { parkCharge, cancelCharge } = createOpenChargeActivities(deps());
    const parked = { ...toldCharge, attempts: 1, status: 'needs_attention' as const };
    const environment = new MockActivityEnvironment();
    await environment.run(parkCharge, { ...work, toldCharge, problem: 'BooksDisagree' });
    const canceled = await environment.run(cancelCharge, {
      ...work,
      toldCharge: parked,
      as: 'canceled' as const,
      by: { by: 'operator', reason: null },
    });
    expect(canceled).toMatchObject({ status: 'canceled' });
    const rows = await billing.chargeRows(work.context.enrollmentId);
    expect(rows).toMatchObject([{ status: 'succeeded', request_key: 'r1', captured_minor: 300 }]);
    expect(await intentsOf({ ...work, toldCharge })).toMatchObject([{ status: 'succeeded', amount: 300 }]);
  }, 30_000);
});

describe('cancelCharge of a charge that the Workflow has forgotten to have made', () => {
  it('F37: finds the payment of the rows instead of writing over it', async () => {
    const { toldCharge, ...work } = await workOf('e');
    await collect({ ...work, toldCharge });
    const { cancelCharge } = createOpenChargeActivities(deps());
    const by = { by: 'operator', reason: null };
    expect(
      await new MockActivityEnvironment().run(cancelCharge, {
        ...work,
        toldCharge,
        as: 'canceled' as const,
        by,
      }),
    ).toMatchObject({ status: 'succeeded', amountReceivedMinor: 980 });
    expect(await billing.chargeRows(work.context.enrollmentId)).toMatchObject([{ status: 'succeeded' }]);
  }, 30_000);

  it('F37: finds the payment that was never written', async () => {
    const { toldCharge, ...work } = await workOf('k');
    await collect({ ...work, toldCharge });
    await forgetAnswer({ ...work, toldCharge });
    const { cancelCharge } = createOpenChargeActivities(deps());
    const by = { by: 'operator', reason: null };
    const asked = { ...work, toldCharge, as: 'canceled' as const, by };
    expect(await new MockActivityEnvironment().run(cancelCharge, asked)).toMatchObject({
      status: 'succeeded',
      amountReceivedMinor: 980,
    });
  }, 30_000);

  it('F37: writes a row without a place when another charge has the occurrence', async () => {
    const { toldCharge, ...work } = await workOf('f');
    await collect({ ...work, toldCharge });
    const { cancelCharge } = createOpenChargeActivities(deps());
    const later = { ...toldCharge, id: toldCharge.id.replace(/1$/, '2'), number: 2 };
    const by = { by: 'operator', reason: null };
    expect(
      await new MockActivityEnvironment().run(cancelCharge, {
        ...work,
        toldCharge: later,
        as: 'canceled' as const,
        by,
      }),
    ).toMatchObject({ status: 'canceled' });
    expect(await billing.chargeRows(work.context.enrollmentId)).toMatchObject([
      { status: 'succeeded', occurrence: 0 },
      { status: 'canceled', occurrence: null },
    ]);
  }, 30_000);
});

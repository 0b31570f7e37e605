/** A saved method that will fail at the next charge: the customer hears of it before, once for each cause. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Terms } from '../../domain/terms.ts';
import { MONTHLY, startBilling, type TestBilling } from '../support/billing.ts';
import { fastForward } from '../support/temporal.ts';
import { waitFor } from '../support/wait.ts';

let billing: TestBilling;
beforeAll(async () => {
  billing = await startBilling();
}, 60_000);
afterAll(() => billing.stop(), 60_000);

const OPERATOR = { by: 'operator', reason: 'called us' };
const CARD = '4242424242424242';
const FORTY_DAYS: Terms = {
  ...MONTHLY,
  schedule: { ...MONTHLY.schedule, interval: { unit: 'day', count: 40 } } as Terms['schedule'],
};

/** As it stands on a card: the month at whose end it is over; everywhere, which is twelve hours later than in UTC. */
function monthFromNow(months: number): string {
  // Of the month that begins nothing is over before, and Checkout takes no card of the one before.
  const now = new Date(Date.now() - (months === 0 ? 0 : 12 * 3_600_000));
  const month = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + months, 15));
  return `${String(month.getUTCMonth() + 1).padStart(2, '0')} / ${String(month.getUTCFullYear()).slice(2)}`;
}

async function paidWith(expiry: string, terms: Terms = MONTHLY): Promise<string> {
  const { enrollmentId } = await billing.enrolledWith(terms, { number: CARD, expiry });
  await billing.charged(enrollmentId, 1, 'succeeded');
  return enrollmentId;
}

/** Of a card that is good for the next charge, and over by the one after it. */
async function goodForOneMore(): Promise<string> {
  const enrollmentId = await paidWith(monthFromNow(1));
  await waitFor('the next charge', async () => (await billing.stateOf(enrollmentId)).nextChargeAt !== null);
  return enrollmentId;
}

async function asked(enrollmentId: string) {
  const rows = await billing.db
    .selectFrom('notifications')
    .select('data')
    .where('enrollment_id', '=', enrollmentId)
    .where('kind', '=', 'payment_method_needed')
    .execute();
  return rows.map(({ data }) => data);
}

/** The message follows a moment after the rows that it is about. */
function askedOnce(enrollmentId: string) {
  return waitFor('the message', async () => {
    const messages = await asked(enrollmentId);
    return messages.length > 0 && messages;
  });
}

async function read(enrollmentId: string, what: string): Promise<void> {
  await billing.deliverEvents();
  await waitFor(what, async () => (await billing.timeline(enrollmentId)).some((told) => told.what === what));
}

describe('a card that is over when the next charge is due', () => {
  it('is told of with the charge before, together with what comes and when', async () => {
    const enrollmentId = await paidWith(monthFromNow(0), FORTY_DAYS);
    const { next_charge_at } = await billing.enrollmentRow(enrollmentId);
    expect(await askedOnce(enrollmentId)).toMatchObject([
      { amountMinor: 980, nextChargeAt: next_charge_at?.toISOString() },
    ]);
  }, 45_000);

  it('is told of when it is saved, if nothing is due before', async () => {
    const startsAt = new Date(Date.now() + 100 * 86_400_000).toISOString();
    const terms = { ...MONTHLY, schedule: { ...MONTHLY.schedule, startsAt } as Terms['schedule'] };
    const { enrollmentId } = await billing.enrolledWith(terms, { number: CARD, expiry: monthFromNow(1) });
    await waitFor('the method', async () => (await billing.enrollmentRow(enrollmentId)).status === 'active');
    expect(await askedOnce(enrollmentId)).toHaveLength(1);
  }, 45_000);

  it('is told of when the next charge is left out, and the one after it comes too late', async () => {
    const enrollmentId = await goodForOneMore();
    const answer = await billing.billing.skipNext(enrollmentId, OPERATOR);
    expect(await askedOnce(enrollmentId)).toMatchObject([{ nextChargeAt: answer.next?.dueAt }]);
  }, 45_000);

  it('is told of after a pause that it does not outlast', async () => {
    const enrollmentId = await goodForOneMore();
    await billing.billing.pauseEnrollment(enrollmentId, { ...OPERATOR, resumeAt: null });
    expect(await asked(enrollmentId)).toEqual([]);
    await fastForward(billing.temporal, `enrollment/${enrollmentId}`, 40 * 86_400_000);
    await billing.billing.resumeEnrollment(enrollmentId, OPERATOR);
    expect(await askedOnce(enrollmentId)).toHaveLength(1);
  }, 45_000);

  it('is no news while it is good, and none where nothing is planned', async () => {
    expect(await asked(await paidWith(monthFromNow(3)))).toEqual([]);
    const once: Terms = { ...MONTHLY, schedule: { type: 'once', amountMinor: 700, at: null } };
    expect(await asked(await paidWith(monthFromNow(0), once))).toEqual([]);
  }, 45_000);
});

describe('a method that is detached', () => {
  it('is told of at once, and once', async () => {
    const enrollmentId = await paidWith(monthFromNow(24));
    expect(await asked(enrollmentId)).toEqual([]);
    const { default_payment_method_id: method } = await billing.enrollmentRow(enrollmentId);
    await billing.stripe.paymentMethods.detach(String(method));
    await read(enrollmentId, 'payment_method.detached');
    expect(await asked(enrollmentId)).toMatchObject([{ amountMinor: 980 }]);
    await billing.billing.paymentMethodChanged(enrollmentId, {
      paymentMethodId: String(method),
      eventType: 'payment_method.updated',
    });
    await waitFor('the second look', async () => {
      const told = await billing.timeline(enrollmentId);
      return told.filter(({ what }) => what === 'payment_method.detached').length === 2;
    });
    expect(await asked(enrollmentId)).toHaveLength(1);
  }, 45_000);

  it('is no news when the agreement ends before the next charge', async () => {
    const enrollmentId = await paidWith(monthFromNow(24));
    const { default_payment_method_id: method } = await billing.enrollmentRow(enrollmentId);
    await billing.billing.cancelAtPeriodEnd(enrollmentId, { by: 'customer', reason: 'asked on the page' });
    await billing.stripe.paymentMethods.detach(String(method));
    await read(enrollmentId, 'payment_method.detached');
    expect(await asked(enrollmentId)).toEqual([]);
  }, 45_000);

  it('is noticed when an older change of it is just being read', async () => {
    const enrollmentId = await paidWith(monthFromNow(24));
    const { default_payment_method_id: method } = await billing.enrollmentRow(enrollmentId);
    await billing.active(enrollmentId);
    // What Stripe answers is from before the method is detached.
    const match = { method: 'GET', path: `/v1/payment_methods/${method}` };
    await billing.control('faults', { match, kind: 'delay', delay_ms: 1_500, when: 'after', times: 1 });
    const news = (eventType: string) =>
      billing.billing.paymentMethodChanged(enrollmentId, { paymentMethodId: String(method), eventType });
    await news('payment_method.updated');
    await waitFor('the first look', async () => {
      const { raw } = await billing.handle(enrollmentId).describe();
      return raw.pendingActivities?.some(({ activityType }) => activityType?.name === 'readPaymentMethod');
    });
    await new Promise((resolve) => setTimeout(resolve, 300));
    await billing.stripe.paymentMethods.detach(String(method));
    await news('payment_method.detached');
    await waitFor('both looks', async () => {
      const told = (await billing.timeline(enrollmentId)).map(({ what }) => what);
      return told.includes('payment_method.updated') && told.includes('payment_method.detached');
    });
    expect(await asked(enrollmentId)).toHaveLength(1);
  }, 45_000);

  it('is no news when the network has only sent a later expiry', async () => {
    const enrollmentId = await paidWith(monthFromNow(24));
    const { default_payment_method_id: method } = await billing.enrollmentRow(enrollmentId);
    const later = { exp_month: 12, exp_year: new Date().getUTCFullYear() + 4 };
    await billing.control(`payment_methods/${method}/automatically_updated`, later);
    await read(enrollmentId, 'payment_method.updated');
    expect(await asked(enrollmentId)).toEqual([]);
  }, 45_000);
});

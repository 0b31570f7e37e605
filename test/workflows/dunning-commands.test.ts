/** What can be done about a declined charge by hand: try, confirm, extend, stop, forgive; another saved card. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { listCustomerCharges } from '../../db/customer-charges.ts';
import { MOST_TRIES_BY_HAND_PER_DAY } from '../../domain/customer-tries.ts';
import type { Terms } from '../../domain/terms.ts';
import { MONTHLY, ONCE, startBilling, type TestBilling } from '../support/billing.ts';
import { fastForward } from '../support/temporal.ts';
import { waitFor } from '../support/wait.ts';

let billing: TestBilling;
beforeAll(async () => {
  billing = await startBilling();
}, 60_000);
afterAll(() => billing.stop());

const CUSTOMER = { by: 'customer', reason: null };
const OPERATOR = { by: 'operator', reason: 'called us' };
const DECLINES = '4000000000000341';
const ALWAYS_3DS = '4000002760003184';

async function declined(card = DECLINES, terms: Terms = MONTHLY) {
  const { enrollmentId } = await billing.enrolledWith(terms, { number: card });
  const { id, next_attempt_at, payment_intent_id } = await billing.charged(
    enrollmentId,
    1,
    'requires_payment_method',
  );
  await billing.known(enrollmentId, id, 'requires_payment_method');
  return { enrollmentId, id, nextAttemptAt: next_attempt_at, intentId: String(payment_intent_id) };
}

/** Another card, saved on Checkout. */
async function save(enrollmentId: string, card: string) {
  const session = await billing.billing.openCheckoutSession(enrollmentId, CUSTOMER);
  await billing.save(enrollmentId, session.id, { number: card });
}

/** Another card is saved, and Stripe takes its time with the try that follows. */
async function savedAndTrying(enrollmentId: string, card: string, delayMs: number): Promise<void> {
  const match = { method: 'POST', path_prefix: '/v1/payment_intents' };
  await billing.control('faults', { match, kind: 'delay', delay_ms: delayMs, when: 'after', times: 1 });
  await save(enrollmentId, card);
  await waitFor('the try', async () => {
    const { events } = await billing.history(enrollmentId);
    const names = events?.map((event) => event.activityTaskScheduledEventAttributes?.activityType?.name);
    return names?.filter((name) => name === 'collectCharge').length === 2;
  });
}

describe('a try by hand', () => {
  it('uses up no automatic try, moves none, and has a limit for customers', async () => {
    const { enrollmentId, id, nextAttemptAt } = await declined();
    for (const attempt of [2, 3, 4, 5, 6]) {
      await billing.billing.retryCharge(enrollmentId, id, CUSTOMER);
      expect((await billing.chargeRows(enrollmentId))[0]).toMatchObject({
        attempts: attempt,
        next_attempt_at: nextAttemptAt,
      });
    }
    await expect(billing.billing.retryCharge(enrollmentId, id, CUSTOMER)).rejects.toMatchObject({
      code: 'too_many_tries',
    });
    const attempts = await billing.db
      .selectFrom('charge_attempts')
      .select('decision_reason')
      .where('charge_id', '=', id)
      .execute();
    expect(new Set(attempts.map(({ decision_reason }) => decision_reason)).size).toBe(1);
  }, 45_000);

  it('pays when the bank says yes', async () => {
    const { enrollmentId, id, intentId } = await declined();
    await save(enrollmentId, '4242424242424242');
    await billing.charged(enrollmentId, 1, 'succeeded');
    const row = (await billing.chargeRows(enrollmentId))[0];
    expect(row).toMatchObject({ payment_intent_id: intentId });
    await billing.settled(enrollmentId, id);
    await expect(billing.billing.retryCharge(enrollmentId, id, OPERATOR)).rejects.toMatchObject({
      code: 'charge_settled',
    });
  }, 45_000);
});

/** What the customer answers at their bank. */
async function answerChallenge(redirectUrl: string | null, answer: 'complete' | 'fail'): Promise<void> {
  const body = new URLSearchParams({ answer });
  await fetch(String(redirectUrl), { method: 'POST', redirect: 'manual', body });
}

describe('on-session confirmation', () => {
  it('leads to the bank and back, and confirms the same PaymentIntent', async () => {
    const { enrollmentId, id, intentId } = await declined(ALWAYS_3DS);
    const first = await billing.billing.authenticateCharge(enrollmentId, id, CUSTOMER);
    expect(first).toMatchObject({ status: 'requires_action', redirectUrl: expect.stringContaining('/3ds/') });
    await answerChallenge(first.redirectUrl, 'fail');
    const change = { chargeId: id, paymentIntentId: intentId, eventType: 'return' };
    await billing.billing.paymentIntentChanged(enrollmentId, change);
    await billing.known(enrollmentId, id, 'requires_payment_method');
    // Refused: everything is ready for another try.
    const second = await billing.billing.authenticateCharge(enrollmentId, id, CUSTOMER);
    await answerChallenge(second.redirectUrl, 'complete');
    await billing.billing.paymentIntentChanged(enrollmentId, change);
    expect(await billing.charged(enrollmentId, 1, 'succeeded')).toMatchObject({
      payment_intent_id: intentId,
    });
  }, 45_000);

  it('can be begun again when the customer closed the page', async () => {
    const { enrollmentId, id, intentId } = await declined(ALWAYS_3DS);
    const first = await billing.billing.authenticateCharge(enrollmentId, id, CUSTOMER);
    const second = await billing.billing.authenticateCharge(enrollmentId, id, CUSTOMER);
    expect(second.redirectUrl).not.toBeNull();
    expect(second.redirectUrl).not.toBe(first.redirectUrl);
    for (let closed = 2; closed < MOST_TRIES_BY_HAND_PER_DAY + 1; closed++) {
      await billing.billing.authenticateCharge(enrollmentId, id, CUSTOMER);
    }
    // The page counts as the Workflow does.
    const [shown] = await listCustomerCharges(billing.db, enrollmentId, 1);
    expect(shown).toMatchObject({ attempts: 7, triesByHand24h: 0 });
    const last = await billing.billing.authenticateCharge(enrollmentId, id, CUSTOMER);
    await answerChallenge(last.redirectUrl, 'fail');
    const change = { chargeId: id, paymentIntentId: intentId, eventType: 'return' };
    await billing.billing.paymentIntentChanged(enrollmentId, change);
    await billing.known(enrollmentId, id, 'requires_payment_method');
    expect((await listCustomerCharges(billing.db, enrollmentId, 1))[0]).toMatchObject({ triesByHand24h: 1 });
  }, 45_000);
});

describe('while a retry of dunning is under way', () => {
  const ASKS_ON_SESSION = '4000002500003155';
  const EMPTY = { decline_code: 'insufficient_funds' };
  const nextCharge = (how: object) => billing.control(`cards/${ASKS_ON_SESSION}/next_charge`, how);

  /** The retry has come, and Stripe takes its time with it. @param how it declines; absent: it pays */
  async function retrying(how?: object) {
    await nextCharge(EMPTY);
    const charge = await declined(ASKS_ON_SESSION);
    if (how !== undefined) {
      await nextCharge(how);
    }
    const match = { method: 'POST', path_prefix: '/v1/payment_intents' };
    await billing.control('faults', { match, kind: 'delay', delay_ms: 3_000, when: 'after', times: 1 });
    await fastForward(billing.temporal, `enrollment/${charge.enrollmentId}`, 2 * 86_400_000);
    await waitFor('the retry', async () => {
      const { events } = await billing.history(charge.enrollmentId);
      const names = events?.map((event) => event.activityTaskScheduledEventAttributes?.activityType?.name);
      return names?.filter((name) => name === 'collectCharge').length === 2;
    });
    return charge;
  }

  it('a customer who confirms is led to the bank after it', async () => {
    const { enrollmentId, id } = await retrying(EMPTY);
    const asked = await billing.billing.authenticateCharge(enrollmentId, id, CUSTOMER);
    expect(asked).toMatchObject({ status: 'requires_action', redirectUrl: expect.stringContaining('/3ds/') });
    expect((await billing.chargeRows(enrollmentId))[0]).toMatchObject({ attempts: 3 });
  }, 45_000);

  it('a customer who confirms what it pays, or what it has declined for good, hears so', async () => {
    const paid = await retrying();
    expect(await billing.billing.authenticateCharge(paid.enrollmentId, paid.id, CUSTOMER)).toMatchObject({
      status: 'succeeded',
      redirectUrl: null,
    });
    const lost = await retrying({ decline_code: 'lost_card' });
    const asked = billing.billing.authenticateCharge(lost.enrollmentId, lost.id, CUSTOMER);
    await expect(asked).rejects.toMatchObject({ code: 'another_card_needed' });
    expect((await billing.chargeRows(lost.enrollmentId))[0]).toMatchObject({ attempts: 2 });
  }, 45_000);

  it('a customer who tries again is answered with it, and keeps all their tries', async () => {
    const { enrollmentId, id } = await retrying(EMPTY);
    await billing.billing.retryCharge(enrollmentId, id, CUSTOMER);
    expect((await billing.chargeRows(enrollmentId))[0]).toMatchObject({ attempts: 2 });
    const [shown] = await listCustomerCharges(billing.db, enrollmentId, 1);
    expect(shown).toMatchObject({ triesByHand24h: 0 });
    await nextCharge({ ...EMPTY, times: MOST_TRIES_BY_HAND_PER_DAY });
    for (const _ of Array(MOST_TRIES_BY_HAND_PER_DAY)) {
      await billing.billing.retryCharge(enrollmentId, id, CUSTOMER);
    }
    await expect(billing.billing.retryCharge(enrollmentId, id, CUSTOMER)).rejects.toMatchObject({
      code: 'too_many_tries',
    });
  }, 45_000);
});

describe('an operator', () => {
  it('extends dunning by a retry, up to the most that are allowed', async () => {
    const { enrollmentId, id } = await declined();
    for (const _ of [5, 6, 7, 8]) {
      await billing.billing.extendDunning(enrollmentId, id, { ...OPERATOR, days: 10 });
    }
    await expect(
      billing.billing.extendDunning(enrollmentId, id, { ...OPERATOR, days: 10 }),
    ).rejects.toMatchObject({ code: 'too_many_retries' });
  }, 45_000);

  it('gives the customer the days that were added, also when another card is declined in them', async () => {
    const { enrollmentId, id } = await declined(ALWAYS_3DS, {
      ...MONTHLY,
      dunning: { retryAfterDays: [1], afterLastTry: 'cancel' },
    });
    await billing.billing.extendDunning(enrollmentId, id, { ...OPERATOR, days: 4 });
    // Three days are the customer's without them.
    await fastForward(billing.temporal, `enrollment/${enrollmentId}`, 5.5 * 86_400_000);
    await save(enrollmentId, ALWAYS_3DS);
    await billing.attempted(enrollmentId, 1, 2);
    await billing.known(enrollmentId, id, 'requires_payment_method');
    const [attempt] = await billing.db
      .selectFrom('charge_attempts')
      .select('decision')
      .where('charge_id', '=', id)
      .where('attempt', '=', 2)
      .execute();
    expect(attempt).toEqual({ decision: 'authenticate' });
  }, 45_000);

  it('has the row and the message say until when the customer is waited for, and the row how that goes on', async () => {
    const { enrollmentId, id } = await declined(ALWAYS_3DS, {
      ...MONTHLY,
      dunning: { retryAfterDays: [1], afterLastTry: 'pause' },
    });
    const until = async () => (await billing.chargeRows(enrollmentId))[0]?.give_up_at?.toISOString();
    const said = String(await until());
    expect(Date.parse(said)).toBeGreaterThan(Date.now() + 2 * 86_400_000);
    const { data } = await billing.db
      .selectFrom('notifications')
      .select('data')
      .where('charge_id', '=', id)
      .where('kind', '=', 'authentication_required')
      .executeTakeFirstOrThrow();
    expect(data).toMatchObject({ giveUpAt: said, afterGivingUp: 'pause' });
    // Begun and left: the days go on.
    await billing.billing.authenticateCharge(enrollmentId, id, CUSTOMER);
    await waitFor(
      'the challenge',
      async () => (await billing.chargeRows(enrollmentId))[0]?.status === 'requires_action',
    );
    expect(await until()).toBe(said);
    const { giveUpAt } = await billing.billing.extendDunning(enrollmentId, id, { ...OPERATOR, days: 4 });
    expect(giveUpAt).toBe(new Date(Date.parse(said) + 4 * 86_400_000).toISOString());
    expect(await until()).toBe(giveUpAt);
    await billing.billing.cancelCharge(enrollmentId, id, { ...OPERATOR, as: 'forgive' });
    expect(await until()).toBeUndefined();
  }, 45_000);

  it('stops dunning: the charge is given up and the terms decide', async () => {
    const { enrollmentId, id } = await declined(DECLINES, {
      ...MONTHLY,
      dunning: { retryAfterDays: [1], afterLastTry: 'pause' },
    });
    expect(await billing.billing.stopDunning(enrollmentId, id, OPERATOR)).toEqual({
      chargeId: id,
      status: 'uncollectible',
    });
    await waitFor('the pause', async () => (await billing.enrollmentRow(enrollmentId)).status === 'paused');
    expect(await billing.timeline(enrollmentId)).toContainEqual({
      what: 'charge.uncollectible',
      who: OPERATOR.by,
      why: OPERATOR.reason,
    });
  }, 45_000);

  it('stops dunning while a try is under way, whatever is decided on its decline; and extends none then', async () => {
    const { enrollmentId, id } = await declined(DECLINES, {
      ...MONTHLY,
      dunning: { retryAfterDays: [1, 3], afterLastTry: 'pause' },
    });
    // A second card that is declined as well.
    await savedAndTrying(enrollmentId, DECLINES, 6_000);
    await expect(
      billing.billing.extendDunning(enrollmentId, id, { ...OPERATOR, days: 10 }),
    ).rejects.toMatchObject({ code: 'charge_busy' });
    expect(await billing.billing.stopDunning(enrollmentId, id, OPERATOR)).toEqual({
      chargeId: id,
      status: 'uncollectible',
    });
    expect((await billing.chargeRows(enrollmentId))[0]).toMatchObject({ attempts: 2 });
    await waitFor('the pause', async () => (await billing.enrollmentRow(enrollmentId)).status === 'paused');
  }, 45_000);

  it('stops dunning while a try is under way that holds the money: it can be captured', async () => {
    const { enrollmentId, id } = await declined(DECLINES, { ...ONCE, captureMethod: 'manual' });
    await savedAndTrying(enrollmentId, '4242424242424242', 2_500);
    const stopping = billing.billing.stopDunning(enrollmentId, id, OPERATOR);
    await billing.attempted(enrollmentId, 1, 2);
    await billing.known(enrollmentId, id, 'requires_capture');
    const answer = await billing.billing.captureCharge(enrollmentId, id, { ...OPERATOR, amountMinor: null });
    expect(answer).toMatchObject({ chargeId: id, status: 'succeeded' });
    expect(await stopping).toMatchObject({ chargeId: id });
    expect(await billing.handle(enrollmentId).result()).toMatchObject({ status: 'completed' });
  }, 45_000);

  it('forgives a charge: nothing is owed and the enrollment goes on', async () => {
    const { enrollmentId, id } = await declined();
    expect(await billing.billing.cancelCharge(enrollmentId, id, { ...OPERATOR, as: 'forgive' })).toEqual({
      chargeId: id,
      status: 'canceled',
    });
    await waitFor('active', async () => (await billing.enrollmentRow(enrollmentId)).status === 'active');
  }, 45_000);
});

describe('with another saved card that may be tried', () => {
  const LOST = { code: 'card_declined', decline_code: 'lost_card' };
  const EMPTY = { code: 'card_declined', decline_code: 'insufficient_funds', times: 1 };

  /** Two cards are saved, and the newest is declined for good. @returns the other one */
  async function newestIsLost() {
    const terms: Terms = { ...MONTHLY, schedule: { type: 'on_demand' }, tryOtherMethod: true };
    const { enrollmentId } = await billing.enrolled(terms);
    await billing.active(enrollmentId);
    const { paymentMethodId: other } = await billing.stateOf(enrollmentId);
    await save(enrollmentId, '5555555555554444');
    // By the Workflow, which hears of it after the rows: a charge that is asked for before would be made with the first.
    const newest = await waitFor('the newer method', async () => {
      const { paymentMethodId } = await billing.stateOf(enrollmentId);
      return paymentMethodId !== other && String(paymentMethodId);
    });
    await billing.control(`payment_methods/${newest}/next_charge`, { ...LOST, times: 5 });
    return { enrollmentId, other: String(other) };
  }

  const charge = (enrollmentId: string) =>
    billing.billing.createCharge(enrollmentId, {
      ...OPERATOR,
      requestKey: 'one',
      amountMinor: 700,
      description: null,
    });

  it('tries it when the newest is declined for good', async () => {
    const { enrollmentId } = await newestIsLost();
    await charge(enrollmentId);
    expect(await billing.charged(enrollmentId, 1, 'succeeded')).toMatchObject({ attempts: 2 });
  }, 45_000);

  it('goes on with it when that one is declined for a while, and tells of the first failure', async () => {
    const { enrollmentId, other } = await newestIsLost();
    await billing.control(`payment_methods/${other}/next_charge`, EMPTY);
    await charge(enrollmentId);
    const { id } = await billing.charged(enrollmentId, 1, 'requires_payment_method');
    await waitFor('both tries', async () => (await billing.chargeRows(enrollmentId))[0]?.attempts === 2);
    await billing.known(enrollmentId, id, 'requires_payment_method');
    await fastForward(billing.temporal, `enrollment/${enrollmentId}`, 2 * 86_400_000);
    expect(await billing.charged(enrollmentId, 1, 'succeeded')).toMatchObject({ attempts: 3 });
    const notices = await billing.db
      .selectFrom('notifications')
      .select('kind')
      .where('enrollment_id', '=', enrollmentId)
      .execute();
    expect(notices.map(({ kind }) => kind)).toContain('charge_failed');
  }, 45_000);
});

describe('a saved method that changes at Stripe', () => {
  it('is tried again at once when the network sends new data', async () => {
    const { enrollmentId, id } = await declined(DECLINES, { ...MONTHLY });
    const { default_payment_method_id: method } = await billing.enrollmentRow(enrollmentId);
    await billing.control(`payment_methods/${method}/next_charge`, { code: 'expired_card', times: 1 });
    await billing.billing.retryCharge(enrollmentId, id, OPERATOR);
    await billing.control(`payment_methods/${method}/automatically_updated`, { number: '4242424242424242' });
    await billing.deliverEvents();
    await billing.charged(enrollmentId, 1, 'succeeded');
  }, 45_000);

  it('is noted when it is detached, and the customer is asked at the next charge', async () => {
    const { enrollmentId } = await billing.enrolled({ ...MONTHLY, schedule: { type: 'on_demand' } });
    await billing.active(enrollmentId);
    const { default_payment_method_id: method } = await billing.enrollmentRow(enrollmentId);
    await billing.stripe.paymentMethods.detach(String(method));
    await billing.deliverEvents();
    await waitFor('the note', async () =>
      (await billing.timeline(enrollmentId)).some(({ what }) => what === 'payment_method.detached'),
    );
    const ask = { ...OPERATOR, requestKey: 'one', amountMinor: 700, description: null };
    await billing.billing.createCharge(enrollmentId, ask);
    expect(await billing.charged(enrollmentId, 1, 'requires_payment_method')).toMatchObject({
      last_code: 'payment_method_unusable',
    });
  }, 45_000);
});

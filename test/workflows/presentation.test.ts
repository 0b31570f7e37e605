/**
 * What an operator finds and reads in Temporal: search attributes through each of the saved queries, and the sentences of
 * Activities, timers and current details, on a real server.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { savedQueries } from '../../cli/queries.ts';
import { PAST_DUE_SINCE, WAITS_FOR } from '../../config/search-attributes.ts';
import { enrollmentWorkflowId } from '../../domain/ids.ts';
import type { Terms } from '../../domain/terms.ts';
import { MONTHLY, ONCE, startBilling, type TestBilling } from '../support/billing.ts';
import { waitFor } from '../support/wait.ts';

const BY = { by: 'operator:hanako', reason: 'a test' };
const DECLINED = '4000000000000341';
const HELD: Terms = { ...ONCE, captureMethod: 'manual' };

let billing: TestBilling;
beforeAll(async () => {
  billing = await startBilling({ ownNamespace: true });
}, 120_000);
afterAll(() => billing.stop());

/** Whom the query of this question finds; asked as if it were so many days later. */
async function found(question: string, daysLater = 0): Promise<string[]> {
  const now = new Date(Date.now() + daysLater * 86_400_000);
  const query = savedQueries(now).find((saved) => saved.question === question)?.query;
  const ids: string[] = [];
  for await (const { workflowId } of billing.temporal.client.workflow.list({ query: String(query) })) {
    ids.push(workflowId);
  }
  return ids;
}

function untilFound(question: string, enrollmentId: string, expected = true) {
  return waitFor(`"${question}" to ${expected ? '' : 'no longer '}find ${enrollmentId}`, async () => {
    return (await found(question)).includes(enrollmentWorkflowId(enrollmentId)) === expected;
  });
}

/** Summaries of everything that has one, in order. */
async function summaries(enrollmentId: string): Promise<string[]> {
  const { events } = await billing.history(enrollmentId);
  return (events ?? []).flatMap(({ userMetadata }) => {
    const data = userMetadata?.summary?.data;
    return data ? [String(JSON.parse(Buffer.from(data).toString()))] : [];
  });
}

async function upserts(enrollmentId: string): Promise<number> {
  const { events } = await billing.history(enrollmentId);
  return (events ?? []).filter((event) => event.upsertWorkflowSearchAttributesEventAttributes).length;
}

describe('the saved queries', () => {
  it('find a declined charge, since when, whose turn it is, and no longer once it is paid', async () => {
    const { enrollmentId } = await billing.enrolled(MONTHLY, DECLINED);
    const row = await billing.charged(enrollmentId, 1, 'requires_payment_method');
    await untilFound('Who is past due?', enrollmentId);
    await untilFound('Which declined charges are tried again by themselves?', enrollmentId);
    const overAWeek = 'Who has been past due for over a week?';
    expect(await found(overAWeek)).toEqual([]);
    expect(await found(overAWeek, 9)).toEqual([enrollmentWorkflowId(enrollmentId)]);
    const described = await billing.handle(enrollmentId).describe();
    expect(described.typedSearchAttributes.get(PAST_DUE_SINCE)).toEqual(row.due_at);
    // The status, what it waits for and since when are one event.
    expect(await upserts(enrollmentId)).toBe(2);

    await billing.billing.cancelCharge(enrollmentId, row.id, { ...BY, as: 'forgive' });
    await untilFound('Who is past due?', enrollmentId, false);
    const after = (await billing.handle(enrollmentId).describe()).typedSearchAttributes;
    expect([after.get(PAST_DUE_SINCE), after.get(WAITS_FOR)]).toEqual([undefined, ['nobody']]);
  }, 60_000);

  it('find money that waits to be captured, and no longer once it is', async () => {
    const { enrollmentId } = await billing.enrolled(HELD);
    const { id } = await billing.charged(enrollmentId, 1, 'requires_capture');
    await untilFound('What waits to be captured?', enrollmentId);
    await billing.billing.captureCharge(enrollmentId, id, { ...BY, amountMinor: null });
    await untilFound('What waits to be captured?', enrollmentId, false);
  }, 60_000);

  it('find what needs attention although the status says active', async () => {
    const match = { method: 'POST', path_prefix: '/v1/payment_intents' };
    await billing.control('faults', {
      match,
      kind: 'status',
      status: 401,
      code: 'api_key_expired',
      times: 1,
    });
    const { enrollmentId } = await billing.enrolled(MONTHLY);
    const { id } = await billing.charged(enrollmentId, 1, 'needs_attention');
    await untilFound('What needs attention?', enrollmentId);
    await billing.billing.resumeCharge(enrollmentId, id, BY);
    await untilFound('What needs attention?', enrollmentId, false);
  }, 60_000);

  it('no longer find a parked charge once a look has shown how it stands', async () => {
    const { enrollmentId } = await billing.enrolled(MONTHLY, DECLINED);
    const { id, payment_intent_id } = await billing.charged(enrollmentId, 1, 'requires_payment_method');
    await billing.known(enrollmentId, id, 'requires_payment_method');
    const match = { method: 'POST', path_prefix: '/v1/payment_intents' };
    const expired = { match, kind: 'status', status: 401, code: 'api_key_expired', times: 1 };
    await billing.control('faults', expired);
    await billing.billing.retryCharge(enrollmentId, id, BY);
    await billing.charged(enrollmentId, 1, 'needs_attention');
    await untilFound('What needs attention?', enrollmentId);
    await billing.billing.paymentIntentChanged(enrollmentId, {
      chargeId: id,
      paymentIntentId: String(payment_intent_id),
      eventType: 'payment_intent.payment_failed',
    });
    await billing.charged(enrollmentId, 1, 'requires_payment_method');
    await untilFound('What needs attention?', enrollmentId, false);
    await untilFound('Who is past due?', enrollmentId);
    await expect(billing.billing.resumeCharge(enrollmentId, id, BY)).rejects.toMatchObject({
      code: 'charge_not_parked',
    });
  }, 60_000);

  it('no longer find a parked charge once the customer has begun to confirm it', async () => {
    const authenticates = { number: '4000002760003184', three_d_secure: 'complete' };
    const { enrollmentId } = await billing.enrolledWith(MONTHLY, authenticates);
    const { id } = await billing.charged(enrollmentId, 1, 'requires_payment_method');
    await billing.known(enrollmentId, id, 'requires_payment_method');
    const match = { method: 'POST', path_prefix: '/v1/payment_intents' };
    const expired = { match, kind: 'status', status: 401, code: 'api_key_expired', times: 1 };
    await billing.control('faults', expired);
    await billing.billing.retryCharge(enrollmentId, id, BY);
    await untilFound('What needs attention?', enrollmentId);
    await billing.billing.authenticateCharge(enrollmentId, id, BY);
    await billing.charged(enrollmentId, 1, 'requires_action');
    await untilFound('Who has to confirm a payment, or save another method?', enrollmentId);
    await untilFound('What needs attention?', enrollmentId, false);
    await expect(billing.billing.resumeCharge(enrollmentId, id, BY)).rejects.toMatchObject({
      code: 'charge_not_parked',
    });
  }, 60_000);

  it('no longer find a parked charge once a cancel has found that the bank is working on it', async () => {
    await billing.control('settings', { debitCancelWindowSeconds: 0 });
    const match = { method: 'POST', path_prefix: '/v1/payment_intents' };
    // Stripe took the request, and what stands between says no.
    const lost = { match, kind: 'status', status: 401, when: 'after', times: 1 };
    await billing.control('faults', lost);
    const { enrollmentId } = await billing.enrolledWithAccount(
      { ...MONTHLY, currency: 'usd' },
      '000000000009',
    );
    const { id } = await billing.charged(enrollmentId, 1, 'needs_attention');
    await untilFound('What needs attention?', enrollmentId);
    const answer = billing.billing.cancelCharge(enrollmentId, id, { ...BY, as: 'cancel' });
    const { payment_intent_id } = await billing.charged(enrollmentId, 1, 'processing');
    await untilFound('What needs attention?', enrollmentId, false);
    await billing.control(`payment_intents/${payment_intent_id}/settle`);
    await billing.deliverEvents();
    expect(await answer).toMatchObject({ status: 'succeeded' });
  }, 60_000);

  it('find who has not saved a method, and who has to confirm', async () => {
    const input = await billing.newInput(MONTHLY);
    const { checkoutSession } = await billing.billing.enroll(input);
    await untilFound('Who has not saved a payment method yet?', input.enrollmentId);
    const authenticates = { number: '4000002760003184', three_d_secure: 'complete' };
    await billing.save(input.enrollmentId, String(checkoutSession?.id), authenticates);
    await untilFound('Who has to confirm a payment, or save another method?', input.enrollmentId);
    await untilFound('Who has not saved a payment method yet?', input.enrollmentId, false);
  }, 60_000);
});

describe('the sentences', () => {
  it('say amount, attempt, reason and what is next', async () => {
    const { enrollmentId } = await billing.enrolled(MONTHLY, DECLINED);
    const { id } = await billing.charged(enrollmentId, 1, 'requires_payment_method');
    const untilSaid = (start: string) =>
      waitFor(start, async () => (await summaries(enrollmentId)).some((said) => said.startsWith(start)));
    await untilSaid('Charge 1: declined');
    await billing.billing.retryCharge(enrollmentId, id, BY);
    await untilSaid('Charge 1: JPY 980, attempt 2');
    const said = await summaries(enrollmentId);
    expect(said).toContain('JPY 980 every month');
    expect(said).toContain('Charge 1: JPY 980, attempt 1 of 5 (due), visa •••• 0341');
    expect(said).toContain(
      'Charge 1: JPY 980, attempt 2 of 5 (asked for by operator:hanako), visa •••• 0341',
    );
    expect(said).toContainEqual(
      expect.stringMatching(
        /^Charge 1: declined \(generic decline\), attempt 2 of 5 on \d{4}-\d\d-\d\d \d\d:\d\d UTC$/,
      ),
    );
  }, 60_000);
});

describe('the call stack', () => {
  it('names the places where a Workflow waits, and few frames of each', async () => {
    const { enrollmentId } = await billing.enrolled(MONTHLY);
    await billing.charged(enrollmentId, 1, 'succeeded');
    const places = () => billing.handle(enrollmentId).query<string>('__stack_trace');
    await waitFor('it to wait for the next charge', async () =>
      /waitFor \(.*workflows\/billing\.ts:/.test(await places()),
    );
    const stack = await places();
    expect(stack).toMatch(/followPaymentMethods \(.*workflows\/checkout\.ts:/);
    expect(stack).toMatch(/followCheckoutSessions \(.*workflows\/checkout\.ts:/);
    for (const place of stack.trim().split('\n\n')) {
      expect(place.split('\n').length).toBeLessThanOrEqual(4);
    }
  }, 60_000);
});

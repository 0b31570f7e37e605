/**
 * What an enrollment, a charge, a request and a webhook cost PostgreSQL, by its own count: statements, each of which is a
 * trip to it and, where no transaction of several is begun, a commit. And what a webhook costs that only repeats what our
 * own request did: one of them, and nothing else. A change that raises one fails here.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { sql } from 'kysely';
import type { Stripe } from 'stripe';
import { findPaidCharge } from '../../db/aftermath.ts';
import { makeDueNow } from '../../db/inbox-operations.ts';
import { claimStripeEvents } from '../../db/stripe-events.ts';
import { chargeAftermathWorkflowId } from '../../domain/ids.ts';
import { STRIPE_EVENT_TYPES } from '../../domain/stripe-event.ts';
import { startApi, type TestApi } from '../api/test-api.ts';
import { stripeEvent } from '../api/webhook-events.ts';
import { MONTHLY, ONCE, startBilling, type TestBilling } from '../support/billing.ts';
import {
  expectStatements,
  type StatementCounter,
  type Statements,
  statementCounter,
} from '../support/statements.ts';
import { fastForward } from '../support/temporal.ts';
import { waitFor } from '../support/wait.ts';

const BUDGETS = {
  /** The key, both looks at the enrollment, the customer, its row, the Stripe Customer, and the Checkout Session. */
  enrollmentAsked: 7,
  /** The webhook is kept, its session found and its delivery marked; all that comes of the session is one. */
  enrollmentCompleted: 4,
  /** The SetupIntent's webhook is kept; twenty seconds later its session is found, and it is marked: all is known already. */
  secondWord: 3,
  /** The claim of its place, and all that came of it. */
  charge: 2,
  /** The key and the enrollment. */
  read: 2,
  echo: 1,
};
const OPERATOR = { by: 'operator', reason: null };

let billing: TestBilling;
let api: TestApi;
let counter: StatementCounter;
beforeAll(async () => {
  billing = await startBilling({ countedStatements: true });
  counter = await statementCounter(billing.databaseUrl);
  api = await startApi({ over: billing });
  // That a key is in use is noted once a minute.
  await api.request('GET', '/v1/enrollments?limit=1');
}, 120_000);
afterEach(() => {
  jest.restoreAllMocks();
});
afterAll(async () => {
  await counter.close();
  await api.close();
  await billing.stop();
});

const allEvents = () => billing.stripe.events.list({ limit: 100 }).autoPagingToArray({ limit: 1_000 });

/** As Stripe sends it. @returns once the inbox has nothing under way */
async function deliver(event: object): Promise<void> {
  expect((await api.webhook(JSON.parse(JSON.stringify(event)))).status).toBe(200);
  await api.inbox.idle();
}

it('an enrollment, from the request until the method is saved, stays within its statements', async () => {
  const enrollment = { id: '', page: '' };
  const asked = await counter.during(async () => {
    const { status, body } = await api.request('POST', '/v1/enrollments', {
      idempotencyKey: 'statements',
      body: {
        customer: { email: 'customer@example.com' },
        terms: { currency: 'jpy', schedule: { type: 'on_demand' } },
      },
    });
    expect(status).toBe(201);
    Object.assign(enrollment, { id: String(body.id), page: String(body.checkout_url) });
  });
  const earlier = new Set((await allEvents()).map(({ id }) => id));
  await billing.payOnCheckout(enrollment.page);
  const subscribed: readonly string[] = STRIPE_EVENT_TYPES;
  const events = (await allEvents()).filter(({ id, type }) => !earlier.has(id) && subscribed.includes(type));
  const of = (type: string) => events.find((event) => event.type === type) ?? { id: '' };
  const told = await counter.during(async () => {
    await deliver(of('checkout.session.completed'));
    await billing.active(enrollment.id);
  });
  const again = await counter.during(async () => {
    await deliver(of('setup_intent.succeeded'));
    await ignoredOnceDue(of('setup_intent.succeeded').id);
  });
  // Of nothing else a webhook comes.
  expect(events).toHaveLength(2);
  expectStatements(asked, { statements: BUDGETS.enrollmentAsked, transactionsBegun: 0 });
  expectStatements(told, { statements: BUDGETS.enrollmentCompleted, transactionsBegun: 0 });
  expectStatements(withoutWaiting(again), { statements: BUDGETS.secondWord, transactionsBegun: 0 });
});

/** Has the inbox look for what is due, until nothing follows from this event. */
async function ignoredOnceDue(id: string): Promise<void> {
  await makeDueNow(billing.db, id);
  api.inbox.start();
  await waitFor('the event to be ignored', async () => {
    const { rows } =
      await sql`select from stripe_events where id = ${id} and ignored_reason is not null`.execute(
        billing.db,
      );
    return rows.length === 1;
  });
  await api.inbox.stop();
}

/** Without this test's own, and without the look for what is due: it is made every second, whatever there is. */
function withoutWaiting(statements: Statements): Statements {
  const theirs = [...statements].filter(
    ([text]) => !/^select from stripe_events|^update "stripe_events" set "next_signal_at"/.test(text),
  );
  return new Map(theirs);
}

it('a happy charge stays within its statements', async () => {
  const { enrollmentId, next } = await billing.paidOnce(MONTHLY);
  const charged = await counter.during(async () => {
    const workflowId = `enrollment/${enrollmentId}`;
    await fastForward(billing.temporal, workflowId, next.getTime() - Date.now() + 86_400_000);
    await waitFor('the Workflow to have charged', async () => {
      const { chargesSucceeded, charges, nextChargeAt } = await billing.stateOf(enrollmentId);
      return chargesSucceeded === 2 && charges.length === 0 && nextChargeAt !== next.toISOString();
    });
  });
  expectStatements(charged, { statements: BUDGETS.charge, transactionsBegun: 0 });
});

it('reading an enrollment stays within its statements', async () => {
  const { enrollmentId } = await billing.paidOnce(MONTHLY);
  const read = await counter.during(async () => {
    expect((await api.request('GET', `/v1/enrollments/${enrollmentId}`)).status).toBe(200);
  });
  expectStatements(read, { statements: BUDGETS.read, transactionsBegun: 0 });
});

describe('a webhook that only repeats what our own request did', () => {
  /** Everything of which Stripe tells, because we asked for it: paid, given back, declined, given up. */
  async function echoes(): Promise<{ enrollments: string[]; events: Stripe.Event[] }> {
    const since = new Set((await allEvents()).map(({ id }) => id));
    const paid = await billing.paidOnce(MONTHLY);
    const [charge] = await billing.chargeRows(paid.enrollmentId);
    const taken = await findPaidCharge(billing.db, { chargeId: String(charge?.id) });
    if (taken === undefined) {
      throw new Error('the charge has no row');
    }
    await billing.billing.refundCharge(taken, { ...OPERATOR, requestKey: 'refund', amountMinor: 100 });
    await billing.temporal.client.workflow.getHandle(chargeAftermathWorkflowId(taken.id)).result();
    const declined = await billing.enrolled(ONCE, '4000000000000341');
    await billing.charged(declined.enrollmentId, 1, 'requires_payment_method');
    await billing.billing.cancelEnrollment(declined.enrollmentId, OPERATOR);
    await billing.handle(declined.enrollmentId).result();
    const events = (await allEvents()).filter(
      ({ id, type, request }) =>
        !since.has(id) &&
        STRIPE_EVENT_TYPES.some((ours) => ours === type) &&
        request?.idempotency_key?.startsWith('durable-billing/'),
    );
    return { enrollments: [paid.enrollmentId, declined.enrollmentId], events };
  }

  it('is one row by one statement: no signal, no event of history, no call of Temporal or Stripe', async () => {
    const { enrollments, events } = await echoes();
    expect(new Set(events.map(({ type }) => type))).toEqual(
      new Set([
        'payment_intent.succeeded',
        'refund.created',
        'payment_intent.payment_failed',
        'payment_intent.canceled',
      ]),
    );
    const calls = temporalCalls();
    const before = await elsewhere(enrollments);
    calls.mockClear();
    api.forget();
    for (const event of events) {
      expectStatements(await counter.during(() => deliver(event)), {
        statements: BUDGETS.echo,
        transactionsBegun: 0,
      });
      // Stripe sends some twice.
      expectStatements(await counter.during(() => deliver(event)), {
        statements: BUDGETS.echo,
        transactionsBegun: 0,
      });
    }
    expect([api.asked, calls.mock.calls.length]).toEqual([[], 0]);
    expect(await elsewhere(enrollments)).toEqual(before);
    const ids = events.map(({ id }) => id);
    const rows = await billing.db
      .selectFrom('stripe_events')
      .select(['deliveries', 'signal_attempts', 'signalled_at', 'ignored_reason'])
      .where('id', 'in', ids)
      .execute();
    const silent = { deliveries: 2, signal_attempts: 0, signalled_at: null };
    expect(rows).toEqual(ids.map(() => ({ ...silent, ignored_reason: 'echo of our own request' })));
    // Nor later: nothing of it is left to be delivered.
    expect(await claimStripeEvents(billing.db, 100)).toEqual([]);
  });

  it('is told from news, of which the Workflow hears', async () => {
    const { enrollmentId } = await billing.paidOnce(MONTHLY);
    const row = await billing.enrollmentRow(enrollmentId);
    const calls = temporalCalls();
    const before = await elsewhere([enrollmentId]);
    calls.mockClear();
    api.forget();
    const method = { id: String(row.default_payment_method_id), object: 'payment_method' };
    await deliver(stripeEvent('payment_method.updated', method));
    expect(api.asked.map(({ name }) => name)).toEqual(['paymentMethodChanged']);
    expect(calls).toHaveBeenCalledTimes(1);
    expect((await elsewhere([enrollmentId])).events[0]).toBeGreaterThan(before.events[0] ?? 0);
  });

  /** Every call of Temporal by this process, the Worker's apart. */
  function temporalCalls() {
    const client: { makeUnaryRequest(): unknown } = Reflect.get(billing.temporal.connection, 'client');
    return jest.spyOn(client, 'makeUnaryRequest');
  }

  /** How much has happened where an echo must not be heard: once nothing is under way there. */
  async function elsewhere(enrollmentIds: string[]) {
    const histories = await Promise.all(enrollmentIds.map(restingHistory));
    return { events: histories.map(({ length }) => length), stripeCalls: await billing.stripeCalls() };
  }

  /** It ends with what a Workflow Task has led to, which is neither another one nor an Activity. */
  function restingHistory(id: string) {
    return waitFor('the Workflow to rest', async () => {
      const { events } = await billing.history(id);
      const last = Object.keys(events?.at(-1) ?? {}).find((field) => field.endsWith('Attributes'));
      return (
        !/^(workflowTask(Scheduled|Started)|activityTask|workflowExecutionSignaled)/.test(last ?? '') &&
        (events ?? [])
      );
    });
  }
});

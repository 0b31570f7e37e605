import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client, Connection, ServiceError, type WorkflowClientInterceptor } from '@temporalio/client';
import { BillingUnavailable, CommandRefused, EnrollmentNotRunning } from '../../api/billing-client.ts';
import { createTemporalBillingClient } from '../../api/temporal-billing-client.ts';
import { ENROLLMENT_STATUS } from '../../config/search-attributes.ts';
import { MONTHLY, ONCE, startBilling, type TestBilling } from '../support/billing.ts';

let service: TestBilling;
beforeAll(async () => {
  service = await startBilling();
}, 60_000);
afterAll(() => service.stop());

const requested = { by: 'api:key_1', reason: 'a test' };

/** What a call throws; fails the test when it does not. */
async function failureOf(call: Promise<unknown>): Promise<unknown> {
  const outcome = await call.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  if ('value' in outcome) {
    throw new Error(`expected a failure, got ${JSON.stringify(outcome.value)}`);
  }
  return outcome.error;
}

/** Same Temporal, a Task Queue that nobody polls. */
function withoutWorker() {
  return createTemporalBillingClient({
    client: service.temporal.client,
    taskQueue: `nobody-${randomBytes(4).toString('hex')}`,
    commandTimeoutMs: 1_500,
  });
}

describe('enroll', () => {
  it('starts the Workflow once and answers every repeat with the same session', async () => {
    const input = await service.newInput(MONTHLY);
    const answers = await Promise.all(Array.from({ length: 5 }, () => service.billing.enroll(input)));
    expect(new Set(answers.map(({ checkoutSession }) => checkoutSession?.id)).size).toBe(1);
    expect(answers[0]).toMatchObject({ status: 'awaiting_payment_method' });
    expect(await service.enrollmentRow(input.enrollmentId)).toMatchObject({
      status: 'awaiting_payment_method',
    });
    const { events } = await service.history(input.enrollmentId);
    expect(events?.filter((event) => event.workflowExecutionUpdateAcceptedEventAttributes)).toHaveLength(1);
  });

  it('is refused for the same id from another request', async () => {
    const input = await service.newInput(MONTHLY);
    await service.billing.enroll(input);
    const failure = await failureOf(service.billing.enroll({ ...input, requestFingerprint: 'another' }));
    expect(failure).toBeInstanceOf(CommandRefused);
    expect(failure).toMatchObject({
      code: 'idempotency_mismatch',
      message: expect.stringContaining(input.enrollmentId),
    });
  });

  it('shows an operator what was agreed, and nothing of the customer', async () => {
    const input = await service.newInput(MONTHLY, { email: 'canary@example.com', reference: 'canary-17' });
    await service.billing.enroll(input);
    const described = await service.handle(input.enrollmentId).describe();
    expect(await described.staticSummary()).toBe('JPY 980 every month');
    expect(await described.staticDetails()).toBe(
      [
        '- **Terms**: JPY 980 every month',
        '- **Clock**: Asia/Tokyo, counted from saving the payment method',
        '- **Capture**: automatic',
        '- **After a decline**: retries 1, 3, 5, 7 days after the decline before, then the enrollment is canceled',
        '- **Fell due while nothing ran**: each is charged',
        '- **Paid after a cancel**: refunded',
        '- **Without a payment method**: expires after 30 days',
      ].join('\n'),
    );
    expect(described.typedSearchAttributes.get(ENROLLMENT_STATUS)).toBe('awaiting_payment_method');
    expect(described.priority?.priorityKey).toBe(2);
    const history = JSON.stringify(await service.history(input.enrollmentId));
    for (const personal of ['canary@example.com', 'canary-17']) {
      expect(history).not.toContain(personal);
      expect(history).not.toContain(Buffer.from(personal).toString('base64').slice(2, -4));
    }
  });

  it('does not start again what has ended', async () => {
    const input = await service.newInput(ONCE);
    await service.billing.enroll(input);
    await service.billing.cancelEnrollment(input.enrollmentId, requested);
    await service.handle(input.enrollmentId).result();
    const again = await failureOf(service.billing.enroll({ ...input, requestFingerprint: 'later' }));
    expect(again).toBeInstanceOf(EnrollmentNotRunning);
  });

  it('is unavailable when no Worker answers in time; the Workflow waits for one', async () => {
    const input = await service.newInput(MONTHLY);
    const began = Date.now();
    const failure = await failureOf(withoutWorker().enroll(input));
    expect(failure).toBeInstanceOf(BillingUnavailable);
    expect(Date.now() - began).toBeLessThan(6_000);
    await service.handle(input.enrollmentId).terminate();
  });
});

describe('commands', () => {
  it('are refused with the code of the Workflow', async () => {
    const input = await service.newInput(MONTHLY);
    await service.billing.enroll(input);
    const id = input.enrollmentId;
    const charge = { ...requested, requestKey: 'k', amountMinor: 500, description: null };
    const refusals: [Promise<unknown>, string][] = [
      [service.billing.createCharge(id, charge), 'enrollment_not_started'],
      [service.billing.resumeCharge(id, `chg_${id.slice(4)}_1`, requested), 'charge_unknown'],
    ];
    for (const [call, code] of refusals) {
      const failure = await failureOf(call);
      expect(failure).toBeInstanceOf(CommandRefused);
      expect(failure).toMatchObject({ code });
    }
    expect(await failureOf(service.billing.resumeEnrollment(id, requested))).toBeInstanceOf(CommandRefused);
  });

  /** The same client, but the server gives the first updates back undone. Notes the id of each that is sent. */
  function givingBack(times: number) {
    const sent: (string | undefined)[] = [];
    function giveBack(updateId: string | undefined) {
      sent.push(updateId);
      if (sent.length <= times) {
        // As when a signal comes while the Workflow continues as new: UnhandledCommand.
        const details = 'unexpected workflow task failure';
        const grpc = Object.assign(new Error(details), { code: 9, details, metadata: {} });
        throw new ServiceError('Workflow Update failed', { cause: grpc });
      }
    }
    const interceptor: WorkflowClientInterceptor = {
      startUpdate(call, next) {
        giveBack(call.options.updateId);
        return next(call);
      },
      startUpdateWithStart(call, next) {
        giveBack(call.updateOptions.updateId);
        return next(call);
      },
    };
    const { connection, options } = service.temporal.client;
    const { namespace } = options;
    const client = new Client({ connection, namespace, interceptors: { workflow: [interceptor] } });
    return { sent, billing: createTemporalBillingClient({ client, taskQueue: service.taskQueue }) };
  }

  it('are sent again, as the same update, when Temporal gives them back undone', async () => {
    const input = await service.newInput(MONTHLY);
    const enrolling = givingBack(2);
    expect(await enrolling.billing.enroll(input)).toMatchObject({ status: 'awaiting_payment_method' });
    expect(enrolling.sent).toEqual(Array(3).fill(`enroll-${input.requestFingerprint.slice(0, 16)}`));
    const canceling = givingBack(2);
    await canceling.billing.cancelEnrollment(input.enrollmentId, requested);
    expect(canceling.sent).toEqual(Array(3).fill(canceling.sent[0]));
    expect(canceling.sent[0]).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('are unavailable when Temporal goes on giving them back: code that fails every Workflow Task', async () => {
    const input = await service.newInput(MONTHLY);
    const { billing, sent } = givingBack(Number.POSITIVE_INFINITY);
    expect(await failureOf(billing.enroll(input))).toBeInstanceOf(BillingUnavailable);
    expect(sent).toHaveLength(7);
  });

  it('open the session that is still live', async () => {
    const input = await service.newInput(MONTHLY);
    const { checkoutSession } = await service.billing.enroll(input);
    const session = await service.billing.openCheckoutSession(input.enrollmentId, requested);
    expect(session).toEqual(checkoutSession);
  });

  it('find no Workflow that is unknown or has ended', async () => {
    const input = await service.newInput(ONCE);
    const id = input.enrollmentId;
    expect(await failureOf(service.billing.cancelEnrollment(id, requested))).toBeInstanceOf(
      EnrollmentNotRunning,
    );
    await service.billing.enroll(input);
    expect(await service.billing.cancelEnrollment(id, requested)).toEqual({ status: 'canceled' });
    await service.handle(id).result();
    expect(await failureOf(service.billing.openCheckoutSession(id, requested))).toBeInstanceOf(
      EnrollmentNotRunning,
    );
  });
});

describe('signals', () => {
  it('answer true when a Workflow takes them, false when it is unknown or has ended', async () => {
    const input = await service.newInput(ONCE);
    const id = input.enrollmentId;
    const change = { chargeId: `chg_${id.slice(4)}_1`, paymentIntentId: 'pi_1', eventType: 'x' };
    const all = async (session: string) => [
      await service.billing.checkoutSessionCompleted(id, session),
      await service.billing.checkoutSessionExpired(id, session),
      await service.billing.paymentIntentChanged(id, change),
    ];
    expect(await all('cs_test_1')).toEqual([false, false, false]);
    const { checkoutSession } = await service.billing.enroll(input);
    expect(await all(checkoutSession?.id ?? '')).toEqual([true, true, true]);
    await service.billing.cancelEnrollment(id, requested);
    await service.handle(id).result();
    expect(await all('cs_test_1')).toEqual([false, false, false]);
  });

  it('need no Worker', async () => {
    const input = await service.newInput(MONTHLY);
    const billing = withoutWorker();
    await failureOf(billing.enroll(input));
    expect(await billing.checkoutSessionCompleted(input.enrollmentId, 'cs_test_1')).toBe(true);
    await service.handle(input.enrollmentId).terminate();
  });
});

describe('a Temporal that cannot be used', () => {
  it.each([
    ['is away', { address: '127.0.0.1:9', namespace: 'default' }],
    ['has no such Namespace', { address: null, namespace: 'nowhere' }],
  ])('that %s is unavailable, within the deadline', async (_what, { address, namespace }) => {
    const connection = Connection.lazy({ address: address ?? service.temporal.address });
    const billing = createTemporalBillingClient({
      client: new Client({ connection, namespace }),
      taskQueue: 'billing',
      commandTimeoutMs: 1_000,
      signalTimeoutMs: 500,
    });
    try {
      const input = await service.newInput(MONTHLY);
      const began = Date.now();
      const calls = [
        billing.enroll(input),
        billing.cancelEnrollment(input.enrollmentId, requested),
        billing.checkoutSessionCompleted(input.enrollmentId, 'cs_test_1'),
      ];
      for (const failure of await Promise.all(calls.map(failureOf))) {
        expect(failure).toBeInstanceOf(BillingUnavailable);
      }
      expect(Date.now() - began).toBeLessThan(4_000);
    } finally {
      await connection.close();
    }
  });
});

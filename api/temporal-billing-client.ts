/**
 * The BillingClient over Temporal: every command is an update or a signal of the enrollment's Workflow. Used by the
 * API and by the customer's pages. Of commands it repeats only what Temporal gave back undone: callers know what else may
 * be repeated.
 */
import { createHash, randomUUID } from 'node:crypto';
import { type Client, WithStartWorkflowOperation } from '@temporalio/client';
import type { SignalDefinition, UpdateDefinition } from '@temporalio/common';
import pRetry from 'p-retry';
import { FIRST_ATTRIBUTES } from '../config/search-attributes.ts';
import { COMMAND_TIMEOUT_MS } from '../config/temporal.ts';
import type { PaidCharge } from '../db/aftermath.ts';
import { previewCancel } from '../domain/cancel-preview.ts';
import { scheduleAtCancel } from '../domain/cancel-schedule.ts';
import { forbidsRefunding } from '../domain/disputes.ts';
import { chargeAftermathWorkflowId, enrollmentWorkflowId } from '../domain/ids.ts';
import type { KeyedRequest } from '../domain/keyed-requests.ts';
import { WORKFLOW_PRIORITY } from '../domain/priorities.ts';
import { termsDetails, termsSummary } from '../domain/terms-in-words.ts';
import { type AftermathInput, type ToldInput, toldInput } from '../domain/workflow-input.ts';
import {
  authenticateChargeUpdate,
  type ChargeAnswer,
  cancelAtPeriodEndUpdate,
  cancelChargeUpdate,
  cancelEnrollmentUpdate,
  cancelPreviewQuery,
  captureChargeUpdate,
  changeAmountUpdate,
  chargeAftermathSignal,
  chargeNowUpdate,
  checkoutSessionCompletedSignal,
  checkoutSessionExpiredSignal,
  createChargeUpdate,
  enrollmentStateQuery,
  enrollUpdate,
  extendDunningUpdate,
  moveNextUpdate,
  openCheckoutSessionUpdate,
  pauseEnrollmentUpdate,
  paymentIntentChangedSignal,
  paymentMethodChangedSignal,
  type Requested,
  refundChargeUpdate,
  resumeChargeUpdate,
  resumeEnrollmentUpdate,
  retryChargeUpdate,
  skipNextUpdate,
  stopDunningUpdate,
  undoCancelUpdate,
} from '../workflows/messages.ts';
import { type BillingClient, EnrollmentNotRunning } from './billing-client.ts';
import { billingFailure, endedInFault, wasBusy, wasGivenBack, wasRefused } from './temporal-failures.ts';

/** A handler may need 15 s of the 20 that a command has. */
const KEPT_WITHIN_MS = 3_000;

export interface BillingClientOptions {
  client: Client;
  /** Task Queue of the Workflows. */
  taskQueue: string;
  /** @default COMMAND_TIMEOUT_MS */
  commandTimeoutMs?: number;
  /** Longest wait until Temporal has accepted a signal. @default 3000 */
  signalTimeoutMs?: number;
}

export function createTemporalBillingClient(options: BillingClientOptions): BillingClient {
  const { client, taskQueue, commandTimeoutMs = COMMAND_TIMEOUT_MS, signalTimeoutMs = 3_000 } = options;

  async function within<T>(timeoutMs: number, enrollmentId: string, call: () => Promise<T>): Promise<T> {
    try {
      return await client.withDeadline(Date.now() + timeoutMs, call);
    } catch (error) {
      throw billingFailure(error, enrollmentId);
    }
  }

  /** @param send asks under an update id of its own, the same one each time */
  function update<Answer>(enrollmentId: string, send: () => Promise<Answer>): Promise<Answer> {
    return within(commandTimeoutMs, enrollmentId, () =>
      // Two or three are enough while a Workflow continues as new; code that fails every Workflow Task is not waited for.
      pRetry(send, {
        shouldRetry: ({ error }) => wasGivenBack(error),
        retries: 6,
        minTimeout: 50,
        maxTimeout: 500,
      }),
    );
  }

  function ask<Answer, Args extends [Requested, ...unknown[]]>(
    enrollmentId: string,
    definition: UpdateDefinition<Answer, Args>,
    args: Args,
  ): Promise<Answer> {
    const { request } = args[0];
    const handle = client.workflow.getHandle(enrollmentWorkflowId(enrollmentId));
    const send = (updateId: string) =>
      handle.executeUpdate<Answer, [unknown, ...unknown[]]>(definition.name, { args, updateId });
    const updateId = request === undefined ? randomUUID() : updateIdOf(request);
    return update(enrollmentId, () =>
      request === undefined ? send(updateId) : sendAgain(updateId, send, wasRefused),
    );
  }

  /** @returns whether a Workflow took it; false when it is closed or was never started */
  async function tell<Args extends unknown[]>(
    enrollmentId: string,
    signal: SignalDefinition<Args>,
    args: Args,
  ): Promise<boolean> {
    const handle = client.workflow.getHandle(enrollmentWorkflowId(enrollmentId));
    try {
      await within(signalTimeoutMs, enrollmentId, () => handle.signal(signal, ...args));
      return true;
    } catch (error) {
      if (error instanceof EnrollmentNotRunning) {
        return false;
      }
      throw error;
    }
  }

  /** How the Workflow of a charge's aftermath is started; one that runs is used. */
  function aftermath(charge: PaidCharge) {
    const { id: chargeId, enrollmentId, capturedMinor, currency, refunds, disputeStatus } = charge;
    const disputed = disputeStatus !== null && forbidsRefunding([disputeStatus]);
    const input: AftermathInput = {
      v: 1,
      enrollmentId,
      chargeId,
      capturedMinor,
      currency,
      refunds,
      disputed,
    };
    return {
      workflowId: chargeAftermathWorkflowId(chargeId),
      workflowIdConflictPolicy: 'USE_EXISTING' as const,
      workflowIdReusePolicy: 'ALLOW_DUPLICATE' as const,
      taskQueue,
      args: [input],
      staticSummary: `Refunds and disputes of ${chargeId}`,
    };
  }

  return {
    enroll(input) {
      const { enrollmentId, requestFingerprint, terms } = input;
      const start = {
        workflowId: enrollmentWorkflowId(enrollmentId),
        workflowIdConflictPolicy: 'USE_EXISTING' as const,
        // An id that has ended is never started again; the caller is answered from its row.
        workflowIdReusePolicy: 'REJECT_DUPLICATE' as const,
        taskQueue,
        args: [toldInput(input)] as [ToldInput],
        typedSearchAttributes: FIRST_ATTRIBUTES,
        staticSummary: termsSummary(terms),
        staticDetails: termsDetails(terms),
        priority: { priorityKey: WORKFLOW_PRIORITY },
      };
      return update(enrollmentId, () =>
        client.workflow.executeUpdateWithStart(enrollUpdate, {
          startWorkflowOperation: new WithStartWorkflowOperation('enrollmentWorkflow', start),
          args: [{ requestFingerprint }],
          // The same request again waits for, or gets, the first one's answer instead of asking anew.
          // A part of it tells two requests for one enrollment apart; the history has it in four places.
          updateId: `enroll-${requestFingerprint.slice(0, 16)}`,
        }),
      );
    },
    openCheckoutSession: (id, requested) => ask(id, openCheckoutSessionUpdate, [requested]),
    cancelEnrollment: (id, requested) => ask(id, cancelEnrollmentUpdate, [requested]),
    resumeEnrollment: (id, requested) => ask(id, resumeEnrollmentUpdate, [requested]),
    async previewCancel(id, when) {
      const { facts, ...preview } = await within(commandTimeoutMs, id, () =>
        client.workflow.getHandle(enrollmentWorkflowId(id)).query(cancelPreviewQuery, when),
      );
      // A Worker of before tells no facts.
      return facts === undefined
        ? preview
        : previewCancel(when, facts, scheduleAtCancel(facts, new Date().toISOString()));
    },
    cancelAtPeriodEnd: (id, requested) => ask(id, cancelAtPeriodEndUpdate, [requested]),
    undoCancel: (id, requested) => ask(id, undoCancelUpdate, [requested]),
    pauseEnrollment: (id, requested) => ask(id, pauseEnrollmentUpdate, [requested]),
    skipNext: (id, requested) => ask(id, skipNextUpdate, [requested]),
    moveNext: (id, requested) => ask(id, moveNextUpdate, [requested]),
    chargeNow: (id, requested) => ask(id, chargeNowUpdate, [requested]),
    changeAmount: (id, requested) => ask(id, changeAmountUpdate, [requested]),
    retryCharge: (id, chargeId, requested) => ask(id, retryChargeUpdate, [{ ...requested, chargeId }]),
    authenticateCharge: (id, chargeId, requested) =>
      ask(id, authenticateChargeUpdate, [{ ...requested, chargeId }]),
    captureCharge: (id, chargeId, requested) => ask(id, captureChargeUpdate, [{ ...requested, chargeId }]),
    cancelCharge: (id, chargeId, requested) => ask(id, cancelChargeUpdate, [{ ...requested, chargeId }]),
    async untriedCharge(id, chargeId) {
      const handle = client.workflow.getHandle(enrollmentWorkflowId(id));
      const { untried = [] } = await within(commandTimeoutMs, id, () => handle.query(enrollmentStateQuery));
      return untried.find((charge) => charge.id === chargeId) ?? null;
    },
    extendDunning: (id, chargeId, requested) => ask(id, extendDunningUpdate, [{ ...requested, chargeId }]),
    stopDunning: (id, chargeId, requested) => ask(id, stopDunningUpdate, [{ ...requested, chargeId }]),
    refundCharge(charge, request) {
      const send = (updateId: string) =>
        client.workflow.executeUpdateWithStart(refundChargeUpdate, {
          startWorkflowOperation: new WithStartWorkflowOperation(
            'chargeAftermathWorkflow',
            aftermath(charge),
          ),
          args: [request],
          updateId,
        });
      // With the amount, since Temporal would answer another one with what came of the first.
      const updateId = `refund/${request.amountMinor ?? 'all'}/${request.requestKey}`;
      const isOver = (error: unknown) => endedInFault(error) || wasBusy(error);
      return update(charge.enrollmentId, () => sendAgain(updateId, send, isOver));
    },
    async chargeAftermath(charge) {
      await within(signalTimeoutMs, charge.enrollmentId, () =>
        client.workflow.signalWithStart('chargeAftermathWorkflow', {
          ...aftermath(charge),
          signal: chargeAftermathSignal,
        }),
      );
    },
    paymentMethodChanged: (id, change) => tell(id, paymentMethodChangedSignal, [change]),
    resumeCharge: (id, chargeId, requested) => ask(id, resumeChargeUpdate, [{ ...requested, chargeId }]),
    createCharge: (id, request) => ask(id, createChargeUpdate, [request]),
    checkoutSessionCompleted: (id, checkoutSessionId) =>
      tell(id, checkoutSessionCompletedSignal, [{ checkoutSessionId }]),
    checkoutSessionExpired: (id, checkoutSessionId) =>
      tell(id, checkoutSessionExpiredSignal, [{ checkoutSessionId }]),
    paymentIntentChanged: (id, change) => tell(id, paymentIntentChangedSignal, [change]),
  };
}

/** With what the key stands for, since Temporal would answer another command with what came of the first. */
function updateIdOf({ key, what }: KeyedRequest): string {
  return `request-${key}-${createHash('sha256').update(what).digest('hex').slice(0, 16)}`;
}

/**
 * Temporal answers a repeat under the same update id with what came of the first, for as long as the run lasts: also with
 * a refusal whose reason is over, and while the first was answered before it was done. Then it is sent once more, under a
 * further id; the key in the request is what makes it the same.
 * @param isOver whether nothing was done by what ended so
 */
async function sendAgain<Answer>(
  updateId: string,
  send: (updateId: string) => Promise<Answer>,
  isOver: (error: unknown) => boolean,
): Promise<Answer> {
  const sentAtMs = performance.now();
  // What took longer was not kept from before, and too little time would be left for another wait.
  const isKept = () => performance.now() - sentAtMs < KEPT_WITHIN_MS;
  const again = () => send(`${updateId}-${randomUUID()}`);
  const answer = await send(updateId).catch((error: unknown) => {
    if (!isOver(error) || !isKept()) {
      throw error;
    }
    return again();
  });
  return wasPending(answer) && isKept() ? again() : answer;
}

function wasPending(answer: unknown): boolean {
  return (answer as Partial<ChargeAnswer>).pending === true;
}

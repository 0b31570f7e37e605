/**
 * The BillingClient over Temporal: every command is an update or a signal of the enrollment's Workflow. Used by the
 * API and by the customer's pages. Of commands it repeats only what Temporal gave back undone: callers know what else may
 * be repeated.
 */
import { randomUUID } from 'node:crypto';
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
import { WORKFLOW_PRIORITY } from '../domain/priorities.ts';
import { termsDetails, termsSummary } from '../domain/terms-in-words.ts';
import { type AftermathInput, type ToldInput, toldInput } from '../domain/workflow-input.ts';
import {
  authenticateChargeUpdate,
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
import { billingFailure, endedInFault, wasBusy, wasGivenBack } from './temporal-failures.ts';

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

  /** @param updateId Temporal answers a repeat under the same one with what came of the first, for as long as the run lasts */
  function ask<Answer, Args extends [Partial<Requested>, ...unknown[]]>(
    enrollmentId: string,
    definition: UpdateDefinition<Answer, Args>,
    args: Args,
    updateId: string = updateIdOf(args[0]),
  ): Promise<Answer> {
    const handle = client.workflow.getHandle(enrollmentWorkflowId(enrollmentId));
    return update(enrollmentId, () =>
      handle.executeUpdate<Answer, [unknown, ...unknown[]]>(definition.name, { args, updateId }),
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
    changeAmount: (id, requested) => {
      const { requestKey } = requested;
      const updateId = requestKey === undefined ? undefined : `amount-${requestKey}`;
      return ask(id, changeAmountUpdate, [requested], updateId);
    },
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
      const ask = (updateId: string) =>
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
      return update(charge.enrollmentId, () =>
        ask(updateId).catch((error: unknown) => {
          if (!endedInFault(error) && !wasBusy(error)) {
            throw error;
          }
          // Temporal answers a repeat with the error of before, also when what caused it is mended or over. The key in the
          // request is what makes it the same refund.
          return ask(`${updateId}-${randomUUID()}`);
        }),
      );
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

/** One for all commands: a key that has come before with another of them is told so. */
function updateIdOf({ request }: Partial<Requested>): string {
  return request === undefined ? randomUUID() : `request-${request.key}`;
}

/**
 * What an error of the Temporal client means to the API. Called by the BillingClient only. Decides by class, gRPC
 * status and failure type; never reads a message.
 */
import {
  isGrpcServiceError,
  ServiceError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import {
  ActivityFailure,
  ApplicationFailure,
  NamespaceNotFoundError,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
} from '@temporalio/common';
import { REFUSALS, refusalCode } from '../domain/errors.ts';
import { BillingUnavailable, CommandRefused, EnrollmentNotRunning } from './billing-client.ts';

/** The server fails an accepted update with it when the Workflow ends before the update does. */
const CLOSED_BEFORE_ANSWER = 'AcceptedUpdateCompletedWorkflow';
/** gRPC status of a start under an id that a closed Workflow has used. */
const ALREADY_EXISTS = 6;
/** gRPC status of an update that the server gives back undone. */
const FAILED_PRECONDITION = 9;

/**
 * @returns CommandRefused when a validator or handler said no; EnrollmentNotRunning when there is no open Workflow;
 * BillingUnavailable when Temporal or a Worker did not answer, after which the effect is unknown; any other error
 * unchanged: a defect
 */
export function billingFailure(error: unknown, enrollmentId: string): unknown {
  if (error instanceof WorkflowUpdateFailedError) {
    // A handler lets pass what an Activity of it was refused.
    const said = error.cause instanceof ActivityFailure ? error.cause.cause : error.cause;
    const type = said instanceof ApplicationFailure ? said.type : null;
    if (type === CLOSED_BEFORE_ANSWER) {
      return new EnrollmentNotRunning(enrollmentId);
    }
    return type && Object.hasOwn(REFUSALS, type)
      ? new CommandRefused(refusalCode(type), said?.message ?? 'the enrollment does not allow it now')
      : error;
  }
  if (error instanceof WorkflowNotFoundError || error instanceof WorkflowExecutionAlreadyStartedError) {
    return new EnrollmentNotRunning(enrollmentId);
  }
  if (grpcStatus(error) === ALREADY_EXISTS) {
    return new EnrollmentNotRunning(enrollmentId);
  }
  if (
    isGrpcServiceError(error) ||
    error instanceof ServiceError ||
    error instanceof WorkflowUpdateRPCTimeoutOrCancelledError ||
    error instanceof NamespaceNotFoundError
  ) {
    return new BillingUnavailable('Temporal or its Worker did not answer in time', error);
  }
  return error;
}

/**
 * Whether an update was given back before the Workflow has accepted it: the Workflow Task that brought it failed, as it
 * does when news comes in the moment in which the Workflow continues as new. Nothing was done; it may be sent again.
 */
export function wasGivenBack(error: unknown): boolean {
  return grpcStatus(error) === FAILED_PRECONDITION;
}

/** Whether an update ended because an Activity of it failed for good: nobody refused it, and it may go well another time. */
export function endedInFault(error: unknown): boolean {
  return error instanceof WorkflowUpdateFailedError && error.cause instanceof ActivityFailure;
}

/** Whether the charge was busy when the update came. */
export function wasBusy(error: unknown): boolean {
  return refusalOf(error) === REFUSALS.ChargeBusy;
}

/** Whether the Workflow has refused it for a reason that may be over one day. */
export function wasRefused(error: unknown): boolean {
  const refusal = refusalOf(error);
  return refusal !== null && refusal !== REFUSALS.IdempotencyMismatch;
}

function refusalOf(error: unknown): string | null {
  const said = error instanceof WorkflowUpdateFailedError ? error.cause : undefined;
  const type = said instanceof ApplicationFailure ? said.type : null;
  return type && Object.hasOwn(REFUSALS, type) ? type : null;
}

/** An update-with-start hands its inner gRPC error over unwrapped. */
function grpcStatus(error: unknown): number | undefined {
  const grpc = error instanceof ServiceError ? error.cause : error;
  return isGrpcServiceError(grpc) ? grpc.code : undefined;
}

/** A failure that a person must look at. Thrown by Activities; the Workflow parks what it belongs to. */
import { ApplicationFailure } from '@temporalio/common';
import type { DEFECTS } from '../domain/errors.ts';

/**
 * Never retried by Temporal, as the failure itself says: the same try would fail the same way. Retry policies name no
 * types, since the policy of an Activity is written into the history each time.
 */
export function defect(type: keyof typeof DEFECTS, message: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(message, type);
}

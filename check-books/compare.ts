/**
 * Compares the three ledgers: a pure function of what was read. Called by `check.ts`; changes nothing.
 */
import type { Books, Difference } from './books.ts';
import { compareDisputes } from './compare-disputes.ts';
import { comparePayments } from './compare-payments.ts';
import { comparePlan } from './compare-plan.ts';
import { compareWorkflow } from './compare-workflow.ts';

export interface Limits {
  /** Age in milliseconds from which an accepted webhook should have been delivered. */
  deliveryLagMs: number;
  /** How far a due date may lie in the past before somebody is stuck. */
  dueLagMs: number;
  /** Tries of one Activity from which it counts as stuck. */
  mostTries: number;
}

/** A webhook of a payment that may get its row waits ten minutes for it. */
export const USUAL_LIMITS: Limits = { deliveryLagMs: 15 * 60_000, dueLagMs: 15 * 60_000, mostTries: 20 };

/** Every difference, those about money first. Same books, same answer. */
export function compare(books: Books, limits: Limits = USUAL_LIMITS): Difference[] {
  const workflows = books.enrollments.flatMap((row) => {
    const workflow = books.workflows.get(row.id) ?? { kind: 'unknown' };
    return [...compareWorkflow(row, workflow, books.takenAt, limits), ...comparePlan(row, workflow)];
  });
  return [
    ...comparePayments(books),
    ...compareDisputes(books),
    ...workflows,
    ...withoutRow(books),
    ...inbox(books, limits),
  ];
}

function withoutRow({ withoutRow: ids }: Books): Difference[] {
  return ids.map((enrollmentId) => ({
    invariant: 'I3',
    code: 'enrollment_without_row',
    enrollmentId,
    subject: enrollmentId,
    found: 'its Workflow runs and PostgreSQL has no row of it',
    action:
      'restore the row from a backup, or terminate the Workflow when the enrollment must not go on; its Activities fail until then',
  }));
}

function inbox({ pendingEvents, missedEvents, takenAt }: Books, limits: Limits): Difference[] {
  const late = pendingEvents.filter(
    ({ receivedAt }) => Date.parse(takenAt) - Date.parse(receivedAt) > limits.deliveryLagMs,
  );
  return [
    ...late.map(
      ({ id, type, receivedAt, attempts, lastError }): Difference => ({
        invariant: 'I2',
        code: 'webhook_not_delivered',
        enrollmentId: null,
        subject: id,
        found: `${type} was accepted at ${receivedAt} and is not delivered after ${attempts} tries${lastError === null ? '' : `: ${lastError}`}`,
        action: 'see that an API process runs and reaches Temporal; --repair delivers it now',
        repair: { do: 'deliver_event', eventId: id },
      }),
    ),
    ...missedEvents.map(
      ({ id, type, createdAt }): Difference => ({
        invariant: 'I2',
        code: 'webhook_missed',
        enrollmentId: null,
        subject: id,
        found: `Stripe has ${type} of ${createdAt}, and it never came in`,
        action: 'check the webhook endpoint in the Stripe Dashboard; --repair takes the event from Stripe',
        repair: { do: 'take_event', eventId: id },
      }),
    ),
  ];
}

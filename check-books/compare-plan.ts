/**
 * What is still to come: the next charge, the coming cancel and the end of a pause of an enrollment's row, and the charges
 * that its rows show as open, against what its Workflow will do. Pure.
 */
import { ENDED, SETTLED_CHARGE } from '../domain/statuses.ts';
import type { EnrollmentState } from '../workflows/messages.ts';
import {
  type ChargeRow,
  type Difference,
  type EnrollmentRow,
  holdsOpen,
  type WorkflowFacts,
} from './books.ts';

export function comparePlan(row: EnrollmentRow, workflow: WorkflowFacts): Difference[] {
  const found = followsCharges(row, workflow)
    ? row.charges
        .filter(({ id, status }) => !SETTLED_CHARGE.includes(status) && !holdsOpen(workflow, id))
        .map(notFollowed)
    : [];
  return workflow.kind === 'running' ? [...planDiffers(row, workflow.state), ...found] : found;
}

/** Whether it is known which charges the Workflow follows: none, once it has ended. One that failed is told as such. */
function followsCharges({ status }: EnrollmentRow, workflow: WorkflowFacts): boolean {
  switch (workflow.kind) {
    case 'running':
      return true;
    case 'closed':
      return workflow.result !== null;
    case 'unknown':
      return ENDED.some((end) => end === status);
    case 'silent':
      return false;
    default:
      return workflow satisfies never;
  }
}

function notFollowed({ id, enrollmentId, status, paymentIntentId }: ChargeRow): Difference {
  const settle =
    paymentIntentId === null
      ? 'nothing was asked of Stripe for it: set the status of its row to canceled'
      : `cancel ${paymentIntentId} at Stripe, or wait for its outcome where Stripe does not let it go; --repair then writes what came of it`;
  return {
    invariant: 'I4',
    code: 'charge_not_followed',
    enrollmentId,
    subject: id,
    found: `its row says ${status}, and its Workflow does not follow it: nobody collects it or lets it go`,
    action: `${settle}. While the enrollment runs, what is owed can be asked for anew: POST /v1/enrollments/:id/charges`,
  };
}

function planDiffers(row: EnrollmentRow, state: EnrollmentState): Difference[] {
  if (row.status !== state.status) {
    // What is planned is written along with the status.
    return [];
  }
  const next = plannedNext(state);
  const said: string[] = [];
  if (next !== undefined && !isSameInstant(row.nextChargeAt, next)) {
    said.push(`the row says its next charge is due ${at(row.nextChargeAt)}, its Workflow ${at(next)}`);
  }
  if (!isSameInstant(row.cancelAt, state.cancelAt)) {
    said.push(`the row says it is canceled ${at(row.cancelAt)}, its Workflow ${at(state.cancelAt)}`);
  }
  if (state.pausedUntil !== undefined && !isSameInstant(row.pausedUntil, state.pausedUntil)) {
    said.push(`the row says its pause is over ${at(row.pausedUntil)}, its Workflow ${at(state.pausedUntil)}`);
  }
  return said.length === 0
    ? []
    : [
        {
          invariant: 'I5',
          code: 'plan_differs',
          enrollmentId: row.id,
          subject: row.id,
          found: said.join('; '),
          action: 'the customer, the API and lists are told wrongly; --repair writes what the Workflow says',
          repair: {
            do: 'write_enrollment',
            enrollmentId: row.id,
            seen: row.status,
            seenNextChargeAt: row.nextChargeAt,
          },
        },
      ];
}

/**
 * What the row says of a Workflow that stands so. While it is paused nothing is to come, whatever is planned.
 * @returns undefined while the first attempt of a charge may be under way, whose answer tells what comes next
 */
export function plannedNext(state: EnrollmentState): string | null | undefined {
  if (state.status === 'paused') {
    return null;
  }
  return state.nextChargeAt === null && state.charges.length > 0 ? undefined : state.nextChargeAt;
}

function isSameInstant(one: string | null, other: string | null): boolean {
  return one === null || other === null ? one === other : Date.parse(one) === Date.parse(other);
}

function at(instant: string | null): string {
  return instant === null ? 'never' : `at ${instant}`;
}

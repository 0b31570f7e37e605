/** One enrollment: its row against its Workflow and against the search attribute, and whether it is stuck. Pure. */
import { enrollmentWorkflowId } from '../domain/ids.ts';
import { ENDED, SETTLED_CHARGE } from '../domain/statuses.ts';
import type { ChargeRow, Difference, EnrollmentRow, WorkflowFacts } from './books.ts';
import type { Limits } from './compare.ts';
import { rests } from './compare-disputes.ts';

export function compareWorkflow(
  row: EnrollmentRow,
  workflow: WorkflowFacts,
  takenAt: string,
  limits: Limits,
): Difference[] {
  const found = new Findings(row.id);
  const ended = ENDED.some((end) => end === row.status);
  if (workflow.kind === 'unknown') {
    // A Workflow that has ended is forgotten when the Namespace's retention is over.
    if (!ended) {
      found.add(
        'I3',
        'workflow_missing',
        `its row says ${row.status}, and Temporal has no Workflow of it: nobody bills this customer`,
        { action: whenMissing(row) },
      );
    }
    return found.all;
  }
  if (workflow.kind === 'closed') {
    closed(row, workflow, ended, found);
    return found.all;
  }
  stuck(row, workflow, takenAt, limits, found);
  if (workflow.kind === 'silent') {
    return found.all;
  }
  const { state, searchAttribute } = workflow;
  if (row.status !== state.status) {
    const said = `the row says ${row.status}, its Workflow ${state.status}`;
    found.add(
      'I5',
      'status_differs',
      said,
      ended ? { action: whenEndedInRow(row) } : writtenFromWorkflow(row),
    );
  }
  if (searchAttribute !== state.status) {
    found.add(
      'I5',
      'search_attribute_differs',
      `EnrollmentStatus is ${searchAttribute ?? 'not set'}, the Workflow says ${state.status}`,
      {
        action: 'it is written with the next change of status; if not, look at the Workflow for failed tasks',
      },
    );
  }
  sums(row.charges, state, found);
  for (const open of state.charges) {
    const charge = row.charges.find(({ id }) => id === open.id);
    // A charge that has just been opened has no row before its first attempt.
    if (charge !== undefined && charge.status !== open.status) {
      found.add('I5', 'charge_differs', `the row says ${charge.status}, its Workflow ${open.status}`, {
        subject: open.id,
        action:
          'let the Workflow read it: POST /v1/enrollments/:id/charges/:chargeId/resume when it needs attention, else wait',
      });
    }
  }
  return found.all;
}

function writtenFromWorkflow({ id, status, nextChargeAt }: EnrollmentRow) {
  return {
    action: '--repair writes what the Workflow says',
    repair: {
      do: 'write_enrollment' as const,
      enrollmentId: id,
      seen: status,
      seenNextChargeAt: nextChargeAt,
    },
  };
}

/** Not repaired: an end is never changed, and what ended it may be lost in Temporal, e.g. after a restore. */
function whenEndedInRow({ id }: EnrollmentRow): string {
  return `an end is never changed, and this customer may still be billed: temporal workflow cancel --workflow-id ${enrollmentWorkflowId(id)}`;
}

/**
 * Not repaired: skipped, moved and changed charges, credits and the place in dunning are in the lost history alone, so a
 * Workflow that was started from the rows could ask for what is not owed.
 */
function whenMissing({ status, charges, nextChargeAt }: EnrollmentRow): string {
  const backup = 'see that this is the right Temporal namespace, or restore Temporal from its backup';
  if (status === 'awaiting_payment_method' && charges.length === 0) {
    return `${backup}; where there is none, repeat POST /v1/enrollments with the Idempotency-Key and the body that it was made with: its Workflow starts again, and nothing was charged so far`;
  }
  const paid = charges.filter((charge) => charge.status === 'succeeded').length;
  const open = charges.filter((charge) => !SETTLED_CHARGE.includes(charge.status));
  const first =
    open.length === 0
      ? ''
      : `cancel or collect at Stripe what is open (${open.map(({ id, paymentIntentId }) => paymentIntentId ?? id).join(', ')}), `;
  const from = nextChargeAt === null ? '' : ` that starts at ${nextChargeAt}, or now if that is past,`;
  return `${backup}; where there is none, ${first}enroll the customer again under another Idempotency-Key with a schedule${from} and leaves out what is paid (${paid} so far), and set the status of this row to canceled. Do not repeat the old request: it would begin the schedule anew`;
}

function closed(
  row: EnrollmentRow,
  workflow: Extract<WorkflowFacts, { kind: 'closed' }>,
  ended: boolean,
  found: Findings,
): void {
  const { result, how, searchAttribute } = workflow;
  if (result === null) {
    found.add('I4', 'workflow_failed', `its Workflow ended as ${how}`, {
      action: `nobody bills this customer any more: find out why; to let it go on from where it stood: temporal workflow reset --workflow-id ${enrollmentWorkflowId(row.id)} --type LastWorkflowTask --reason "<why>"`,
    });
    return;
  }
  if (!ended || row.status !== result.status) {
    const isEnd = ENDED.some((end) => end === result.status);
    found.add(
      'I5',
      'end_differs',
      `the row says ${row.status}, its Workflow ended as ${result.status}`,
      isEnd && !ended
        ? writtenFromWorkflow(row)
        : { action: 'an end is never changed: the timeline says which of them is right' },
    );
  }
  if (searchAttribute !== result.status) {
    found.add(
      'I5',
      'search_attribute_differs',
      `EnrollmentStatus is ${searchAttribute ?? 'not set'}, the Workflow ended as ${result.status}`,
      {
        action: 'nothing can change it any more; lists in the Temporal UI show it wrongly',
      },
    );
  }
  sums(row.charges, result, found);
}

function sums(
  charges: ChargeRow[],
  workflow: { chargesSucceeded: number; amountCollectedMinor: number },
  found: Findings,
): void {
  const paid = charges.filter(({ status }) => status === 'succeeded');
  // A Workflow knows of what it gave back itself; other refunds may come years after it has ended.
  const collectedMinor = paid.reduce(
    (sum, { capturedMinor, lateRefundMinor }) => sum + capturedMinor - lateRefundMinor,
    0,
  );
  if (paid.length !== workflow.chargesSucceeded || collectedMinor !== workflow.amountCollectedMinor) {
    found.add(
      'I1',
      'sums_differ',
      `rows: ${paid.length} charges, ${collectedMinor}; Workflow: ${workflow.chargesSucceeded} charges, ${workflow.amountCollectedMinor}`,
      { action: 'see the differences of its charges; rows that were lost are written by --repair' },
    );
  }
}

function stuck(
  row: EnrollmentRow,
  workflow: Extract<WorkflowFacts, { kind: 'running' | 'silent' }>,
  takenAt: string,
  limits: Limits,
  found: Findings,
): void {
  const lateMs = (due: string | null) => (due === null ? 0 : Date.parse(takenAt) - Date.parse(due));
  const disputed = rests(row);
  if (workflow.problems.length > 0) {
    found.add('I4', 'workflow_task_fails', `the server reports ${workflow.problems.join(', ')}`, {
      action: 'its code throws: deploy a version that does not; nothing is lost meanwhile',
    });
  }
  if (workflow.kind === 'silent') {
    found.add('I4', 'workflow_silent', `its Workflow does not answer: ${workflow.error}`, {
      action: 'see that a Worker runs and what it logs',
    });
  } else {
    for (const { activity, attempt, lastFailure } of workflow.retrying) {
      if (attempt >= limits.mostTries) {
        found.add('I4', 'activity_retries', `${activity} has failed ${attempt - 1} times: ${lastFailure}`, {
          subject: `${row.id}/${activity}`,
          action: 'mend what the failure names; it is tried again by itself',
        });
      }
    }
    const busy = workflow.retrying.length > 0 || workflow.state.charges.length > 0;
    const { nextChargeAt } = workflow.state;
    if (row.status === 'active' && !busy && !disputed && lateMs(nextChargeAt) > limits.dueLagMs) {
      found.add('I4', 'charge_overdue', `its next charge was due at ${nextChargeAt}`, {
        action: 'see that a Worker runs; look at the Workflow in the Temporal UI',
      });
    }
  }
  for (const charge of row.charges) {
    if (charge.status === 'needs_attention') {
      found.add('I4', 'needs_attention', `it is parked: ${charge.statusReason}`, {
        subject: charge.id,
        action: 'mend the cause, then POST /v1/enrollments/:id/charges/:chargeId/resume',
      });
    } else if (charge.refundRefused !== null) {
      found.add('I4', 'refund_refused', `it came in after a cancel and stays: ${charge.refundRefused}`, {
        subject: charge.id,
        action: 'mend the cause, then POST /v1/enrollments/:id/charges/:chargeId/resume',
      });
    } else if (!disputed && lateMs(charge.nextAttemptAt) > limits.dueLagMs) {
      found.add('I4', 'attempt_overdue', `its next attempt was due at ${charge.nextAttemptAt}`, {
        subject: charge.id,
        action: 'see that a Worker runs; look at the Workflow in the Temporal UI',
      });
    }
  }
}

class Findings {
  readonly all: Difference[] = [];
  readonly #enrollmentId: string;
  constructor(enrollmentId: string) {
    this.#enrollmentId = enrollmentId;
  }
  add(
    invariant: Difference['invariant'],
    code: string,
    found: string,
    more: { subject?: string; action: string; repair?: Difference['repair'] },
  ): void {
    const { subject = this.#enrollmentId, action, repair } = more;
    this.all.push({
      invariant,
      code,
      enrollmentId: this.#enrollmentId,
      subject,
      found,
      action,
      ...(repair === undefined ? {} : { repair }),
    });
  }
}

/** Money: what Stripe took for each charge against what the rows, the ledger and the notifications say. Pure. */
import { SETTLED_CHARGE } from '../domain/statuses.ts';
import {
  type Books,
  type ChargeRow,
  type Difference,
  holdsOpen,
  type StripePayment,
  type WorkflowFacts,
} from './books.ts';
import { groupBy } from './group-by.ts';

export function comparePayments(books: Books): Difference[] {
  const byCharge = groupBy(books.payments, ({ chargeId }) => chargeId);
  const rows = books.enrollments.flatMap(({ charges }) => charges);
  const known = new Set(rows.map(({ id }) => id));
  const strays = books.payments.filter(({ chargeId }) => !known.has(chargeId));
  return [
    ...[...byCharge.values()].flatMap(paidOnce),
    ...strays.map((payment) => unknownCharge(payment, books)),
    ...rows.flatMap((row) => [
      ...againstStripe(row, byCharge.get(row.id) ?? [], books.workflows.get(row.enrollmentId)),
      ...withinRows(row),
      ...notices(row),
    ]),
  ];
}

function paidOnce(payments: StripePayment[]): Difference[] {
  const [first, ...others] = payments.filter(({ status }) => status === 'succeeded');
  return first === undefined || others.length === 0
    ? []
    : [
        {
          invariant: 'I1',
          code: 'charged_twice',
          enrollmentId: first.enrollmentId,
          subject: first.chargeId,
          found: `${others.length + 1} PaymentIntents of it have succeeded: ${[first, ...others].map(({ id }) => id).join(', ')}`,
          action: 'refund all but the first in the Stripe Dashboard, and report it: this must never happen',
        },
      ];
}

function unknownCharge(payment: StripePayment, books: Books): Difference {
  const enrollment = books.enrollments.find(({ id }) => id === payment.enrollmentId);
  const difference = {
    invariant: 'I1' as const,
    code: 'payment_without_charge',
    enrollmentId: payment.enrollmentId,
    subject: payment.id,
    found: `Stripe has it (${payment.status}) for ${payment.chargeId}, which has no row`,
  };
  return enrollment === undefined
    ? {
        ...difference,
        action: 'another installation may use this Stripe account; else restore the enrollment from a backup',
      }
    : { ...difference, ...repairOf(payment, null, books.workflows.get(payment.enrollmentId)) };
}

/** An open charge is its Workflow's to read; what the Workflow has settled is written from Stripe. */
function repairOf(
  { enrollmentId, chargeId, id: paymentIntentId }: StripePayment,
  row: ChargeRow | null,
  workflow: WorkflowFacts | undefined,
): Pick<Difference, 'action' | 'repair'> {
  if (workflow?.kind === 'silent') {
    return {
      action:
        'its Workflow does not answer, and may read and write it by itself: see that a Worker runs first',
    };
  }
  if (holdsOpen(workflow, chargeId)) {
    return {
      action: '--repair lets its Workflow read it',
      repair: { do: 'tell_workflow', enrollmentId, chargeId, paymentIntentId },
    };
  }
  return {
    action:
      row === null
        ? 'rows were lost or an Activity has not written them yet; --repair writes them from Stripe'
        : 'its Workflow has settled the charge; --repair writes it from Stripe',
    repair: { do: 'write_payment', enrollmentId, chargeId, paymentIntentId, seen: row?.status ?? null },
  };
}

/** Takes nothing any more. Two that have succeeded are told as such. */
const OVER: readonly string[] = ['succeeded', 'canceled'];

function againstStripe(
  row: ChargeRow,
  payments: StripePayment[],
  workflow: WorkflowFacts | undefined,
): Difference[] {
  const about = { enrollmentId: row.enrollmentId, subject: row.id };
  const succeeded = payments.find(({ status }) => status === 'succeeded');
  const payment = payments.find(({ id }) => id === row.paymentIntentId) ?? succeeded ?? payments[0];
  if (payment === undefined) {
    return row.paymentIntentId === null
      ? []
      : [
          {
            invariant: 'I1',
            code: 'payment_missing',
            ...about,
            found: `its PaymentIntent ${row.paymentIntentId} is not at Stripe, or names another charge`,
            action: 'check that the Stripe key belongs to the account that was charged',
          },
        ];
  }
  const found: Difference[] = payments
    .filter((other) => other !== payment && !OVER.includes(other.status))
    .map((other) => ({
      invariant: 'I1',
      code: 'second_payment_open',
      ...about,
      found: `${other.id} (${other.status}) is another PaymentIntent of it, beside ${payment.id}, and may still take money`,
      action: `cancel ${other.id} in the Stripe Dashboard, and report it: this must never happen`,
    }));
  if (payment.amountMinor !== row.amountMinor || payment.currency !== row.currency) {
    found.push({
      invariant: 'I1',
      code: 'amounts_differ',
      ...about,
      found: `owed are ${row.amountMinor} ${row.currency}, ${payment.id} is over ${payment.amountMinor} ${payment.currency}`,
      action: 'somebody has changed one of them by hand: correct the row, or refund the difference',
    });
  }
  const behind = !statusAgrees(row, payment) || payment.receivedMinor !== row.capturedMinor;
  if (behind || payment.refundedMinor !== row.refundedMinor) {
    found.push({
      invariant: 'I1',
      code: payment.status === 'succeeded' ? 'payment_not_recorded' : 'payment_status_differs',
      ...about,
      found: `the row says ${row.status}, ${row.capturedMinor} taken, ${row.refundedMinor} given back; ${payment.id} says ${payment.status}, ${payment.receivedMinor}, ${payment.refundedMinor}`,
      ...(behind
        ? repairOf(payment, row, workflow)
        : {
            action: '--repair has its refunds read from Stripe, and the customer told of what is new',
            repair: { do: 'read_aftermath', chargeId: row.id },
          }),
    });
  }
  return found;
}

function statusAgrees(row: ChargeRow, payment: StripePayment): boolean {
  switch (row.status) {
    case 'needs_attention':
      return payment.status !== 'succeeded';
    case 'uncollectible':
      return payment.status === 'canceled';
    default:
      return row.status === payment.status;
  }
}

function withinRows(row: ChargeRow): Difference[] {
  const paid = row.ledgerPaidMinor === row.capturedMinor;
  if (paid && row.ledgerRefundedMinor === row.refundedMinor) {
    return [];
  }
  const difference: Difference = {
    invariant: 'I1',
    code: 'ledger_differs',
    enrollmentId: row.enrollmentId,
    subject: row.id,
    found: `the charge says ${row.capturedMinor} taken and ${row.refundedMinor} given back, its ledger entries ${row.ledgerPaidMinor} and ${row.ledgerRefundedMinor}`,
    action: 'compare with Stripe and add the missing entry; entries are never changed',
  };
  return [
    paid
      ? {
          ...difference,
          action: `--repair has its refunds read from Stripe, which adds what is missing; else ${difference.action}`,
          repair: { do: 'read_aftermath', chargeId: row.id },
        }
      : difference,
  ];
}

const OF_SUCCESS = ['charge_succeeded', 'charge_recovered'];
/** Another saved method is tried at once, or Stripe is asked first: only what comes of that is told. */
const UNTOLD = ['try_other_method', 'look_first'];
const OF_FAILURE = ['charge_failed', 'authentication_required', 'last_try_ahead'];

/** One notification for each failure that is told, one for the success, none for a failure that never was. */
function notices(row: ChargeRow): Difference[] {
  const about = { enrollmentId: row.enrollmentId, subject: row.id };
  const told = (kinds: readonly string[]) => row.notices.filter(({ kind }) => kinds.includes(kind));
  const successes = told(OF_SUCCESS).length;
  const expected = row.status === 'succeeded' && row.attempts.length > 0 ? 1 : 0;
  const declined = new Set(
    row.attempts
      .filter(({ outcome, decision }) => outcome === 'declined' && !UNTOLD.includes(decision ?? ''))
      .map(({ attempt }) => attempt),
  );
  const groundless = told(OF_FAILURE).filter(({ attempt }) => {
    const outcome = row.attempts.find((made) => made.attempt === attempt)?.outcome;
    return attempt === null || outcome === 'succeeded';
  });
  const silent = SETTLED_CHARGE.includes(row.status) && declined.size > 0 && told(OF_FAILURE).length === 0;
  const giveUps = told(['charge_given_up']).length;
  const differences: Difference[] = [];
  const add = (code: string, found: string) =>
    differences.push({
      invariant: 'I8',
      code,
      ...about,
      found,
      action: 'look at the timeline of the enrollment, and tell the customer by hand what they were not told',
    });
  if (successes !== expected) {
    add('success_told_wrongly', `its status is ${row.status}, and its success was told ${successes} times`);
  }
  if (groundless.length > 0) {
    add(
      'failure_told_of_success',
      `a failure was told of attempt ${groundless[0]?.attempt}, which succeeded`,
    );
  }
  if (silent && giveUps === 0) {
    add('failure_not_told', `${declined.size} of its attempts were declined, and nobody was told`);
  }
  if (giveUps !== (row.status === 'uncollectible' ? 1 : 0)) {
    add('end_told_wrongly', `its status is ${row.status}, and giving it up was told ${giveUps} times`);
  }
  return differences;
}

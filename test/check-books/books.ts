/** Books that agree, of one enrollment with one paid charge, to be changed in one place. */
import type { Books, ChargeRow, StripePayment, WorkflowFacts } from '../../check-books/books.ts';

export const ENROLLMENT = `enr_${'a'.repeat(26)}`;
export const CHARGE = `chg_${'a'.repeat(26)}_1`;
export const NOW = '2026-11-23T12:00:00.000Z';
export const LONG_AGO = '2026-11-22T12:00:00.000Z';

export function payment(change: Partial<StripePayment> = {}): StripePayment {
  return {
    id: 'pi_1',
    customerId: 'cus_1',
    chargeId: CHARGE,
    enrollmentId: ENROLLMENT,
    status: 'succeeded',
    amountMinor: 980,
    receivedMinor: 980,
    refundedMinor: 0,
    currency: 'jpy',
    disputed: false,
    createdAt: LONG_AGO,
    ...change,
  };
}

export function charge(change: Partial<ChargeRow> = {}): ChargeRow {
  return {
    id: CHARGE,
    enrollmentId: ENROLLMENT,
    status: 'succeeded',
    statusReason: null,
    refundRefused: null,
    paymentIntentId: 'pi_1',
    amountMinor: 980,
    currency: 'jpy',
    capturedMinor: 980,
    refundedMinor: 0,
    lateRefundMinor: 0,
    disputes: [],
    nextAttemptAt: null,
    ledgerPaidMinor: 980,
    ledgerRefundedMinor: 0,
    attempts: [{ attempt: 1, outcome: 'succeeded', decision: null }],
    notices: [{ kind: 'charge_succeeded', attempt: 1 }],
    ...change,
  };
}

export type Running = Extract<WorkflowFacts, { kind: 'running' }>;

export function running(change: Partial<Running> = {}, state: Partial<Running['state']> = {}): Running {
  return {
    kind: 'running',
    searchAttribute: 'active',
    problems: [],
    retrying: [],
    state: {
      status: 'active',
      paymentMethodId: 'pm_1',
      nextChargeAt: '2026-12-23T12:00:00.000Z',
      charges: [],
      chargesSucceeded: 1,
      amountCollectedMinor: 980,
      balanceMinor: 0,
      cancelAt: null,
      ...state,
    },
    ...change,
  };
}

/** Books of one enrollment with one paid charge, changed in one place. */
export function books(change: {
  payments?: StripePayment[];
  charges?: ChargeRow[];
  status?: Books['enrollments'][number]['status'];
  nextChargeAt?: string | null;
  cancelAt?: string | null;
  pausedUntil?: string | null;
  workflow?: WorkflowFacts;
  more?: Partial<Books>;
}): Books {
  return {
    takenAt: NOW,
    payments: change.payments ?? [payment()],
    enrollments: [
      {
        id: ENROLLMENT,
        status: change.status ?? 'active',
        currency: 'jpy',
        nextChargeAt: change.nextChargeAt === undefined ? '2026-12-23T12:00:00.000Z' : change.nextChargeAt,
        cancelAt: change.cancelAt ?? null,
        pausedUntil: change.pausedUntil ?? null,
        createdAt: LONG_AGO,
        charges: change.charges ?? [charge()],
      },
    ],
    workflows: new Map([[ENROLLMENT, change.workflow ?? running()]]),
    withoutRow: [],
    pendingEvents: [],
    missedEvents: [],
    disputes: [],
    ...change.more,
  };
}

/** A second charge, which waits for the customer. */
export function challenged(change: Partial<ChargeRow> = {}): ChargeRow {
  return charge({
    id: `${CHARGE}0`,
    status: 'requires_action',
    paymentIntentId: null,
    capturedMinor: 0,
    ledgerPaidMinor: 0,
    notices: [],
    attempts: [],
    ...change,
  });
}

export const declined = { attempt: 1, outcome: 'declined', decision: 'retry' };
export const open = (status: Running['state']['charges'][number]['status'], id = CHARGE) => [
  { id, status, amountMinor: 980, attempts: 1, nextAttemptAt: null },
];

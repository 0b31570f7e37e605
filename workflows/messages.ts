/**
 * The messages of the enrollment Workflow, defined once: the Workflow handles them, the API sends them.
 * Signals are facts and have no answer. Updates are requests with an answer; a refused one (its validator
 * throws) leaves no event in the history. Queries only read.
 */
import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { CancelFacts, CancelPreview } from '../domain/cancel-preview.ts';
import type { Asker } from '../domain/open-charge.ts';
import type { ChargeStatus, EnrollmentStatus } from '../domain/statuses.ts';
import type { PlannedCharge } from '../domain/terms.ts';

/** Who asks, and why: kept in the timeline. `by` is `customer`, `operator`, `api:<key id>` or `operator:<name> (api:<key id>)`. */
export type Requested = Asker;

export interface OpenCheckoutSession {
  id: string;
  url: string;
  /** ISO 8601, UTC, by Stripe's clock. */
  expiresAt: string;
}

/** Sent with the start. Answered once the first Checkout Session exists, or at once when the customer is past it. */
export interface EnrollAnswer {
  status: EnrollmentStatus;
  checkoutSession: OpenCheckoutSession | null;
}

/**
 * `update-with-start` of an enrollment. Refused with type `IdempotencyMismatch` when the running Workflow was
 * started from a request with another fingerprint.
 */
export const enrollUpdate = defineUpdate<EnrollAnswer, [{ requestFingerprint: string }]>('enroll');

/** A live Checkout Session: the open one while it has time left, else a new one. Refused when the enrollment has ended. */
export const openCheckoutSessionUpdate = defineUpdate<OpenCheckoutSession, [Requested]>(
  'openCheckoutSession',
);

/** Cancels now. Answers when it has taken effect, or `canceling` when a payment's outcome must be awaited first. */
export const cancelEnrollmentUpdate = defineUpdate<{ status: EnrollmentStatus | 'canceling' }, [Requested]>(
  'cancelEnrollment',
);

/** Cancels when the running period is over; what is open until then is still collected. Answers with the instant. */
export const cancelAtPeriodEndUpdate = defineUpdate<{ cancelAt: string }, [Requested]>('cancelAtPeriodEnd');

/** Takes a cancel at the period's end back before it has taken effect. */
export const undoCancelUpdate = defineUpdate<{ status: EnrollmentStatus }, [Requested]>('undoCancel');

/** `facts` are from which the preview follows where time zones can be asked; older Workers tell none. */
export type CancelPreviewAnswer = CancelPreview & { facts?: CancelFacts };

/** What a cancel would stop, and what stays owed. Changes nothing. */
export const cancelPreviewQuery = defineQuery<CancelPreviewAnswer, ['now' | 'at_period_end']>(
  'cancelPreview',
);

/** Stops the schedule; what is past due goes on being collected. `resumeAt` null: until somebody resumes it. */
export const pauseEnrollmentUpdate = defineUpdate<
  { status: EnrollmentStatus },
  [Requested & { resumeAt: string | null }]
>('pauseEnrollment');

/** Ends a pause, e.g. one that dunning ended with. Recurring charges that fell into it are not owed. */
export const resumeEnrollmentUpdate = defineUpdate<{ status: EnrollmentStatus }, [Requested]>(
  'resumeEnrollment',
);

/** What comes next after a change of the schedule. */
export interface ScheduleAnswer {
  next: PlannedCharge | null;
}

/** Older callers send their Idempotency-Key as `requestKey`. */
export type ChangeRequested = Requested & { requestKey?: string };

/** Leaves the next charge of the schedule out; an installment waits one interval instead. */
export const skipNextUpdate = defineUpdate<ScheduleAnswer, [ChangeRequested]>('skipNext');

/** Moves the next charge of the schedule; those after it keep their instants. */
export const moveNextUpdate = defineUpdate<ScheduleAnswer, [ChangeRequested & { dueAt: string }]>('moveNext');

/** Makes the next charge of the schedule now. */
export const chargeNowUpdate = defineUpdate<ScheduleAnswer, [ChangeRequested]>('chargeNow');

export type AmountRequested = ChangeRequested & {
  amountMinor: number;
  effective: 'from_next' | 'at_once';
};

/**
 * Another amount for a recurring schedule: from the next charge on, or `at_once`, when the rest of the running period is
 * charged, or credited to the charges to come.
 */
export const changeAmountUpdate = defineUpdate<
  ScheduleAnswer & { balanceMinor: number; chargeId: string | null },
  [AmountRequested]
>('changeAmount');

/** An operator has mended what parked a charge as `needs_attention`: what was refused is done again. */
export const resumeChargeUpdate = defineUpdate<{ chargeId: string }, [Requested & { chargeId: string }]>(
  'resumeCharge',
);

/** How a charge stands after a command: settled ones are not looked up again. */
export interface ChargeAnswer {
  chargeId: string;
  status: ChargeStatus;
  /** The answer to a request with a key had to go out before what was asked for was done. */
  pending?: true;
}

/** Tries a charge now. A customer may do so within the limits of `domain/customer-tries.ts`. */
export const retryChargeUpdate = defineUpdate<ChargeAnswer, [Requested & { chargeId: string }]>(
  'retryCharge',
);

/**
 * Confirms a charge while the customer is there. Where their bank wants them to confirm, they are sent to `redirectUrl`,
 * and come back to the customer link's `/return?charge_id=…&payment_intent=…`.
 */
export const authenticateChargeUpdate = defineUpdate<
  ChargeAnswer & { redirectUrl: string | null },
  [Requested & { chargeId: string }]
>('authenticateCharge');

/** Takes held money, in full (null) or in part; the rest is released. */
export const captureChargeUpdate = defineUpdate<
  ChargeAnswer,
  [Requested & { chargeId: string; amountMinor: number | null }]
>('captureCharge');

/**
 * Ends one charge; nothing more of it is collected. `cancel` also asks for the return of what is on its way, as far as
 * a bank allows; `forgive` is for what is not.
 */
export const cancelChargeUpdate = defineUpdate<
  ChargeAnswer,
  [Requested & { chargeId: string; as: 'cancel' | 'forgive' }]
>('cancelCharge');

/** More patience with a declined charge: one further retry after so many days, or so many days more for the customer. */
export const extendDunningUpdate = defineUpdate<
  ChargeAnswer & { nextAttemptAt: string | null; giveUpAt: string | null },
  [Requested & { chargeId: string; days: number }]
>('extendDunning');

/** Gives a declined charge up now; the enrollment goes on as its terms say after the last try. */
export const stopDunningUpdate = defineUpdate<ChargeAnswer, [Requested & { chargeId: string }]>(
  'stopDunning',
);

/** A charge asked for through the API; the same `requestKey` is the same charge. */
export const createChargeUpdate = defineUpdate<
  { chargeId: string },
  [Requested & { requestKey: string; amountMinor: number; description: string | null }]
>('createCharge');

/** Stripe, or the return page, says that this Checkout Session is complete. It is read from Stripe before use. */
export const checkoutSessionCompletedSignal =
  defineSignal<[{ checkoutSessionId: string }]>('checkoutSessionCompleted');

/** Stripe says that this Checkout Session has expired. */
export const checkoutSessionExpiredSignal =
  defineSignal<[{ checkoutSessionId: string }]>('checkoutSessionExpired');

/** Something happened to a PaymentIntent that no request of ours caused: it is read from Stripe. */
export const paymentIntentChangedSignal =
  defineSignal<[{ chargeId: string; paymentIntentId: string; eventType: string }]>('paymentIntentChanged');

/** Stripe says that a saved payment method was detached, has new data, or that its mandate has ended: it is read from Stripe. */
export const paymentMethodChangedSignal =
  defineSignal<[{ paymentMethodId: string; eventType: string }]>('paymentMethodChanged');

/** How the disputes of a charge stand; sent by its aftermath Workflow. */
export const disputesChangedSignal =
  defineSignal<[{ chargeId: string; disputes: { id: string; status: string }[] }]>('disputesChanged');

/** Gives a paid charge back, in full (null) or in part. The same `requestKey` is the same refund. */
export const refundChargeUpdate = defineUpdate<
  { refundId: string; status: string; amountMinor: number },
  [Requested & { requestKey: string; amountMinor: number | null }]
>('refundCharge');

/** Something happened to a paid charge: its refunds and disputes are read from Stripe. */
export const chargeAftermathSignal = defineSignal<[]>('chargeAftermath');

/** What the Workflow holds as true, for operators and for the check of the books. */
export interface EnrollmentState {
  status: EnrollmentStatus;
  paymentMethodId: string | null;
  nextChargeAt: string | null;
  /** What it will ask for, a balance met; absent from the answers of older Workers. */
  nextChargeAmountMinor?: number | null;
  charges: {
    id: string;
    status: ChargeStatus;
    amountMinor: number;
    attempts: number;
    nextAttemptAt: string | null;
  }[];
  chargesSucceeded: number;
  amountCollectedMinor: number;
  /** What a change of amount left over: positive is owed by the customer, negative is to their credit. */
  balanceMinor: number;
  cancelAt: string | null;
  /** Whether a dispute forbids to charge; absent from the answers of older Workers. */
  disputed?: boolean;
  /** When its pause is over by itself; absent from the answers of older Workers. */
  pausedUntil?: string | null;
  /** Absent from the answers of older Workers. */
  untried?: UntriedCharge[];
}

/** A charge before its first attempt: it is accepted or due, and may have no row yet. */
export interface UntriedCharge {
  id: string;
  number: number;
  origin: 'schedule' | 'api';
  description: string | null;
  amountMinor: number;
  /** ISO 8601, UTC; of one that was asked for, when that was. */
  dueAt: string;
}

export const enrollmentStateQuery = defineQuery<EnrollmentState>('enrollmentState');

/**
 * What one run of an enrollment Workflow knows. `state` is plain data and goes from run to run with continue-as-new;
 * the rest is of this run. Changed only by the Workflow's own functions, never by an Activity.
 */
import type { CardExpiry } from '../activities/charge-work.ts';
import { forbidsCharging } from '../domain/disputes.ts';
import { type KeyedRequest, requestOfEntry } from '../domain/keyed-requests.ts';
import type { Asker, OpenCharge } from '../domain/open-charge.ts';
import { NO_CHANGES, type ScheduleChanges, withEmptyLists } from '../domain/schedule-changes.ts';
import { withPlaceInSpread } from '../domain/spread.ts';
import { type EnrollmentEnd, type EnrollmentStatus, PAST_DUE_CHARGE } from '../domain/statuses.ts';
import type { PlannedCharge, Terms } from '../domain/terms.ts';
import type { EnrollmentInput } from '../domain/workflow-input.ts';
import type { OpenCheckoutSession } from './messages.ts';

export interface SavedMethod {
  id: string;
  type: string;
  stripeCustomerId: string;
  /** For operators, e.g. `visa •••• 4242`. */
  label: string;
  expires: CardExpiry | null;
}

export interface RequestedCharge {
  /** The caller's; null when the Workflow itself asked. */
  requestKey: string | null;
  chargeId: string;
  number: number;
  amountMinor: number;
  /** What of it is the balance's; absent where none met it. */
  metBalanceMinor?: number;
  description: string | null;
  at: string;
  /** How often the money was authorised again before. */
  reauthorizations: number;
  /** Somebody canceled or forgave it: it is opened to be written as canceled. Absent before. */
  cancelAsked?: Asker;
}

/** Where the schedule stands. */
export interface ScheduleState {
  anchorAt: string | null;
  /** The last occurrence that was dealt with, -1 before the first. */
  occurrence: number;
  next: PlannedCharge | null;
  following: PlannedCharge | null;
  /** The next charge is not known before the first attempt of the last one has been answered. */
  planning: boolean;
  changes: ScheduleChanges;
  /** An overdue `next` that the catch-up rule was asked about, and that is still owed. */
  confirmedOverdue: number | null;
  /** Null in a trial, and when nothing was charged for the period. */
  paid: PaidPeriod | null;
}

/** What pays for the running period, at the amount that was agreed last. */
export interface PaidPeriod extends PlannedCharge {
  /** When the charge after it would have been due that was skipped; absent while none was. */
  endsAt?: string;
  /** The charge that pays for it, when it is not that of its occurrence: the money was held again. */
  chargeId?: string;
  /** Its charge was settled without being paid, or what it took was given back. */
  unpaid?: true;
  /** What of its charge is the balance's; absent where none met it, and in what older versions wrote. */
  metBalanceMinor?: number;
  /** Raises in its midst: what each has added to the amount. Older versions forgot those that were paid. */
  raises?: { chargeId: string; byMinor: number; metBalanceMinor?: number; unpaid?: true }[];
}

/** A pause. Null in `resumeAt`: until somebody resumes it. */
export interface Pause extends Asker {
  resumeAt: string | null;
  /**
   * What fell due until then was held back, by a dispute say, and is owed all the same: collected in the meantime, as
   * soon as nothing holds it any more, or only when the pause is over. Absent when nothing was due.
   */
  owed?: { until: string; collected: 'meanwhile' | 'afterwards' };
}

/** A cancel that takes effect at the end of the period. */
export interface CancelLater extends Asker {
  at: string;
  /**
   * When it was asked for, something had fallen due that was held back; what is due before `at` is collected all the
   * same, also after it.
   */
  owes?: true;
}

/** Version 1 of what continue-as-new carries; a change of its shape is a new version with a conversion. */
export interface CarriedState {
  v: 1;
  startedAt: string;
  setupDeadlineAt: string;
  checkout: {
    /** How many were opened; numbers the idempotency keys. */
    opened: number;
    open: OpenCheckoutSession | null;
    /** Told to be complete and not looked at yet. */
    completed: string[];
    /** Looked at and done with, newest last; bounded. */
    handled: string[];
    /**
     * Complete, while their bank accounts are proven: read again when Stripe tells of it and, for as long as no method is
     * saved, by then at the latest.
     */
    pending?: { id: string; lookAt: string }[];
    /** Until when they are waited for, once the setup deadline is over. Absent before. */
    provenBy?: string;
  };
  paymentMethod: SavedMethod | null;
  /** The method saved before the newest one. */
  otherMethod: SavedMethod | null;
  schedule: ScheduleState;
  /** What a change of amount left over: positive is owed by the customer, negative is to their credit. */
  balanceMinor: number;
  /** Charges that are not settled. */
  charges: OpenCharge[];
  /** Charges so far; numbers them. */
  chargesOpened: number;
  requestedCharges: RequestedCharge[];
  /**
   * Newest last; bounded. Answers a repeated request with the charge it made while that has no row yet; afterwards the
   * row answers, for ever.
   */
  chargeRequests: { key: string; chargeId: string }[];
  /**
   * Commands that came with a key, newest last; bounded. Answers a repeat, and refuses another command under the key, also
   * where the timeline does not. Absent while there was none; without an answer while one is being carried out.
   */
  requests?: (KeyedRequest & { answer?: unknown })[];
  /** What older code kept of them. */
  scheduleRequests?: { key: string; what: string; dueAt?: string; next: PlannedCharge | null }[];
  chargesSucceeded: number;
  amountCollectedMinor: number;
  paused: Pause | null;
  /** When the last dispute or pause that held charges back was over. Absent while there was none. */
  heldUntil?: string;
  cancel: Asker | null;
  cancelLater: CancelLater | null;
  /** Statuses of the disputes of each charge that has any. */
  disputes: Record<string, string[]>;
  /** Payment methods that changed at Stripe and were not looked at yet. */
  changedMethods: { paymentMethodId: string; eventType: string }[];
  /** Commands so far; numbers their entries in the timeline. */
  commands: number;
}

export interface EnrollmentRun {
  readonly input: EnrollmentInput;
  readonly terms: Terms;
  readonly state: CarriedState;
  /** Set once, when it is decided how the enrollment ends. */
  end: { status: EnrollmentEnd; reason: string | null; who: string } | null;
  /** The end is written. */
  ended: boolean;
  /** Stripe refused the first Checkout Session. */
  setupRefusal: string | null;
  /** A new run takes over: nothing new is begun. */
  leaving: boolean;
  /** The schedule is being changed: nothing of it is opened meanwhile, and one change follows on another. */
  changing: boolean;
  /** Commands that came with a key and are being carried out, by it. */
  readonly carriedOut: Map<string, Promise<unknown>>;
  /** Charges with an Activity under way that was told of them as they were. */
  readonly worked: Set<string>;
  /** Where the customer confirms a charge, by its id. */
  readonly redirects: Map<string, string>;
  /** One Checkout Session is opened at a time; all who ask meanwhile get the same. */
  opening: Promise<OpenCheckoutSession> | null;
  /** The first of `checkout.completed` while it is being read: what is told of it now may be missing in the answer. */
  sessionBeingRead: string | null;
  /** Which of {@link CarriedState.changedMethods} is being read: what is told of it now may be missing in the answer. */
  methodBeingRead: CarriedState['changedMethods'][number] | null;
  publishedStatus: EnrollmentStatus;
}

export function begun(input: EnrollmentInput, nowMs: number): EnrollmentRun {
  const startedAt = new Date(nowMs).toISOString();
  return runOf(input, {
    v: 1,
    startedAt,
    setupDeadlineAt: new Date(nowMs + input.terms.setupDeadlineDays * 86_400_000).toISOString(),
    checkout: { opened: 0, open: null, completed: [], handled: [] },
    paymentMethod: null,
    otherMethod: null,
    schedule: {
      anchorAt: null,
      occurrence: -1,
      next: null,
      following: null,
      planning: false,
      changes: NO_CHANGES,
      confirmedOverdue: null,
      paid: null,
    },
    balanceMinor: 0,
    charges: [],
    chargesOpened: 0,
    requestedCharges: [],
    chargeRequests: [],
    chargesSucceeded: 0,
    amountCollectedMinor: 0,
    paused: null,
    cancel: null,
    cancelLater: null,
    disputes: {},
    changedMethods: [],
    commands: 0,
  });
}

export function resumed(input: EnrollmentInput, state: CarriedState): EnrollmentRun {
  const { scheduleRequests, ...known } = state;
  const requests = requestsOfBefore(state);
  const run = runOf(input, requests === undefined ? known : { ...known, requests });
  // A run of code from before may have kept what newer Activities told it, as they told it.
  run.state.schedule.changes = withEmptyLists(run.state.schedule.changes);
  run.publishedStatus = statusOf(run);
  return run;
}

/** Runs of before kept changes of the next charge alone. */
function requestsOfBefore({ requests, scheduleRequests }: CarriedState): CarriedState['requests'] {
  return (
    requests ??
    scheduleRequests?.map(({ key, what, dueAt = null, next }) => ({
      key,
      what: requestOfEntry(what, { moved_to: dueAt }),
      answer: { next },
    }))
  );
}

function runOf(input: EnrollmentInput, state: CarriedState): EnrollmentRun {
  return {
    input,
    terms: withPlaceInSpread(input.terms, input.enrollmentId),
    state,
    end: null,
    ended: false,
    setupRefusal: null,
    leaving: false,
    changing: false,
    carriedOut: new Map(),
    worked: new Set(),
    redirects: new Map(),
    opening: null,
    sessionBeingRead: null,
    methodBeingRead: null,
    publishedStatus: 'awaiting_payment_method',
  };
}

/** The enrollment's status, derived; the rows derive theirs by the same rule. */
export function statusOf(run: EnrollmentRun): EnrollmentStatus {
  const { state } = run;
  if (run.end !== null) {
    return run.end.status;
  }
  if (state.paymentMethod === null) {
    return 'awaiting_payment_method';
  }
  if (state.paused !== null) {
    return 'paused';
  }
  return isPastDue(state) ? 'past_due' : 'active';
}

/** ISO 8601, UTC. Later than agreed for whose bank account was being proven by then, for as long as it is. */
export function setupEndsAt({ state }: EnrollmentRun): string {
  const { pending = [], provenBy } = state.checkout;
  return pending.length > 0 && provenBy !== undefined ? provenBy : state.setupDeadlineAt;
}

/** Whether a charge is in dunning or waits for the customer. */
export function isPastDue(state: CarriedState): boolean {
  return state.charges.some((charge) => PAST_DUE_CHARGE.includes(charge.status));
}

/** Whether a dispute forbids to charge this customer. */
export function isDisputed(state: CarriedState): boolean {
  return forbidsCharging(Object.values(state.disputes).flat());
}

/** Nothing holds charges back any more, since that instant. */
export function noteHoldOver({ state }: EnrollmentRun, at: string): void {
  const { heldUntil } = state;
  state.heldUntil = heldUntil === undefined || heldUntil < at ? at : heldUntil;
}

/** Time zone of the schedule; UTC where the terms have none. */
export function timeZoneOf(terms: Terms): string {
  return terms.schedule.timeZone ?? 'UTC';
}

/** `Object.assign` by itself takes anything for a schedule. */
export function setSchedule({ state }: EnrollmentRun, change: Partial<ScheduleState>): void {
  Object.assign(state.schedule, change);
}

/** Takes over what an Activity found about a charge. Called by `workflows/charge.ts` after every step. */
import { patched } from '@temporalio/workflow';
import type { ChargeReport } from '../activities/charge-work.ts';
import { captureTimes } from '../domain/capture.ts';
import { readAfterMs } from '../domain/charge-life.ts';
import { patienceDays } from '../domain/dunning.ts';
import { type AttemptReason, type OpenCharge, policyOf } from '../domain/open-charge.ts';
import { withEmptyLists } from '../domain/schedule-changes.ts';
import { PAST_DUE_CHARGE } from '../domain/statuses.ts';
import { PATCHES } from './patches.ts';
import { type EnrollmentRun, type SavedMethod, setSchedule } from './run.ts';

/** Methods that are remembered as tried; a customer with more of them is a curiosity. */
const MOST_METHODS = 20;
/** Stripe's clock and ours may differ, and its webhook may be on its way. */
const AFTER_EXPIRY_MS = 60_000;
/** After an attempt that certainly never reached Stripe. */
const BREATH_MS = 60_000;
const DAY_MS = 86_400_000;

/** An attempt was made with this method, whatever came of it. */
export function takeAttempt(
  run: EnrollmentRun,
  charge: OpenCharge,
  method: SavedMethod,
  report: ChargeReport,
  why: AttemptReason | 'on_session',
): void {
  charge.attempts += 1;
  charge.triedPaymentMethodId = method.id;
  charge.triedPaymentMethodType = method.type;
  charge.methodsTried = [...charge.methodsTried.filter((id) => id !== method.id), method.id].slice(
    -MOST_METHODS,
  );
  if (report.expires !== undefined) {
    method.expires = report.expires;
  }
  if (report.status !== 'not_made' && isPast(charge.nextAttemptAt)) {
    // This was the planned try: were it kept without a decision on a next one, it would come again at once, for ever.
    charge.nextAttemptAt = null;
  }
  take(run, charge, report);
  if (report.status === 'not_made') {
    makeAgain(charge, why);
  }
}

/** Nothing happened at Stripe: the same again under a new key, soon. It uses up none of the customer's retries. */
function makeAgain(charge: OpenCharge, why: AttemptReason | 'on_session'): void {
  if (!patched(PATCHES.notMadeRepeats)) {
    charge.nextAttemptAt = later(BREATH_MS);
    return;
  }
  if (why === 'on_session') {
    // The customer is there and sees that nothing came of it: they may press the button again.
    return;
  }
  if (why === 'retry') {
    charge.automaticRetries -= 1;
  }
  charge.repeat = { at: later(BREATH_MS), why };
}

/** What was seen at Stripe; `not_made` is nothing. */
export function take(run: EnrollmentRun, charge: OpenCharge, report: ChargeReport): void {
  takePlan(run, report);
  charge.paymentIntentId = report.paymentIntentId ?? charge.paymentIntentId;
  if (report.status === 'not_made') {
    return;
  }
  const before = charge.status;
  charge.status = report.status;
  if (charge.parkedAt != null && charge.status !== 'needs_attention') {
    charge.parkedAt = null;
  }
  charge.repeat = null;
  takeHold(charge, report);
  takeDunning(run, charge, report);
  charge.readAt = readAt(charge);
  // News that came while the payment was being read has it read once more: it is counted once all the same.
  if (charge.status === 'succeeded' && before !== 'succeeded') {
    run.state.chargesSucceeded += 1;
    run.state.amountCollectedMinor += report.amountReceivedMinor;
  }
}

function takePlan(run: EnrollmentRun, { upcoming }: ChargeReport): void {
  if (upcoming === undefined) {
    return;
  }
  const { next, following } = upcoming;
  const changes = withEmptyLists(upcoming.changes);
  const confirmedOverdue = next !== null && Date.parse(next.dueAt) <= Date.now() ? next.occurrence : null;
  setSchedule(run, { next, following, changes, confirmedOverdue, planning: false });
}

/** From the first look that shows it: until when the money is held, and when somebody is reminded. */
function takeHold(charge: OpenCharge, { hold, lapsed, status }: ChargeReport): void {
  if (hold !== null) {
    const { capturableMinor, captureBeforeEpochS } = hold;
    charge.hold ??= { capturableMinor, ...captureTimes(new Date().toISOString(), captureBeforeEpochS) };
  } else if (!lapsed && !isHeldWhileParked(charge, status)) {
    // A hold that lapsed is kept, since the terms may ask to authorise it again.
    charge.hold = null;
  }
}

/** Parking finds out nothing about the money: it is held as before, and may lapse before anybody resumes the charge. */
function isHeldWhileParked({ hold }: OpenCharge, status: ChargeReport['status']): boolean {
  return status === 'needs_attention' && hold !== null && patched(PATCHES.holdOutlivesPark);
}

function takeDunning(run: EnrollmentRun, charge: OpenCharge, { dunning }: ChargeReport): void {
  if (dunning === null) {
    withoutDecision(run, charge);
    return;
  }
  charge.firstDeclinedAt ??= dunning.lastDecline.at;
  charge.lastDecline = dunning.lastDecline;
  charge.lastDecision = dunning.kind;
  charge.nextAttemptAt = dunning.nextAttemptAt;
  charge.giveUpAt = dunning.giveUpAt;
  if (dunning.kind === 'give_up') {
    charge.givenUp = { by: 'workflow', reason: 'dunning is over', enrollment: dunning.enrollment };
  } else if (!isStopped(charge)) {
    charge.givenUp = null;
  }
}

/** A person has stopped dunning while the try was under way, and was told so. */
function isStopped({ givenUp }: OpenCharge): boolean {
  return givenUp !== null && givenUp.by !== 'workflow' && patched(PATCHES.stopOutlivesDecline);
}

/**
 * No decline was found, so nothing is decided. An open charge keeps the try and the deadline that it has: while the
 * customer confirms, their time goes on running, and they may never answer. One that has neither gets a deadline, since
 * it would wait for ever.
 */
function withoutDecision(run: EnrollmentRun, charge: OpenCharge): void {
  const { nextAttemptAt, giveUpAt } = charge;
  charge.nextAttemptAt = null;
  charge.giveUpAt = charge.status === 'requires_action' ? giveUpAt : null;
  const isOpen = PAST_DUE_CHARGE.includes(charge.status);
  const asBefore = nextAttemptAt === null && charge.giveUpAt !== null;
  if (!isOpen || asBefore || !patched(PATCHES.planOutlivesLook)) {
    return;
  }
  charge.nextAttemptAt = nextAttemptAt;
  charge.giveUpAt = giveUpAt ?? (nextAttemptAt === null ? later(patienceOf(run, charge) * DAY_MS) : null);
}

function patienceOf({ terms }: EnrollmentRun, charge: OpenCharge): number {
  const { extraRetryDays } = charge;
  const isExtended = extraRetryDays.length > 0 && patched(PATCHES.extensionOutlivesLook);
  return patienceDays(policyOf(charge, terms.dunning), isExtended ? extraRetryDays : []);
}

function isPast(at: string | null): boolean {
  return at !== null && Date.parse(at) <= Date.now();
}

/** While an outcome is awaited, in case nobody tells it. */
function readAt(charge: OpenCharge): string | null {
  switch (charge.status) {
    case 'requires_capture': {
      const expiresMs = Date.parse(charge.hold?.expiresAt ?? '') + AFTER_EXPIRY_MS;
      return expiresMs > Date.now() ? new Date(expiresMs).toISOString() : later(readAfterMs(charge.reads));
    }
    case 'processing':
    case 'requires_action':
      return later(readAfterMs(charge.reads));
    default:
      return null;
  }
}

function later(ms: number): string {
  return new Date(Date.now() + ms).toISOString();
}

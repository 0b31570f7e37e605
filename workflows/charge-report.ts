/** Takes over what an Activity found about a charge. Called by `workflows/charge.ts` after every step. */
import type { ChargeReport } from '../activities/charge-work.ts';
import { captureTimes } from '../domain/capture.ts';
import { type OpenCharge, readAfterMs } from '../domain/charge-life.ts';
import type { EnrollmentRun, SavedMethod } from './run.ts';

/** Methods that are remembered as tried; a customer with more of them is a curiosity. */
const MOST_METHODS = 20;
/** Stripe's clock and ours may differ, and its webhook may be on its way. */
const AFTER_EXPIRY_MS = 60_000;
/** After an attempt that certainly never reached Stripe. */
const BREATH_MS = 60_000;

/** An attempt was made with this method, whatever came of it. */
export function takeAttempt(
  run: EnrollmentRun,
  charge: OpenCharge,
  method: SavedMethod,
  report: ChargeReport,
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
  take(run, charge, report);
}

export function take(run: EnrollmentRun, charge: OpenCharge, report: ChargeReport): void {
  takePlan(run, report);
  charge.paymentIntentId = report.paymentIntentId ?? charge.paymentIntentId;
  if (report.status === 'not_made') {
    // Nothing happened at Stripe: the same charge again, under a new key.
    charge.nextAttemptAt = later(BREATH_MS);
    return;
  }
  charge.status = report.status;
  takeHold(charge, report);
  takeDunning(charge, report);
  charge.readAt = readAt(charge);
  if (charge.status === 'succeeded') {
    run.state.chargesSucceeded += 1;
    run.state.amountCollectedMinor += report.amountReceivedMinor;
  }
}

function takePlan(run: EnrollmentRun, { upcoming }: ChargeReport): void {
  if (upcoming === undefined) {
    return;
  }
  const { next, following, changes } = upcoming;
  const confirmedOverdue = next !== null && Date.parse(next.dueAt) <= Date.now() ? next.occurrence : null;
  Object.assign(run.state.schedule, { next, following, changes, confirmedOverdue, planning: false });
}

/** From the first look that shows it: until when the money is held, and when somebody is reminded. */
function takeHold(charge: OpenCharge, { hold, lapsed }: ChargeReport): void {
  if (hold !== null) {
    const { capturableMinor, captureBeforeEpochS } = hold;
    charge.hold ??= { capturableMinor, ...captureTimes(new Date().toISOString(), captureBeforeEpochS) };
  } else if (!lapsed) {
    // A hold that lapsed is kept, since the terms may ask to authorise it again.
    charge.hold = null;
  }
}

function takeDunning(charge: OpenCharge, { dunning }: ChargeReport): void {
  charge.nextAttemptAt = null;
  if (dunning === null) {
    // While the customer confirms, their time goes on running.
    charge.giveUpAt = charge.status === 'requires_action' ? charge.giveUpAt : null;
    return;
  }
  charge.firstDeclinedAt ??= dunning.lastDecline.at;
  charge.lastDecline = dunning.lastDecline;
  charge.lastDecision = dunning.kind;
  charge.nextAttemptAt = dunning.nextAttemptAt;
  charge.giveUpAt = dunning.giveUpAt;
  charge.givenUp =
    dunning.kind === 'give_up'
      ? { by: 'workflow', reason: 'dunning is over', enrollment: dunning.enrollment }
      : null;
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

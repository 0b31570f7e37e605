/**
 * The time before an enrollment has a payment method: opens the first Checkout Session, and waits for a method, a cancel or
 * the deadline. Called by `workflows/enrollment.ts`.
 */
import { ActivityFailure, ApplicationFailure, condition, patched } from '@temporalio/workflow';
import { REFUSALS } from '../domain/errors.ts';
import { liveCheckoutSession, savePaymentMethod } from './checkout.ts';
import { PATCHES } from './patches.ts';
import { instant, publish } from './presentation.ts';
import { type EnrollmentRun, setupEndsAt } from './run.ts';

/** Stripe's clock and ours may differ, and its webhook may be on its way. */
const READ_AFTER_EXPIRY_MS = 60_000;
/** Stripe gives up on an account ten days after its deposits; one of the deadline's own day may take them all. */
const PROVEN_AFTER_DEADLINE_MS = 11 * 86_400_000;

/** Opens the first session and waits for a method, a cancel or the deadline. Sets `run.end` for the last. */
export async function setUp(run: EnrollmentRun): Promise<void> {
  const { state } = run;
  if (state.checkout.opened === 0 && !(await firstSession(run))) {
    return;
  }
  while (state.paymentMethod === null && state.cancel === null && !run.leaving) {
    const until = nextLook(run);
    const arrived = () =>
      state.paymentMethod !== null || state.cancel !== null || run.leaving || nextLook(run) !== until;
    const summary = `Waits for a payment method, looks again on ${instant(new Date(until).toISOString())}`;
    if (Date.now() < until && (await condition(arrived, until - Date.now(), { summary }))) {
      continue;
    }
    await lookAtSessions(run);
    if (state.paymentMethod === null && Date.now() >= Date.parse(setupEndsAt(run)) && !waitsForProof(run)) {
      run.end = { status: 'expired', reason: 'no payment method within the setup deadline', who: 'workflow' };
      return;
    }
  }
  if (state.paymentMethod === null && state.cancel !== null) {
    run.end = { status: 'canceled', reason: state.cancel.reason, who: state.cancel.by };
  }
}

async function firstSession(run: EnrollmentRun): Promise<boolean> {
  try {
    await liveCheckoutSession(run, 'api');
    return true;
  } catch (error) {
    if (!(error instanceof ActivityFailure) || !(error.cause instanceof ApplicationFailure)) {
      throw error;
    }
    run.setupRefusal = error.cause.message;
    run.end = {
      status: 'canceled',
      reason: `${REFUSALS.SetupRefused}: ${error.cause.message}`,
      who: 'stripe',
    };
    return false;
  }
}

/** When the open session has expired, when one is still being verified for a day, or at the deadline: the first of them. */
function nextLook(run: EnrollmentRun): number {
  const { open, pending = [] } = run.state.checkout;
  const looks = pending.map(({ lookAt }) => Date.parse(lookAt));
  const expiry = open === null ? [] : [Date.parse(open.expiresAt) + READ_AFTER_EXPIRY_MS];
  return Math.min(Date.parse(setupEndsAt(run)), ...expiry, ...looks);
}

/**
 * A customer who has named a bank account in time has done what was asked, and waits for deposits: until Stripe says that
 * it is proven, or has given it up. Once only: what Stripe never says is not waited for.
 */
function waitsForProof(run: EnrollmentRun): boolean {
  const { checkout, setupDeadlineAt } = run.state;
  const isProving = checkout.pending !== undefined && checkout.pending.length > 0;
  if (!isProving || checkout.provenBy !== undefined || !patched(PATCHES.proofOutlivesDeadline)) {
    return false;
  }
  checkout.provenBy = new Date(Date.parse(setupDeadlineAt) + PROVEN_AFTER_DEADLINE_MS).toISOString();
  publish(run);
  return true;
}

/** A webhook may have been missed: what has become of the open session, and of those being verified, is asked of Stripe. */
async function lookAtSessions(run: EnrollmentRun): Promise<void> {
  const { state } = run;
  const { checkout } = state;
  const ends = () => state.cancel !== null || Date.now() >= Date.parse(setupEndsAt(run));
  const { pending = [] } = checkout;
  for (const { id } of pending) {
    await savePaymentMethod(run, id);
  }
  const { open } = checkout;
  const isLive = open !== null && Date.parse(open.expiresAt) + READ_AFTER_EXPIRY_MS > Date.now();
  if (open === null || (pending.length > 0 && isLive && !ends())) {
    return;
  }
  checkout.open = null;
  await savePaymentMethod(run, open.id);
  const stillOpen = !checkout.handled.includes(open.id);
  if (stillOpen && ends()) {
    // Whoever ends the enrollment expires it at Stripe, so that nobody saves a card for nothing.
    checkout.open ??= open;
  }
}

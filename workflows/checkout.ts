/**
 * Checkout Sessions and saved payment methods within an enrollment: opens sessions and follows what is told of them.
 * Called by `workflows/enrollment.ts`, by `workflows/setup.ts` and by the handlers.
 */
import { condition, patched } from '@temporalio/workflow';
import type {
  MethodRead,
  SavedPaymentMethod,
  SavePaymentMethodResult,
  ToldMethodWork,
} from '../activities/payment-methods.ts';
import { LEAST_TIME_LEFT_MS } from '../domain/live-session.ts';
import { withEmptyLists, withoutEmptyLists } from '../domain/schedule-changes.ts';
import { FIRST_METHOD, told } from '../domain/told.ts';
import { toldSchedule } from '../domain/told-terms.ts';
import { toldInput } from '../domain/workflow-input.ts';
import { problemOf } from './charge-work.ts';
import type { OpenCheckoutSession } from './messages.ts';
import { PATCHES } from './patches.ts';
import { publish } from './presentation.ts';
import { refuse } from './refusals.ts';
import { type CarriedState, type EnrollmentRun, setSchedule } from './run.ts';
import { changing, note, replan } from './schedule.ts';
import { interactive } from './stripe-activities.ts';

const MOST_REMEMBERED_SESSIONS = 50;
/** A bank account that is being proven, in case nobody tells of it; deposits take a day or two, and may take ten. */
const LOOK_AT_PENDING_AFTER_MS = 86_400_000;
const MOST_PENDING_SESSIONS = 10;

/** The open session while it has time left, else a new one. Who asks meanwhile gets the same. */
export async function liveCheckoutSession(run: EnrollmentRun, who: string): Promise<OpenCheckoutSession> {
  await sessionsLookedAt(run);
  if (run.end !== null && patched(PATCHES.sessionsEndWithEnrollment)) {
    refuse('enrollment_ended', 'the enrollment has ended meanwhile');
  }
  const { open } = run.state.checkout;
  if (open !== null && Date.parse(open.expiresAt) - Date.now() > LEAST_TIME_LEFT_MS) {
    return open;
  }
  run.opening ??= openSession(run, who).finally(() => {
    run.opening = null;
  });
  return run.opening;
}

/** One that is told to be complete is no live one, until Stripe says that it is not complete after all. */
export async function sessionsLookedAt(run: EnrollmentRun): Promise<void> {
  await condition(() => run.state.checkout.completed.length === 0 || run.leaving || run.end !== null);
}

async function openSession(run: EnrollmentRun, who: string): Promise<OpenCheckoutSession> {
  const { state } = run;
  state.checkout.opened += 1;
  const session = await interactive(`Open Checkout Session ${state.checkout.opened}`).openCheckoutSession({
    input: toldInput(run.input),
    number: state.checkout.opened,
    at: new Date().toISOString(),
    setupDeadlineAt: state.setupDeadlineAt,
    who,
  });
  state.checkout.open = session;
  publish(run);
  return session;
}

/** For as long as the run lives: reads every session that is told to be complete. */
export async function followCheckoutSessions(run: EnrollmentRun): Promise<void> {
  const { checkout } = run.state;
  for (;;) {
    await condition(() => checkout.completed.length > 0 || run.leaving || run.end !== null);
    if (run.leaving || run.end !== null) {
      return;
    }
    const [id] = checkout.completed;
    if (id !== undefined) {
      run.sessionBeingRead = id;
      await savePaymentMethod(run, id);
      run.sessionBeingRead = null;
      const later = checkout.completed.slice(1);
      const again = later.includes(id) && !checkout.handled.includes(id);
      checkout.completed =
        again && patched(PATCHES.newsWhileSessionIsRead) ? later : later.filter((told) => told !== id);
    }
  }
}

/**
 * For as long as the run lives: reads every saved method that is told to have changed. One that is gone is let go of
 * where another is saved; one with new data is tried again at once on what is past due. One that cannot be read stays as
 * it was known, and the next charge finds out.
 */
export async function followPaymentMethods(run: EnrollmentRun): Promise<void> {
  const { state } = run;
  for (;;) {
    await condition(() => state.changedMethods.length > 0 || run.leaving || run.end !== null);
    const [changed] = state.changedMethods;
    if (run.leaving || run.end !== null || changed === undefined) {
      return;
    }
    const { paymentMethodId, eventType } = changed;
    run.methodBeingRead = changed;
    let found: MethodRead | null = null;
    // Here, and not in a function of its own: what follows would come a turn later than histories have it.
    try {
      found = await interactive(`Read ${paymentMethodId}, it changed`).readPaymentMethod({
        enrollmentId: run.input.enrollmentId,
        paymentMethodId,
        eventType,
        at: new Date().toISOString(),
      });
    } catch (error) {
      await noteUnreadable(run, changed, error);
    }
    run.methodBeingRead = null;
    state.changedMethods = state.changedMethods.filter((told) => told !== changed);
    if (found !== null) {
      takeMethod(run, paymentMethodId, found);
    }
    publish(run);
  }
}

/**
 * A defect, such as a key that may not read payment methods, is told to operators and ends nothing. Nobody awaits the
 * loop that reads before the end: thrown on, it would fail every Workflow Task from then on.
 */
async function noteUnreadable(
  run: EnrollmentRun,
  { paymentMethodId, eventType }: CarriedState['changedMethods'][number],
  error: unknown,
): Promise<void> {
  const by = { by: 'workflow', reason: problemOf(error) };
  const details = { payment_method: paymentMethodId, event_type: eventType };
  await note(run, { what: 'payment_method.unreadable', by, details });
}

function takeMethod({ state }: EnrollmentRun, id: string, found: MethodRead): void {
  const saved = [state.paymentMethod, state.otherMethod].find((method) => method?.id === id);
  if (!saved) {
    return;
  }
  saved.expires = found.expires;
  if (!found.usable) {
    // The newest method stays named although it is gone: the next charge asks the customer for another one.
    state.otherMethod = state.otherMethod?.id === id ? null : state.otherMethod;
    return;
  }
  for (const charge of state.charges) {
    if (charge.lastDecline?.class === 'card_data') {
      charge.methodsTried = charge.methodsTried.filter((tried) => tried !== id);
    }
  }
}

/** Whether a session that is told to be complete is news. A forged or repeated message must cost nothing. */
export function isNews(run: EnrollmentRun, checkoutSessionId: string): boolean {
  const { checkout } = run.state;
  return !checkout.completed.includes(checkoutSessionId) && !checkout.handled.includes(checkoutSessionId);
}

/** Whether it is told once more while it is being read: Stripe may have answered before what is told now. */
export function isNewsWhileRead(
  { sessionBeingRead, state }: EnrollmentRun,
  checkoutSessionId: string,
): boolean {
  const told = state.checkout.completed.filter((id) => id === checkoutSessionId);
  return sessionBeingRead === checkoutSessionId && told.length === 1;
}

/** Reads a session that may be complete, and takes over what came of it. */
export async function savePaymentMethod(run: EnrollmentRun, checkoutSessionId: string): Promise<void> {
  const { state } = run;
  const { changes } = state.schedule;
  const work = {
    enrollmentId: run.input.enrollmentId,
    customerId: run.input.customerId,
    checkoutSessionId,
    stripeCustomerId: state.paymentMethod?.stripeCustomerId ?? null,
    terms: { schedule: toldSchedule(run.terms.schedule), catchUp: run.terms.catchUp },
    changes: withoutEmptyLists(changes),
    anchorAt: state.schedule.anchorAt,
    at: new Date().toISOString(),
  };
  const result = await refusedOnDefect(run, told(work, FIRST_METHOD));
  if (result.kind === 'not_complete' && result.status === 'open') {
    return;
  }
  if (state.checkout.open?.id === checkoutSessionId) {
    state.checkout.open = null;
  }
  const others = state.checkout.pending?.filter(({ id }) => id !== checkoutSessionId) ?? [];
  if (result.kind === 'pending') {
    const lookAt = new Date(Date.now() + LOOK_AT_PENDING_AFTER_MS).toISOString();
    state.checkout.pending = [...others, { id: checkoutSessionId, lookAt }].slice(-MOST_PENDING_SESSIONS);
    publish(run);
    return;
  }
  if (state.checkout.pending !== undefined) {
    state.checkout.pending = others;
  }
  state.checkout.handled = [...state.checkout.handled, checkoutSessionId].slice(-MOST_REMEMBERED_SESSIONS);
  if (result.kind === 'saved') {
    const startsOtherwise = state.schedule.anchorAt === null && state.schedule.changes !== changes;
    if (startsOtherwise && patched(PATCHES.changeOutlivesStart)) {
      // Until it is planned with what was changed meanwhile, nothing is opened.
      await changing(run, () => startWith(run, result));
    } else {
      takeSaved(run, result);
    }
  }
  publish(run);
}

function takeSaved(run: EnrollmentRun, saved: SavedPaymentMethod): void {
  const { state } = run;
  const { id, type, stripeCustomerId, label, expires, schedule } = saved;
  if (state.paymentMethod !== null && state.paymentMethod.id !== id) {
    // Of another Customer: the one of before was deleted at Stripe, and its methods with it.
    const isGone = state.paymentMethod.stripeCustomerId !== stripeCustomerId;
    state.otherMethod = isGone ? null : state.paymentMethod;
  }
  state.paymentMethod = { id, type, stripeCustomerId, label, expires };
  // Two readings of one session may overlap: the first has started the schedule.
  if (schedule !== null && state.schedule.anchorAt === null) {
    const { anchorAt, next, following } = schedule;
    const changes = withEmptyLists(schedule.changes);
    setSchedule(run, { anchorAt, next, following, changes, planning: false });
  }
}

/** The schedule was changed while the method was being saved: it starts as it has been changed. */
async function startWith(run: EnrollmentRun, saved: SavedPaymentMethod): Promise<void> {
  const { anchorAt, changes } = run.state.schedule;
  takeSaved(run, saved);
  if (anchorAt === null) {
    setSchedule(run, { changes });
    await replan(run, { facts: [] });
  }
}

/**
 * A defect, such as a session that Stripe does not know, refuses this session and nothing else. Thrown on, it would stop
 * the run for good: it could not even be canceled.
 */
async function refusedOnDefect(run: EnrollmentRun, work: ToldMethodWork): Promise<SavePaymentMethodResult> {
  const { checkoutSessionId } = work;
  try {
    return await interactive(`Read ${checkoutSessionId} and save its payment method`).savePaymentMethod(work);
  } catch (error) {
    const reason = problemOf(error);
    const details = { checkout_session: checkoutSessionId };
    await note(run, { what: 'payment_method.refused', by: { by: 'workflow', reason }, details });
    return { kind: 'refused', reason };
  }
}

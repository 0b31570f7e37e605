/**
 * One enrollment, from the request to its end: wait for a payment method, bill for as long as agreed, say how it ended.
 * Started by the API's update-with-start; the truth for rows, pages and operators. Never writes anything itself.
 */
import { allHandlersFinished, condition, makeContinueAsNewFunc, patched } from '@temporalio/workflow';
import { inputOf, type ToldInput } from '../domain/workflow-input.ts';
import { balanceLeft } from './balance.ts';
import { bill } from './billing.ts';
import { followCheckoutSessions, followPaymentMethods } from './checkout.ts';
import { cancelWhenTemporalAsks } from './enrollment-commands.ts';
import { handleMessages } from './handlers.ts';
import { heldBack, requestedCharge } from './new-charges.ts';
import { PATCHES } from './patches.ts';
import { attributesToHandOn, publish } from './presentation.ts';
import { begun, type CarriedState, type EnrollmentRun, resumed, statusOf, timeZoneOf } from './run.ts';
import { setUp } from './setup.ts';
import { interactive } from './stripe-activities.ts';

export interface EnrollmentResult {
  status: string;
  reason: string | null;
  chargesSucceeded: number;
  amountCollectedMinor: number;
}

/** @param carried what an earlier run of the same enrollment handed on */
export async function enrollmentWorkflow(told: ToldInput, carried?: CarriedState): Promise<EnrollmentResult> {
  const input = inputOf(told);
  const run = carried === undefined ? begun(input, Date.now()) : resumed(input, carried);
  handleMessages(run);
  cancelWhenTemporalAsks(run);
  const following = Promise.all([followCheckoutSessions(run), followPaymentMethods(run)]);
  if (run.state.paymentMethod === null) {
    await setUp(run);
  }
  if (run.end === null && !run.leaving) {
    await bill(run);
  }
  if (run.end === null) {
    await following;
    await condition(allHandlersFinished);
    const goOn = makeContinueAsNewFunc<typeof enrollmentWorkflow>({
      typedSearchAttributes: attributesToHandOn(run),
    });
    return goOn(told, run.state);
  }
  await conclude(run, run.end);
  await following;
  await condition(allHandlersFinished);
  const { chargesSucceeded, amountCollectedMinor } = run.state;
  return { status: run.end.status, reason: run.end.reason, chargesSucceeded, amountCollectedMinor };
}

async function conclude(run: EnrollmentRun, end: NonNullable<EnrollmentRun['end']>): Promise<void> {
  publish(run);
  if (run.opening !== null && patched(PATCHES.sessionsEndWithEnrollment)) {
    // It must not stay open at Stripe, where the customer would save a card for nothing.
    await run.opening.catch(() => null);
  }
  const { enrollmentId, locale, description } = run.input;
  const balanceMinor = balanceLeft(run);
  await interactive(`End: ${statusOf(run)}`).endEnrollment({
    enrollmentId,
    status: end.status,
    reason: end.reason,
    who: end.who,
    at: new Date().toISOString(),
    openSessionId: run.state.checkout.open?.id ?? null,
    ...(run.setupRefusal === null ? {} : { setupRefusal: run.setupRefusal }),
    ...(balanceMinor === 0 ? {} : { balanceMinor }),
    unopened: [...run.state.requestedCharges.map(requestedCharge), ...heldBack(run)],
    notice: { locale, currency: run.terms.currency, description, timeZone: timeZoneOf(run.terms) },
  });
  run.ended = true;
}

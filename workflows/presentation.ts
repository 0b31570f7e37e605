/**
 * What an operator reads in the Temporal UI: the current details, the search attribute, summaries of Activities and
 * timers. Whole sentences, no personal data. Nothing here is branched on.
 */
import { setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow';
import { ENROLLMENT_STATUS } from '../config/search-attributes.ts';
import type { AttemptReason, OpenCharge } from '../domain/charge-life.ts';
import { minorUnitExponent } from '../domain/money.ts';
import { type EnrollmentRun, isDisputed, type SavedMethod, statusOf } from './run.ts';

/** Shows the run as it stands; costs an event and an action only when the status has changed. */
export function publish(run: EnrollmentRun): void {
  const status = statusOf(run);
  if (status !== run.publishedStatus) {
    run.publishedStatus = status;
    upsertSearchAttributes([{ key: ENROLLMENT_STATUS, value: status }]);
  }
  setCurrentDetails(
    [headline(run), ...facts(run), ...run.state.charges.map((charge) => chargeLine(run, charge))].join('\n'),
  );
}

/** `1200` of JPY is `JPY 1200`; `1200` of USD is `USD 12.00`. */
export function money(amountMinor: number, currency: string): string {
  const exponent = minorUnitExponent(currency);
  const digits = String(amountMinor).padStart(exponent + 1, '0');
  const amount = exponent === 0 ? digits : `${digits.slice(0, -exponent)}.${digits.slice(-exponent)}`;
  return `${currency.toUpperCase()} ${amount}`;
}

/** `2026-12-01 09:00 UTC` */
export function instant(iso: string): string {
  return `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`;
}

export function attemptSummary(
  run: EnrollmentRun,
  charge: OpenCharge,
  method: SavedMethod,
  why: AttemptReason,
): string {
  return `Charge ${charge.number}: ${money(charge.amountMinor, run.terms.currency)}, attempt ${charge.attempts + 1} (${why.replaceAll('_', ' ')}), ${method.label}`;
}

function headline(run: EnrollmentRun): string {
  const { state } = run;
  switch (statusOf(run)) {
    case 'awaiting_payment_method':
      return run.state.checkout.open === null
        ? `**Waiting for a payment method** until ${instant(state.setupDeadlineAt)}; the customer link opens Checkout.`
        : `**Waiting for the customer on Stripe Checkout** (session open until ${instant(run.state.checkout.open.expiresAt)}); given up at ${instant(state.setupDeadlineAt)}.`;
    case 'active':
      return `**Active.** ${nextLine(run)}`;
    case 'past_due':
      return `**Past due.** ${nextLine(run)}`;
    case 'paused':
      return `**Paused** by ${state.paused?.by ?? 'nobody'}${state.paused?.resumeAt ? ` until ${instant(state.paused.resumeAt)}` : ''}: the schedule rests.`;
    case 'completed':
      return '**Completed.** Everything agreed has been collected.';
    case 'canceled':
      return `**Canceled** by ${run.end?.who ?? 'nobody'}${run.end?.reason ? `: ${run.end.reason}` : ''}.`;
    case 'expired':
      return '**Expired.** No payment method was saved in time.';
    default:
      return statusOf(run);
  }
}

function nextLine({ state, terms }: EnrollmentRun): string {
  if (state.cancel !== null) {
    return 'Canceling: no attempt starts any more.';
  }
  if (isDisputed(state)) {
    return 'A dispute is open: nothing is charged until it is over.';
  }
  if (state.cancelLater !== null) {
    return `Canceled by ${state.cancelLater.by} as of ${instant(state.cancelLater.at)}.`;
  }
  const { next, planning } = state.schedule;
  if (next !== null) {
    return `Next charge ${money(next.amountMinor, terms.currency)} on ${instant(next.dueAt)}.`;
  }
  if (planning) {
    return 'A charge is under way.';
  }
  return terms.schedule.type === 'on_demand'
    ? 'Charges come through the API.'
    : 'No further charge is planned.';
}

function facts({ state, terms }: EnrollmentRun): string[] {
  const method = state.paymentMethod;
  return [
    '',
    `- Payment method: ${method === null ? 'none yet' : `${method.label} (${method.id})`}`,
    `- Collected: ${money(state.amountCollectedMinor, terms.currency)} in ${state.chargesSucceeded} charge(s)`,
  ];
}

function chargeLine(run: EnrollmentRun, charge: OpenCharge): string {
  const amount = money(charge.amountMinor, run.terms.currency);
  const intent = charge.paymentIntentId === null ? '' : `, ${charge.paymentIntentId}`;
  return `- Charge ${charge.number}: ${amount}, ${charge.status}, ${charge.attempts} attempt(s)${intent}; ${whatNext(charge)}`;
}

function whatNext(charge: OpenCharge): string {
  if (charge.problem !== null) {
    return `**needs attention**: ${charge.problem}`;
  }
  if (charge.hold !== null && charge.status === 'requires_capture') {
    return `held until ${instant(charge.hold.expiresAt)}, to be captured`;
  }
  if (charge.nextAttemptAt !== null) {
    return `tried again on ${instant(charge.nextAttemptAt)}`;
  }
  if (charge.giveUpAt !== null) {
    return `waits for the customer until ${instant(charge.giveUpAt)}`;
  }
  return charge.readAt === null
    ? 'under way'
    : `its outcome is awaited, read again on ${instant(charge.readAt)}`;
}

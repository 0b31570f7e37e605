/**
 * What an operator reads in the Temporal UI: the current details, the search attributes, summaries of Activities and
 * timers. Whole sentences, no personal data. Nothing here is branched on.
 */
import type { SearchAttributeUpdatePair } from '@temporalio/common';
import { setCurrentDetails, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import { ENROLLMENT_STATUS, NOBODY, PAST_DUE_SINCE, WAITS_FOR } from '../config/search-attributes.ts';
import type { Step } from '../domain/charge-life.ts';
import { amountText } from '../domain/money.ts';
import { type AttemptReason, type OpenCharge, policyOf } from '../domain/open-charge.ts';
import { PAST_DUE_CHARGE } from '../domain/statuses.ts';
import { termsDetails } from '../domain/terms-in-words.ts';
import { chargeWaitsFor } from '../domain/waits-for.ts';
import { asCharged } from './new-charges.ts';
import { owedNow } from './owed.ts';
import { type EnrollmentRun, isDisputed, type SavedMethod, setupEndsAt, statusOf } from './run.ts';

/** Shows the run as it stands; costs an event and an action only when what it can be found by has changed. */
export function publish(run: EnrollmentRun): void {
  const status = statusOf(run);
  if (status !== run.publishedStatus || waitsForOthers(run)) {
    run.publishedStatus = status;
    upsertSearchAttributes(searchAttributesOf(run));
  }
  setCurrentDetails(
    [
      headline(run),
      ...facts(run),
      ...run.state.charges.map((charge) => chargeLine(run, charge)),
      ...agreed(run),
    ].join('\n'),
  );
}

/** The API says it when it starts the first run, and Temporal does not hand that on to those after it. */
function agreed({ terms }: EnrollmentRun): string[] {
  return workflowInfo().continuedFromExecutionRunId === undefined ? [] : ['', termsDetails(terms)];
}

/** What the next run begins with: all that this one has, and what it stands at, also where this one began without. */
export function attributesToHandOn(run: EnrollmentRun) {
  return workflowInfo().typedSearchAttributes.updateCopy(allAttributesOf(run));
}

/** A run that began before there was `WaitsFor` goes on as its history says: the status alone. */
function searchAttributesOf(run: EnrollmentRun): SearchAttributeUpdatePair[] {
  const all = allAttributesOf(run);
  return isIndexed() ? all : all.slice(0, 1);
}

function allAttributesOf(run: EnrollmentRun): SearchAttributeUpdatePair[] {
  const since = pastDueSince(run);
  return [
    { key: ENROLLMENT_STATUS, value: statusOf(run) },
    { key: PAST_DUE_SINCE, value: since === null ? null : new Date(since) },
    { key: WAITS_FOR, value: waitsFor(run) },
  ];
}

function isIndexed(): boolean {
  return workflowInfo().typedSearchAttributes.get(WAITS_FOR) !== undefined;
}

/** Whether it waits for something else, or since another instant, than is published. */
function waitsForOthers(run: EnrollmentRun): boolean {
  const { typedSearchAttributes: published } = workflowInfo();
  const before = published.get(WAITS_FOR);
  const since = pastDueSince(run);
  return (
    before !== undefined &&
    ([...before].sort().join() !== waitsFor(run).join() ||
      (published.get(PAST_DUE_SINCE)?.getTime() ?? null) !== (since === null ? null : Date.parse(since)))
  );
}

/** In order, so that it can be compared. */
function waitsFor(run: EnrollmentRun): string[] {
  const { state } = run;
  if (run.end !== null) {
    return [NOBODY];
  }
  if (state.paymentMethod === null) {
    return ['payment_method'];
  }
  const words = state.charges.map((charge) =>
    charge.problem === null ? chargeWaitsFor(charge) : 'operator',
  );
  const all = new Set([...words, isDisputed(state) ? 'dispute' : null].filter((word) => word !== null));
  return all.size === 0 ? [NOBODY] : [...all].sort();
}

/** When the oldest charge that is past due fell due, ISO 8601. */
function pastDueSince({ state, end }: EnrollmentRun): string | null {
  const due = state.charges
    .filter(({ status }) => PAST_DUE_CHARGE.includes(status))
    .map(({ dueAt }) => dueAt);
  return end === null ? (due.sort()[0] ?? null) : null;
}

/** `2026-12-01 09:00 UTC` */
export function instant(iso: string): string {
  return `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`;
}

/** E.g. `Charge 3: JPY 980, attempt 2 of 5 (retry after insufficient_funds), visa •••• 4242`. */
export function attemptSummary(
  run: EnrollmentRun,
  charge: OpenCharge,
  method: SavedMethod,
  why: AttemptReason,
): string {
  const planned = 1 + policyOf(charge, run.terms.dunning).retryAfterDays.length;
  const number = charge.attempts + 1;
  // Attempts by hand and with other methods come on top of those that were agreed.
  const attempt = number > planned ? `attempt ${number}` : `attempt ${number} of ${planned}`;
  return `Charge ${charge.number}: ${amountText(charge.amountMinor, run.terms.currency)}, ${attempt} (${reasonInWords(charge, why)}), ${method.label}`;
}

function reasonInWords(charge: OpenCharge, why: AttemptReason): string {
  switch (why) {
    case 'due':
      return charge.origin === 'schedule' ? 'due' : 'asked for';
    case 'retry':
      return `retry after ${declineOf(charge)}`;
    case 'new_payment_method':
      return 'with the newly saved method';
    case 'other_method':
      return 'with the method saved before';
    case 'by_hand':
      return `asked for by ${charge.asked?.by ?? 'somebody'}`;
    case 'resumed':
      return 'after what was wrong has been mended';
    default:
      return why satisfies never;
  }
}

/** The summary of a wait of one charge, e.g. `Charge 3: next attempt (2 of 5) on 2026-12-02 09:00 UTC`. */
export function waitSummary(
  run: EnrollmentRun,
  charge: OpenCharge,
  step: Extract<Step, { do: 'wait' }> & { until: string },
): string {
  const until = instant(step.until);
  const planned = 1 + policyOf(charge, run.terms.dunning).retryAfterDays.length;
  switch (step.for) {
    case 'retry':
      return `Charge ${charge.number}: declined (${declineOf(charge)}), attempt ${charge.attempts + 1} of ${Math.max(planned, charge.attempts + 1)} on ${until}`;
    case 'customer':
      return `Charge ${charge.number}: waits for the customer (${declineOf(charge)}) until ${until}`;
    case 'capture':
      return `Charge ${charge.number}: ${amountText(charge.hold?.capturableMinor ?? charge.amountMinor, run.terms.currency)} held, waits to be captured; looked at again on ${until}`;
    case 'outcome':
      return `Charge ${charge.number}: the bank's answer is awaited; read again on ${until}`;
    case 'dispute':
      return `Charge ${charge.number}: waits until no dispute is open; read again on ${until}`;
    default:
      return `Charge ${charge.number}: waits for the ${step.for} until ${until}`;
  }
}

function declineOf(charge: OpenCharge): string {
  const { lastDecline } = charge;
  return lastDecline === null ? 'not declined' : (lastDecline.code ?? lastDecline.class).replaceAll('_', ' ');
}

function settingUpLine(run: EnrollmentRun): string {
  const { open, pending = [] } = run.state.checkout;
  const until = instant(setupEndsAt(run));
  if (pending.length > 0) {
    return `**The customer's bank account is being proven**, which may take ten days; given up at ${until}. The customer link opens Checkout for another payment method.`;
  }
  return open === null
    ? `**Waiting for a payment method** until ${until}; the customer link opens Checkout.`
    : `**Waiting for the customer on Stripe Checkout** (session open until ${instant(open.expiresAt)}); given up at ${until}.`;
}

function headline(run: EnrollmentRun): string {
  const { state } = run;
  switch (statusOf(run)) {
    case 'awaiting_payment_method':
      return settingUpLine(run);
    case 'active':
      return `**Active.** ${nextLine(run)}`;
    case 'past_due':
      return `**Past due**: ${owed(run)}. ${nextLine(run)}`;
    case 'paused':
      return sentences(
        `**Paused** by ${state.paused?.by ?? 'nobody'}${state.paused?.resumeAt ? ` until ${instant(state.paused.resumeAt)}` : ''}: the schedule rests.`,
        heldLine(run),
        endLine(run),
      );
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

/** What is owed and waits. */
function heldLine(run: EnrollmentRun): string | null {
  const held = owedNow(run);
  return held === null
    ? null
    : `Held back and still owed: ${amountText(held.amountMinor, run.terms.currency)}, due ${instant(held.dueAt)}.`;
}

/** A cancel that is still to come. */
function endLine({ state: { cancelLater } }: EnrollmentRun): string | null {
  return cancelLater === null ? null : `Canceled by ${cancelLater.by} as of ${instant(cancelLater.at)}.`;
}

function sentences(...said: (string | null)[]): string {
  return said.filter((sentence) => sentence !== null).join(' ');
}

function nextLine(run: EnrollmentRun): string {
  const { state, terms } = run;
  if (state.cancel !== null) {
    return 'Canceling: no attempt starts any more.';
  }
  if (isDisputed(state)) {
    return sentences('A dispute is open: nothing is charged until it is over.', heldLine(run), endLine(run));
  }
  const end = endLine(run);
  if (end !== null) {
    return end;
  }
  const { planning } = state.schedule;
  const next = asCharged(run, state.schedule.next);
  if (next !== null) {
    return `Next charge ${amountText(next.amountMinor, terms.currency)} on ${instant(next.dueAt)}.`;
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
    `- Collected: ${amountText(state.amountCollectedMinor, terms.currency)} in ${state.chargesSucceeded} charge(s)`,
  ];
}

/** What is past due, e.g. `JPY 980 since 2026-11-01 09:00 UTC`. */
function owed(run: EnrollmentRun): string {
  const open = run.state.charges.filter(({ status }) => PAST_DUE_CHARGE.includes(status));
  const sum = open.reduce((total, { amountMinor }) => total + amountMinor, 0);
  const since = pastDueSince(run);
  return `${amountText(sum, run.terms.currency)}${since === null ? '' : ` since ${instant(since)}`}`;
}

function chargeLine(run: EnrollmentRun, charge: OpenCharge): string {
  const amount = amountText(charge.amountMinor, run.terms.currency);
  const intent = charge.paymentIntentId === null ? '' : ` (${charge.paymentIntentId})`;
  return `- Charge ${charge.number}: ${amount}, due ${instant(charge.dueAt)}, \`${charge.status}\` after ${times(charge.attempts)}${intent}: ${whatNext(run, charge)}`;
}

function times(attempts: number): string {
  return attempts === 1 ? 'one attempt' : `${attempts} attempts`;
}

function whatNext(run: EnrollmentRun, charge: OpenCharge): string {
  if (charge.problem !== null) {
    return `**needs attention**: ${charge.problem}. Mend the cause, then resume the charge`;
  }
  if (charge.hold !== null && charge.status === 'requires_capture') {
    return `${amountText(charge.hold.capturableMinor, run.terms.currency)} held until ${instant(charge.hold.expiresAt)}, to be captured`;
  }
  const why = charge.lastDecline === null ? '' : `declined with ${declineOf(charge)}, `;
  if (isDisputed(run.state) && PAST_DUE_CHARGE.includes(charge.status)) {
    return `${why}waits until no dispute is open`;
  }
  if (charge.nextAttemptAt !== null) {
    return `${why}tried again on ${instant(charge.nextAttemptAt)}`;
  }
  if (charge.giveUpAt !== null) {
    return `declined with ${declineOf(charge)}, waits for the customer until ${instant(charge.giveUpAt)}`;
  }
  return charge.readAt === null
    ? 'under way'
    : `its outcome is awaited, read again on ${instant(charge.readAt)}`;
}

/**
 * Where a Stripe event goes: whom it concerns and what they are told, by what the event asks (`stripe-event.ts`) and what our
 * rows answer. Pure; called by `api/event-routing.ts`.
 */
import type { ChargeStatus } from './statuses.ts';
import { CHARGE_ID, type EventQuestion, type Ignored, ignore } from './stripe-event.ts';

export interface SessionFacts {
  checkoutSessionId: string;
  enrollmentId: string;
  status: 'open' | 'complete' | 'expired';
  /** Its page takes nothing any more, and a bank account is still being proven. */
  isBeingProven: boolean;
}

export interface ChargeFacts {
  enrollmentId: string;
  paymentIntentId: string | null;
  status: ChargeStatus;
}

export interface PaidChargeFacts {
  enrollmentId: string;
  id: string;
}

export type EventSignal =
  | { signal: 'checkoutSessionCompleted'; checkoutSessionId: string }
  | { signal: 'checkoutSessionExpired'; checkoutSessionId: string }
  | { signal: 'paymentIntentChanged'; chargeId: string; paymentIntentId: string; eventType: string }
  | { signal: 'chargeAftermath'; chargeId: string }
  | { signal: 'paymentMethodChanged'; paymentMethodId: string; eventType: string };

export type EventDecision = Ignored | ({ kind: 'signal'; enrollmentId: string } & EventSignal);

/**
 * A payment can be disputed before the row that names its PaymentIntent is written; later than that it is not ours. From
 * when the event came in: after an outage of PostgreSQL rows and events that are hours old come at the same time.
 */
const ROW_WITHIN_S = 600;

/** @param facts the row of the session; null when we have none */
export function decideSession(
  question: Extract<EventQuestion, { ask: 'session' }>,
  facts: SessionFacts | null,
): EventDecision {
  const { checkoutSessionId, outcome, hintedEnrollmentId } = question;
  const enrollmentId = facts?.enrollmentId ?? hintedEnrollmentId;
  if (enrollmentId === null) {
    return ignore('Checkout Session of no enrollment');
  }
  if (facts?.status === 'complete' || (facts?.status === 'expired' && outcome === 'expired')) {
    return ignore(`already known: the Checkout Session is ${facts.status}`);
  }
  return outcome === 'completed'
    ? { kind: 'signal', enrollmentId, signal: 'checkoutSessionCompleted', checkoutSessionId }
    : { kind: 'signal', enrollmentId, signal: 'checkoutSessionExpired', checkoutSessionId };
}

/**
 * The SetupIntent's success is a second word on the same fact. Its failure is the first one where a bank account could not
 * be proven; on an open page it is a try of a customer who may try again.
 * @param facts the session that it belongs to
 */
export function decideSetupIntent(
  { outcome }: Extract<EventQuestion, { ask: 'setup_intent' }>,
  facts: SessionFacts | null,
): EventDecision {
  if (facts === null) {
    return ignore('SetupIntent of no Checkout Session of ours');
  }
  const { checkoutSessionId, enrollmentId, status, isBeingProven } = facts;
  if (status !== 'open') {
    return ignore(`already known: the Checkout Session is ${status}`);
  }
  if (outcome === 'failed' && !isBeingProven) {
    return ignore('a failed try on Checkout, whose page is still open');
  }
  return { kind: 'signal', enrollmentId, signal: 'checkoutSessionCompleted', checkoutSessionId };
}

/**
 * @param facts the row of the charge; null when there is none yet: a worker may have died between Stripe's answer and
 * the row, so the Workflow that the id names is asked
 */
export function decideCharge(
  question: Extract<EventQuestion, { ask: 'charge' }>,
  facts: ChargeFacts | null,
): EventDecision {
  const { chargeId, paymentIntentId, eventType } = question;
  if (facts !== null && facts.paymentIntentId !== null && facts.paymentIntentId !== paymentIntentId) {
    return ignore(`${chargeId} has another PaymentIntent`);
  }
  if (facts !== null && isKnown(eventType, facts.status)) {
    return ignore(`already known: the charge is ${facts.status}`);
  }
  const enrollmentId = facts?.enrollmentId ?? `enr_${CHARGE_ID.exec(chargeId)?.[1] ?? ''}`;
  return {
    kind: 'signal',
    enrollmentId,
    signal: 'paymentIntentChanged',
    chargeId,
    paymentIntentId,
    eventType,
  };
}

/**
 * @param waitedS how long ago the event came in
 * @returns `not_yet` while the row that names the PaymentIntent may still be on its way: ask again
 */
export function decidePaidCharge(
  facts: PaidChargeFacts | null,
  waitedS: number,
): EventDecision | { kind: 'not_yet' } {
  if (facts !== null) {
    const { enrollmentId, id: chargeId } = facts;
    return { kind: 'signal', enrollmentId, signal: 'chargeAftermath', chargeId };
  }
  return waitedS < ROW_WITHIN_S ? { kind: 'not_yet' } : ignore('PaymentIntent of no charge of ours');
}

/** @param enrollmentId whose saved method it is; null when nobody's */
export function decidePaymentMethod(
  { paymentMethodId, eventType }: Extract<EventQuestion, { ask: 'payment_method' }>,
  enrollmentId: string | null,
): EventDecision {
  return enrollmentId === null
    ? ignore('payment method of no enrollment')
    : { kind: 'signal', enrollmentId, signal: 'paymentMethodChanged', paymentMethodId, eventType };
}

/** Money that moved and what is canceled stay so; everything else may have changed again. */
function isKnown(eventType: string, status: ChargeStatus): boolean {
  return status === 'succeeded' || (eventType === 'payment_intent.canceled' && status === 'canceled');
}

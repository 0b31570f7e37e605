/**
 * Where a Stripe event goes. Read once when it comes in, which needs the event alone, and once more when it is
 * delivered, with what our rows say. Pure; called by the webhook route and the inbox. It trusts no field but the
 * signature's word that Stripe sent it: every id is checked by its form, and the Workflow reads the object from
 * Stripe before it acts.
 */
import { isEnrollmentId, isOwnIdempotencyKey } from './ids.ts';
import type { ChargeStatus } from './statuses.ts';

/** What our rows must tell before an event can be routed. */
export type EventQuestion =
  | {
      ask: 'session';
      outcome: 'completed' | 'expired';
      checkoutSessionId: string;
      /** From `client_reference_id` or metadata, for a session whose row was never written. */
      hintedEnrollmentId: string | null;
    }
  | { ask: 'setup_intent'; outcome: 'succeeded' | 'failed'; setupIntentId: string }
  | { ask: 'charge'; chargeId: string; paymentIntentId: string; eventType: string }
  /** Of a payment that was made: refunds, disputes and warnings name its PaymentIntent, never our charge. */
  | { ask: 'paid_charge'; paymentIntentId: string }
  | { ask: 'payment_method'; paymentMethodId: string; eventType: string };

export interface Ignored {
  kind: 'ignore';
  /** Kept with the event, for operators. */
  reason: string;
}

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
 * What has an effect here: what a webhook endpoint subscribes to. Not `charge.refunded`, which says no more than
 * `refund.created`.
 */
export const STRIPE_EVENT_TYPES = [
  'checkout.session.completed',
  'checkout.session.expired',
  'setup_intent.succeeded',
  'setup_intent.setup_failed',
  'payment_intent.succeeded',
  'payment_intent.payment_failed',
  'payment_intent.canceled',
  'payment_intent.processing',
  'payment_intent.requires_action',
  'payment_intent.amount_capturable_updated',
  'refund.created',
  'refund.updated',
  'refund.failed',
  'charge.dispute.created',
  'charge.dispute.updated',
  'charge.dispute.closed',
  // The money of a dispute that was won may come back after it was closed.
  'charge.dispute.funds_reinstated',
  'radar.early_fraud_warning.created',
  'payment_method.detached',
  'payment_method.updated',
  'payment_method.automatically_updated',
  'mandate.updated',
] as const;

/** The most that Stripe lists by at once (`EventListParams.types` of Stripe's library). */
const MOST_LISTED_BY = 20;

/** All of them, in as few lists as Stripe takes. */
export const STRIPE_EVENT_LISTS: readonly (readonly string[])[] = Array.from(
  { length: Math.ceil(STRIPE_EVENT_TYPES.length / MOST_LISTED_BY) },
  (_, at) => STRIPE_EVENT_TYPES.slice(at * MOST_LISTED_BY, (at + 1) * MOST_LISTED_BY),
);

/** Changes that Stripe, a bank or a customer can make without a request of ours. */
const PAYMENT_INTENT_EVENTS: readonly string[] = STRIPE_EVENT_TYPES.filter((type) =>
  type.startsWith('payment_intent.'),
);

/**
 * Whether an event only says again what another event of the same moment says: a completed session's SetupIntent. It
 * waits a while, and by then it is known already; it counts when the other one was missed.
 */
export function isSecondWord(eventType: string): boolean {
  return eventType === 'setup_intent.succeeded';
}

/** What can happen to a payment that was made. Which refund or dispute it is about is read from Stripe's lists. */
const AFTERMATH_EVENTS: readonly string[] = STRIPE_EVENT_TYPES.filter((type) =>
  /^(charge|refund|radar)\./.test(type),
);

const PAYMENT_METHOD_EVENTS: readonly string[] = STRIPE_EVENT_TYPES.filter((type) =>
  type.startsWith('payment_method.'),
);

/**
 * A payment can be disputed before the row that names its PaymentIntent is written; later than that it is not ours. From
 * when the event came in: after an outage of PostgreSQL rows and events that are hours old come at the same time.
 */
const ROW_WITHIN_S = 600;

const CHARGE_ID = /^chg_([0-9a-z]{26})_[1-9][0-9]{0,8}$/;

/**
 * What an event is about, as far as the event alone can tell.
 * @param event parsed JSON of any shape and API version
 * @param livemode mode of the Stripe key that this installation has
 */
export function readStripeEvent(event: unknown, livemode: boolean): Ignored | EventQuestion {
  const type = text(event, 'type') ?? '';
  if (text(event, 'object') === 'v2.core.event') {
    return ignore(`thin event ${type}: this endpoint takes snapshot events`);
  }
  if (field(event, 'livemode') !== livemode) {
    return ignore(
      `event of the ${livemode ? 'test' : 'live'} mode, the Stripe key is of the ${livemode ? 'live' : 'test'} mode`,
    );
  }
  const object = field(field(event, 'data'), 'object');
  switch (type) {
    case 'checkout.session.completed':
      return readSession(object, 'completed');
    case 'checkout.session.expired':
      return readSession(object, 'expired');
    case 'setup_intent.succeeded':
      return readSetupIntent(object, 'succeeded');
    case 'setup_intent.setup_failed':
      return readSetupIntent(object, 'failed');
    default:
      return readOther(event, object, type);
  }
}

function readOther(event: unknown, object: unknown, type: string): Ignored | EventQuestion {
  if (PAYMENT_INTENT_EVENTS.includes(type)) {
    return readPaymentIntent(event, object, type);
  }
  if (AFTERMATH_EVENTS.includes(type)) {
    return readAftermath(event, object, type);
  }
  if (PAYMENT_METHOD_EVENTS.includes(type)) {
    const paymentMethodId = text(object, 'id');
    return paymentMethodId === null
      ? ignore('the event has no payment method id')
      : { ask: 'payment_method', paymentMethodId, eventType: type };
  }
  if (type === 'mandate.updated') {
    return readMandate(event, object, type);
  }
  return ignore(`event type ${type} has no effect here`);
}

/** Every debit has a mandate that becomes active: only its end is news, and that it is good again after that. */
function readMandate(event: unknown, mandate: unknown, eventType: string): Ignored | EventQuestion {
  const status = text(mandate, 'status') ?? 'unknown';
  const before = text(field(field(event, 'data'), 'previous_attributes'), 'status');
  if (status !== 'inactive' && before !== 'inactive') {
    return ignore(`the mandate is ${status}`);
  }
  const paymentMethodId = text(mandate, 'payment_method') ?? text(field(mandate, 'payment_method'), 'id');
  return paymentMethodId === null
    ? ignore('the mandate has no payment method id')
    : { ask: 'payment_method', paymentMethodId, eventType };
}

/**
 * Refunds, disputes and warnings all name their PaymentIntent. Only that a refund was made is ours to know: a dispute or a
 * warning that a test card brings on names the request of its payment, and what becomes of a refund is never our doing.
 */
function readAftermath(event: unknown, object: unknown, type: string): Ignored | EventQuestion {
  if (type === 'refund.created' && isEcho(event)) {
    return ignore('echo of our own request');
  }
  const paymentIntentId = text(object, 'payment_intent') ?? text(field(object, 'payment_intent'), 'id');
  return paymentIntentId === null
    ? ignore('not about a PaymentIntent')
    : { ask: 'paid_charge', paymentIntentId };
}

function readSession(session: unknown, outcome: 'completed' | 'expired'): Ignored | EventQuestion {
  const checkoutSessionId = text(session, 'id');
  if (checkoutSessionId === null) {
    return ignore('the event has no Checkout Session id');
  }
  const mode = text(session, 'mode');
  if (mode !== null && mode !== 'setup') {
    return ignore(`Checkout Session in mode ${mode}, ours are in mode setup`);
  }
  const hints = [text(session, 'client_reference_id'), text(field(session, 'metadata'), 'enrollment_id')];
  const hintedEnrollmentId = hints.find((hint) => hint !== null && isEnrollmentId(hint)) ?? null;
  return { ask: 'session', outcome, checkoutSessionId, hintedEnrollmentId };
}

function readSetupIntent(setupIntent: unknown, outcome: 'succeeded' | 'failed'): Ignored | EventQuestion {
  const setupIntentId = text(setupIntent, 'id');
  return setupIntentId === null
    ? ignore('the event has no SetupIntent id')
    : { ask: 'setup_intent', outcome, setupIntentId };
}

function readPaymentIntent(event: unknown, intent: unknown, eventType: string): Ignored | EventQuestion {
  if (isEcho(event)) {
    return ignore('echo of our own request');
  }
  const paymentIntentId = text(intent, 'id');
  const chargeId = text(field(intent, 'metadata'), 'charge_id');
  if (paymentIntentId === null || chargeId === null || !CHARGE_ID.test(chargeId)) {
    return ignore('PaymentIntent without a charge of ours in its metadata');
  }
  return { ask: 'charge', chargeId, paymentIntentId, eventType };
}

/**
 * Whether a request of ours did it, so that its answer says as much. Without the request's id it happened by itself (Stripe:
 * `request.id`, "If null, the event was automatic"), later than the answer, although it may still name the key.
 */
function isEcho(event: unknown): boolean {
  const request = field(event, 'request');
  return text(request, 'id') !== null && isOwnIdempotencyKey(text(request, 'idempotency_key'));
}

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

function ignore(reason: string): Ignored {
  return { kind: 'ignore', reason };
}

function field(object: unknown, name: string): unknown {
  return typeof object === 'object' && object !== null ? Reflect.get(object, name) : undefined;
}

/** A text that is not empty; old API versions write '' for nothing. */
function text(object: unknown, name: string): string | null {
  const value = field(object, name);
  return typeof value === 'string' && value !== '' ? value : null;
}

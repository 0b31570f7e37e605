/**
 * What a Stripe event is about. Read when it comes in and once more when it is delivered; where it goes is decided then, with
 * what our rows say (`stripe-event-decision.ts`). Pure; called by the webhook route and the inbox. It trusts no field but
 * the signature's word that Stripe sent it: every id is checked by its form, and the Workflow reads the object from Stripe
 * before it acts.
 */
import { isEnrollmentId, isOwnIdempotencyKey } from './ids.ts';

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

/** With the end of its enrollment's id. */
export const CHARGE_ID = /^chg_([0-9a-z]{26})_[1-9][0-9]{0,8}$/;

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

export function ignore(reason: string): Ignored {
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

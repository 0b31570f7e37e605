/**
 * PaymentIntents: create, confirm, read, find, cancel. Called by the charge Activities; answers with outcomes and
 * throws only faults and defects. Never creates a second PaymentIntent for a charge.
 */

import { ApplicationFailure } from '@temporalio/common';
import type { Stripe } from 'stripe';
import type { ChargeOutcome, PaymentIntentOutcome } from '../domain/charge-outcome.ts';
import type { DeclineFacts } from '../domain/declines.ts';
import { DEFECTS } from '../domain/errors.ts';
import { attemptKey, operationKey } from '../domain/ids.ts';
import { readPaymentIntentStatus } from '../domain/payment-intent.ts';
import {
  failureOf,
  isDecline,
  isServerError,
  isUnexpectedState,
  isUnexplained,
  isUnusablePaymentMethod,
} from './stripe-errors.ts';

export interface Attempt {
  enrollmentId: string;
  chargeId: string;
  attempt: number;
  amountMinor: number;
  currency: string;
  description: string | null;
  captureMethod: 'automatic' | 'manual';
  stripeCustomerId: string;
  paymentMethodId: string;
  /** Stripe's `type`, e.g. `card`: the PaymentIntent is restricted to it, so that no redirect method applies. */
  paymentMethodType: string;
  /** Null before the first answer: then a PaymentIntent is created. */
  paymentIntentId: string | null;
}

/** How often this try was made, and since when: decides whether Stripe may have forgotten the key. */
export interface Tries {
  /** 1 for the first. */
  number: number;
  sinceFirstMs: number;
}

/** Stripe keeps a key for 24 hours at least; past 23 nothing is repeated without a look. */
export const TRUST_KEY_FOR_MS = 23 * 3_600_000;
/** A stored 500 comes back for as long as the key lives, so after so many the PaymentIntent is looked up. */
const LOOK_AFTER_SERVER_ERRORS = 3;

/**
 * One attempt: creates and confirms the charge's PaymentIntent, or confirms the one it has, off-session. Safe to
 * repeat: within 23 hours the key makes Stripe repeat its answer, later the PaymentIntent is looked up first.
 * @throws ApplicationFailure faults (retried under the same key) and defects (not retried)
 */
export async function confirmOffSession(
  stripe: Stripe,
  asked: Attempt,
  tries: Tries,
): Promise<ChargeOutcome> {
  const attempt = await withEarlierIntent(stripe, asked);
  if (tries.number > 1 && tries.sinceFirstMs > TRUST_KEY_FOR_MS) {
    const found = await lookUp(stripe, attempt, attempt.paymentIntentId);
    // What stands in requires_payment_method has taken no money: confirming it again can succeed only once.
    if (found !== null && (found.status !== 'requires_payment_method' || attempt.paymentIntentId === null)) {
      return outcomeOf(found, attempt.paymentMethodType);
    }
  }
  const options = { idempotencyKey: attemptKey(attempt.enrollmentId, attempt.chargeId, attempt.attempt) };
  try {
    const confirmed =
      attempt.paymentIntentId === null
        ? await stripe.paymentIntents.create({ ...creation(attempt), ...expanded(attempt) }, options)
        : await stripe.paymentIntents.confirm(
            attempt.paymentIntentId,
            { ...confirmation(attempt), ...expanded(attempt) },
            options,
          );
    return outcomeOf(confirmed, attempt.paymentMethodType);
  } catch (error) {
    return outcomeOfError(stripe, attempt, tries, error);
  }
}

/** The Charge of a hold says until when it can be captured. */
function expanded({ captureMethod }: Attempt) {
  return captureMethod === 'manual' ? { expand: ['latest_charge'] } : {};
}

/**
 * Confirms the charge's PaymentIntent while the customer is there: they may be sent to `redirectUrl` of the outcome and
 * come back to `returnUrl`. Safe to repeat under the attempt's key.
 * @throws ApplicationFailure as {@link confirmOffSession}
 */
export async function confirmOnSession(
  stripe: Stripe,
  attempt: Attempt & { paymentIntentId: string },
  returnUrl: string,
  tries: Tries,
): Promise<ChargeOutcome> {
  const { off_session: _, ...onSession } = confirmation(attempt);
  try {
    const confirmed = await stripe.paymentIntents.confirm(
      attempt.paymentIntentId,
      { ...onSession, return_url: returnUrl, ...expanded(attempt) },
      { idempotencyKey: attemptKey(attempt.enrollmentId, attempt.chargeId, attempt.attempt) },
    );
    return outcomeOf(confirmed, attempt.paymentMethodType);
  } catch (error) {
    return outcomeOfError(stripe, attempt, tries, error);
  }
}

/**
 * Takes held money, all of it or a part; the rest is released. Stripe captures once: a second call answers with the
 * status as it is then. Safe to repeat under the same key.
 */
export async function capturePaymentIntent(
  stripe: Stripe,
  id: string,
  paymentMethodType: string,
  options: { amountMinor: number | null; idempotencyKey: string },
): Promise<PaymentIntentOutcome> {
  try {
    const captured = await stripe.paymentIntents.capture(
      id,
      options.amountMinor === null ? {} : { amount_to_capture: options.amountMinor },
      { idempotencyKey: options.idempotencyKey },
    );
    return outcomeOf(captured, paymentMethodType);
  } catch (error) {
    if (isUnexpectedState(error)) {
      return readPaymentIntent(stripe, id, paymentMethodType);
    }
    throw failureOf(error, `capturing ${id}`);
  }
}

/**
 * A later attempt without a PaymentIntent follows on one whose answer was never learned: it may have made one, and
 * there must not be two.
 */
async function withEarlierIntent(stripe: Stripe, attempt: Attempt): Promise<Attempt> {
  if (attempt.paymentIntentId !== null || attempt.attempt === 1) {
    return attempt;
  }
  const earlier = await lookUp(stripe, attempt, null);
  return { ...attempt, paymentIntentId: earlier?.id ?? null };
}

async function outcomeOfError(
  stripe: Stripe,
  attempt: Attempt,
  tries: Tries,
  error: unknown,
): Promise<ChargeOutcome> {
  if (isDecline(error)) {
    const declined = error.payment_intent ?? (await lookUp(stripe, attempt, attempt.paymentIntentId));
    if (declined) {
      return {
        ...outcomeOf(declined, attempt.paymentMethodType),
        decline: declineFacts(error, error.payment_method ?? null, attempt.paymentMethodType),
      };
    }
  }
  if (isUnexpectedState(error) && error.payment_intent) {
    return outcomeOf(error.payment_intent, attempt.paymentMethodType);
  }
  if (isUnusablePaymentMethod(error) || (isUnexplained(error) && (await isDetached(stripe, attempt)))) {
    return withoutUsableMethod(stripe, attempt, 'payment_method_unusable');
  }
  if (isServerError(error) && tries.number >= LOOK_AFTER_SERVER_ERRORS) {
    const found = await lookUp(stripe, attempt, attempt.paymentIntentId);
    if (found === null) {
      return { kind: 'not_made' };
    }
    return found.status === 'requires_payment_method' && attempt.paymentIntentId !== null
      ? { kind: 'not_made' }
      : outcomeOf(found, attempt.paymentMethodType);
  }
  throw failureOf(error, `confirming attempt ${attempt.attempt} of ${attempt.chargeId}`);
}

/** Stripe says of a detached method only that the request is invalid, so the method itself is looked at. */
async function isDetached(stripe: Stripe, { paymentMethodId }: Attempt): Promise<boolean> {
  try {
    return (await stripe.paymentMethods.retrieve(paymentMethodId)).customer === null;
  } catch (error) {
    throw failureOf(error, `reading ${paymentMethodId}`);
  }
}

/**
 * The method is gone at Stripe, or its card has expired: the charge waits for another one, with a PaymentIntent to
 * confirm then. One is created without a method when there is none, so that every later try stays on the same one.
 */
export async function withoutUsableMethod(
  stripe: Stripe,
  attempt: Attempt,
  code: 'payment_method_unusable' | 'expired_card',
): Promise<ChargeOutcome> {
  const { payment_method: _, confirm: __, off_session: ___, ...unconfirmed } = creation(attempt);
  const intent =
    (await lookUp(stripe, attempt, attempt.paymentIntentId)) ??
    (await stripe.paymentIntents
      .create(unconfirmed, {
        idempotencyKey: operationKey(attempt.enrollmentId, `${attempt.chargeId}/unconfirmed`),
      })
      .catch((error: unknown) => {
        throw failureOf(error, `creating the PaymentIntent of ${attempt.chargeId}`);
      }));
  return {
    ...outcomeOf(intent, attempt.paymentMethodType),
    decline: {
      code,
      declineCode: null,
      adviceCode: 'confirm_card_data',
      networkDeclineCode: null,
      paymentMethodType: attempt.paymentMethodType,
      network: null,
    },
  };
}

/** Reads a PaymentIntent. @throws ApplicationFailure when Stripe has none of that id. */
export async function readPaymentIntent(
  stripe: Stripe,
  id: string,
  paymentMethodType: string,
): Promise<PaymentIntentOutcome> {
  try {
    return outcomeOf(
      await stripe.paymentIntents.retrieve(id, { expand: ['latest_charge'] }),
      paymentMethodType,
    );
  } catch (error) {
    throw failureOf(error, `reading ${id}`);
  }
}

/**
 * The PaymentIntent of a charge, by its id or, when that was never learned, among its Customer's PaymentIntents by
 * `metadata.charge_id`. Null means that Stripe has none.
 */
export async function lookUp(
  stripe: Stripe,
  charge: { chargeId: string; stripeCustomerId: string },
  paymentIntentId: string | null,
): Promise<Stripe.PaymentIntent | null> {
  try {
    if (paymentIntentId !== null) {
      return await stripe.paymentIntents.retrieve(paymentIntentId);
    }
    for await (const intent of stripe.paymentIntents.list({
      customer: charge.stripeCustomerId,
      limit: 100,
    })) {
      if (intent.metadata.charge_id === charge.chargeId) {
        return intent;
      }
    }
    return null;
  } catch (error) {
    throw failureOf(error, `looking up the PaymentIntent of ${charge.chargeId}`);
  }
}

/**
 * Cancels a PaymentIntent. A refusal is not an error: the outcome then shows the status that forbids it. Safe to
 * call twice.
 */
export async function cancelPaymentIntent(
  stripe: Stripe,
  id: string,
  paymentMethodType: string,
  options: { reason: 'requested_by_customer' | 'abandoned'; idempotencyKey: string },
): Promise<PaymentIntentOutcome> {
  try {
    const canceled = await stripe.paymentIntents.cancel(
      id,
      { cancellation_reason: options.reason },
      { idempotencyKey: options.idempotencyKey },
    );
    return { ...outcomeOf(canceled, paymentMethodType), decline: null };
  } catch (error) {
    if (isUnexpectedState(error)) {
      return readPaymentIntent(stripe, id, paymentMethodType);
    }
    throw failureOf(error, `canceling ${id}`);
  }
}

/** What a PaymentIntent says about its charge. A failed try is told by `last_payment_error`. */
export function outcomeOf(intent: Stripe.PaymentIntent, paymentMethodType: string): PaymentIntentOutcome {
  const status = readPaymentIntentStatus(intent.status);
  if (status === 'unknown') {
    throw ApplicationFailure.create({
      type: DEFECTS.BooksDisagree,
      message: `${intent.id} has status '${intent.status}', which this version does not know`,
      nonRetryable: true,
    });
  }
  const failed = status === 'requires_payment_method' ? intent.last_payment_error : null;
  return {
    kind: 'payment_intent',
    paymentIntentId: intent.id,
    status,
    amountReceivedMinor: intent.amount_received,
    stripeChargeId:
      typeof intent.latest_charge === 'string' ? intent.latest_charge : (intent.latest_charge?.id ?? null),
    decline: failed ? declineFacts(failed, failed.payment_method ?? null, paymentMethodType) : null,
    hold: status === 'requires_capture' ? holdOf(intent) : null,
    redirectUrl: intent.next_action?.redirect_to_url?.url ?? null,
    lapsed: status === 'canceled' && LAPSED.includes(intent.cancellation_reason ?? ''),
  };
}

/** `cancellation_reason`s of Stripe's own doing, when nobody captured in time or after too many confirmations. */
const LAPSED = ['automatic', 'expired'];

/** Stripe names the last instant to capture on the Charge, which is there when it was expanded. */
function holdOf(intent: Stripe.PaymentIntent): PaymentIntentOutcome['hold'] {
  const charge = typeof intent.latest_charge === 'string' ? null : intent.latest_charge;
  return {
    capturableMinor: intent.amount_capturable,
    captureBeforeEpochS: charge?.payment_method_details?.card?.capture_before ?? null,
  };
}

interface SaidByStripe {
  code?: string | null;
  decline_code?: string | null;
  advice_code?: string | null;
  network_decline_code?: string | null;
  network_advice_code?: string | null;
}

function declineFacts(
  said: SaidByStripe,
  method: Stripe.PaymentMethod | null,
  paymentMethodType: string,
): DeclineFacts {
  return {
    code: said.code ?? null,
    declineCode: said.decline_code ?? null,
    adviceCode: said.advice_code ?? null,
    networkDeclineCode: said.network_decline_code ?? null,
    networkAdviceCode: said.network_advice_code ?? null,
    paymentMethodType: method?.type ?? paymentMethodType,
    network: method?.card?.brand ?? null,
  };
}

function creation(attempt: Attempt): Stripe.PaymentIntentCreateParams {
  return {
    amount: attempt.amountMinor,
    currency: attempt.currency,
    customer: attempt.stripeCustomerId,
    ...confirmation(attempt),
    confirm: true,
    capture_method: attempt.captureMethod === 'manual' ? 'manual' : 'automatic_async',
    metadata: { enrollment_id: attempt.enrollmentId, charge_id: attempt.chargeId },
    ...(attempt.description === null ? {} : { description: attempt.description }),
  };
}

function confirmation(attempt: Attempt) {
  return {
    payment_method: attempt.paymentMethodId,
    off_session: true,
    allowed_payment_method_types: [attempt.paymentMethodType],
  } satisfies Stripe.PaymentIntentConfirmParams;
}

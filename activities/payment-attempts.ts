/**
 * Attempts: create a charge's PaymentIntent and confirm it, or confirm the one there is. Called by the charge Activities;
 * answers with outcomes and throws only faults and defects. Never creates a second PaymentIntent for a charge.
 */
import type { Stripe } from 'stripe';
import type { ChargeOutcome } from '../domain/charge-outcome.ts';
import { attemptKey, operationKey } from '../domain/ids.ts';
import { idOf } from './checkout-sessions.ts';
import { defect } from './defect.ts';
import { freshKeyOf } from './fresh-key.ts';
import { declineFacts, outcomeOf } from './payment-intent-outcome.ts';
import { lookUp } from './payment-intents.ts';
import {
  failureOf,
  isDecline,
  isMissing,
  isMissingCustomer,
  isServerError,
  isStoredServerError,
  isUnexpectedState,
  isUnexplained,
  type UnusableMethod,
  unusableMethod,
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
  /** Present where the PaymentIntent must name it. */
  mandateId?: string;
  /** Null before the first answer: then a PaymentIntent is created. */
  paymentIntentId: string | null;
  /** The same attempt may have been made before and forgotten, longer ago than Stripe keeps its key. */
  mayBeMade?: boolean;
}

/**
 * Stripe does not have the Customer, so nothing was made. Whoever catches it puts another one in its place, or throws the
 * failure; thrown on by itself it would be retried for ever.
 */
export class CustomerMissing extends Error {
  override readonly name = 'CustomerMissing';
  readonly failure: unknown;

  constructor(failure: unknown) {
    super('Stripe does not have the Customer', { cause: failure });
    this.failure = failure;
  }
}

/** How often this try was made, and since when: decides whether Stripe may have forgotten the key. */
export interface Tries {
  /** 1 for the first. */
  number: number;
  sinceFirstMs: number;
}

/** Stripe keeps a key for 24 hours at least; past 23 nothing is repeated without a look. */
export const TRUST_KEY_FOR_MS = 23 * 3_600_000;
/** `status` of a PaymentIntent that has taken no money and waits to be confirmed. */
const CONFIRMABLE: Stripe.PaymentIntent.Status[] = ['requires_payment_method', 'requires_confirmation'];
/** …or is awaited from the customer, who may not answer for this method any more. */
const WANTS_A_METHOD: Stripe.PaymentIntent.Status[] = [...CONFIRMABLE, 'requires_action'];
/** A server error may go on for as long as the key lives, so from this try on the PaymentIntent is looked up. */
const LOOK_AFTER_TRIES = 3;

/**
 * One attempt: creates and confirms the charge's PaymentIntent, or confirms the one it has, off-session. Safe to
 * repeat: within 23 hours the key makes Stripe repeat its answer, later the PaymentIntent is looked up first.
 * @throws ApplicationFailure faults (retried under the same key) and defects (not retried)
 * @throws CustomerMissing when the PaymentIntent could not be created for want of its Customer
 */
export async function confirmOffSession(
  stripe: Stripe,
  asked: Attempt,
  tries: Tries,
): Promise<ChargeOutcome> {
  const earlier = await earlierIntent(stripe, asked);
  if (earlier !== null && (!CONFIRMABLE.includes(earlier.status) || isItsDecline(earlier, asked))) {
    return outcomeOf(earlier, asked.paymentMethodType);
  }
  const attempt = earlier === null ? asked : { ...asked, paymentIntentId: earlier.id };
  if (tries.number > 1 && tries.sinceFirstMs > TRUST_KEY_FOR_MS) {
    const found = await lookUp(stripe, attempt, attempt.paymentIntentId);
    // What stands in requires_payment_method has taken no money: confirming it again can succeed only once.
    if (found !== null && (found.status !== 'requires_payment_method' || attempt.paymentIntentId === null)) {
      return outcomeOf(found, attempt.paymentMethodType);
    }
  }
  const key = attemptKey(attempt.enrollmentId, attempt.chargeId, attempt.attempt);
  try {
    const confirmed =
      attempt.paymentIntentId === null
        ? await stripe.paymentIntents.create(
            { ...creation(attempt), ...expanded(attempt) },
            { idempotencyKey: key },
          )
        : await stripe.paymentIntents.confirm(
            attempt.paymentIntentId,
            { ...confirmation(attempt), ...expanded(attempt) },
            // The attempt's key may be that of the creation whose answer was lost, and Stripe takes a key for one request.
            { idempotencyKey: earlier === null ? key : `${key}/confirm` },
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
 * A later attempt without a PaymentIntent follows on one whose answer was never learned: that one may have made it, or
 * an earlier try of this one, and there must not be two. Null for a first attempt, whose key finds it, unless it may have
 * been made before.
 */
async function earlierIntent(stripe: Stripe, attempt: Attempt): Promise<Stripe.PaymentIntent | null> {
  const isKnown = attempt.paymentIntentId !== null || (attempt.attempt === 1 && !attempt.mayBeMade);
  return isKnown ? null : await lookUp(stripe, attempt, null);
}

/** A first attempt that was declined has its answer. */
function isItsDecline({ last_payment_error: error }: Stripe.PaymentIntent, { attempt }: Attempt): boolean {
  return attempt === 1 && error !== null;
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
    // Until when money is held stands on the Charge, which an error does not bring along.
    const held = error.payment_intent.status === 'requires_capture';
    const intent = held ? await lookUp(stripe, attempt, error.payment_intent.id) : null;
    return outcomeOf(intent ?? error.payment_intent, attempt.paymentMethodType);
  }
  if (attempt.paymentIntentId === null && isMissingCustomer(error)) {
    throw new CustomerMissing(failureOf(error, `creating the PaymentIntent of ${attempt.chargeId}`));
  }
  const unusable = unusableMethod(error);
  if (unusable !== null && (await isOfAnotherCustomer(stripe, attempt))) {
    throw defect(
      'BooksDisagree',
      `${attempt.paymentIntentId} is of another Customer than ${attempt.paymentMethodId}, and stays so: ` +
        `its own was deleted at Stripe, say. Ask for the amount by another charge, then cancel ${attempt.chargeId}`,
    );
  }
  if (unusable !== null) {
    return withoutUsableMethod(stripe, attempt, unusable, tries);
  }
  if (isUnexplained(error) && (await isDetached(stripe, attempt))) {
    return withoutUsableMethod(stripe, attempt, 'payment_method_unusable', tries);
  }
  const outcome = isServerError(error) ? await afterServerError(stripe, attempt, tries, error) : null;
  if (outcome !== null) {
    return outcome;
  }
  throw failureOf(error, `confirming attempt ${attempt.attempt} of ${attempt.chargeId}`);
}

/**
 * What a look shows after a server error. A creation that is not to be found may be under way still: only Stripe's stored
 * copy of its answer says that it has ended. Another confirmation of the same PaymentIntent can take the money only once.
 * @returns null when the same key is to be tried again
 */
async function afterServerError(
  stripe: Stripe,
  attempt: Attempt,
  tries: Tries,
  error: unknown,
): Promise<ChargeOutcome | null> {
  const hasEnded = isStoredServerError(error);
  if (!hasEnded && tries.number < LOOK_AFTER_TRIES) {
    return null;
  }
  const found = await lookUp(stripe, attempt, attempt.paymentIntentId);
  if (found === null) {
    return hasEnded ? { kind: 'not_made' } : null;
  }
  return found.status === 'requires_payment_method' && attempt.paymentIntentId !== null
    ? { kind: 'not_made' }
    : outcomeOf(found, attempt.paymentMethodType);
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
 * A PaymentIntent keeps its Customer. The method of the one that has taken the place of a deleted Customer is good, and no
 * other method would be better: nobody is to be asked for one.
 */
async function isOfAnotherCustomer(
  stripe: Stripe,
  { paymentIntentId, paymentMethodId, stripeCustomerId, chargeId }: Attempt,
): Promise<boolean> {
  const intent = paymentIntentId && (await lookUp(stripe, { chargeId, stripeCustomerId }, paymentIntentId));
  if (!intent || idOf(intent.customer) === stripeCustomerId) {
    return false;
  }
  try {
    const owner = idOf((await stripe.paymentMethods.retrieve(paymentMethodId)).customer);
    return owner !== null && owner !== idOf(intent.customer);
  } catch (error) {
    if (isMissing(error)) {
      return false;
    }
    throw failureOf(error, `reading ${paymentMethodId}`);
  }
}

/**
 * The method is gone at Stripe, its mandate has ended, or its card has expired: the charge waits for another one, with a
 * PaymentIntent to confirm then. One is created without a method when there is none, so that every later try stays on the
 * same one.
 * @throws CustomerMissing when there is none and its Customer is gone
 */
export async function withoutUsableMethod(
  stripe: Stripe,
  attempt: Attempt,
  code: UnusableMethod | 'expired_card',
  tries: Tries,
): Promise<ChargeOutcome> {
  const {
    payment_method: _,
    confirm: __,
    off_session: ___,
    mandate: ____,
    ...unconfirmed
  } = creation(attempt);
  const intent =
    (await lookUp(stripe, attempt, attempt.paymentIntentId)) ??
    (await stripe.paymentIntents
      .create(unconfirmed, {
        // It takes no money, and was looked for a moment ago: a stored 500 need not hold it up.
        // Stripe may have stored its refusal of a Customer that is gone: each has a key of its own.
        idempotencyKey: freshKeyOf(
          operationKey(attempt.enrollmentId, `${attempt.chargeId}/unconfirmed-${attempt.stripeCustomerId}`),
          tries.number,
        ),
      })
      .catch((error: unknown) => {
        const failure = failureOf(error, `creating the PaymentIntent of ${attempt.chargeId}`);
        throw isMissingCustomer(error) ? new CustomerMissing(failure) : failure;
      }));
  const outcome = outcomeOf(intent, attempt.paymentMethodType);
  if (!WANTS_A_METHOD.includes(intent.status)) {
    // It was paid, is under way or over meanwhile: that counts, and no method is asked for.
    return outcome;
  }
  return {
    ...outcome,
    decline: {
      code,
      declineCode: null,
      // Our own word on what no code of Stripe's names.
      adviceCode: code === 'payment_method_unusable' || code === 'expired_card' ? 'confirm_card_data' : null,
      networkDeclineCode: null,
      paymentMethodType: attempt.paymentMethodType,
      network: null,
    },
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
    ...(attempt.mandateId === undefined ? {} : { mandate: attempt.mandateId }),
  } satisfies Stripe.PaymentIntentConfirmParams;
}

/**
 * PaymentIntents that there are already: read, find, capture, cancel. Called by the charge Activities; answers with
 * outcomes and throws only faults and defects. Never confirms one: attempts are in payment-attempts.ts.
 */
import type { Stripe } from 'stripe';
import type { PaymentIntentOutcome } from '../domain/charge-outcome.ts';
import { outcomeOf } from './payment-intent-outcome.ts';
import { failureOf, isHeldNoMore, isUnexpectedState, refusedCapture } from './stripe-errors.ts';

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
 * `metadata.charge_id`. Null means that Stripe has none. With its Charge, which says until when money is held.
 */
export async function lookUp(
  stripe: Stripe,
  charge: { chargeId: string; stripeCustomerId: string },
  paymentIntentId: string | null,
): Promise<Stripe.PaymentIntent | null> {
  try {
    if (paymentIntentId !== null) {
      return await stripe.paymentIntents.retrieve(paymentIntentId, { expand: ['latest_charge'] });
    }
    for await (const intent of stripe.paymentIntents.list({
      customer: charge.stripeCustomerId,
      limit: 100,
      expand: ['data.latest_charge'],
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

/**
 * Takes held money, all of it or a part; the rest is released. Stripe captures once: a second call answers with the
 * status as it is then, and so does one after the hold has run out. Safe to repeat under the same key.
 * @returns with `refused`, Stripe's code, when it refuses the amount: the money is held as before
 */
export async function capturePaymentIntent(
  stripe: Stripe,
  id: string,
  paymentMethodType: string,
  options: { amountMinor: number | null; idempotencyKey: string },
): Promise<{ outcome: PaymentIntentOutcome; refused: string | null }> {
  try {
    const captured = await stripe.paymentIntents.capture(
      id,
      options.amountMinor === null ? {} : { amount_to_capture: options.amountMinor },
      { idempotencyKey: options.idempotencyKey },
    );
    return { outcome: outcomeOf(captured, paymentMethodType), refused: null };
  } catch (error) {
    const refused = refusedCapture(error);
    if (refused !== null || isUnexpectedState(error) || isHeldNoMore(error)) {
      return { outcome: await readPaymentIntent(stripe, id, paymentMethodType), refused };
    }
    throw failureOf(error, `capturing ${id}`);
  }
}

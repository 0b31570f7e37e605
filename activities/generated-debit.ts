/**
 * The reusable method behind a Checkout that was completed with iDEAL, Bancontact or Sofort: a small payment proves the
 * account, and Stripe makes a SEPA debit method of it. Called by the Activity that saves the method; writes no row.
 */
import type { Stripe } from 'stripe';
import { patientFailureOf } from './stripe-errors.ts';

/** A payment method and the mandate that it is debited under. */
export interface MandatedMethod {
  method: Stripe.PaymentMethod;
  mandate: Stripe.SetupIntent['mandate'];
}

/** Stripe's `type`s that are used up by their set-up. */
const PROVEN_BY_PAYMENT = ['ideal', 'bancontact', 'sofort'] as const;

/**
 * What is to be saved of a SetupIntent that succeeded: its method, or the SEPA debit that was made of it, which costs one
 * more call to Stripe.
 * @param setupIntent with its payment method
 * @returns null while Stripe has not made the SEPA debit yet: to be read again
 * @throws faults, retried; a refused key is waited out
 */
export async function savedBy(
  stripe: Stripe,
  setupIntent: Stripe.SetupIntent & { payment_method: Stripe.PaymentMethod },
): Promise<MandatedMethod | null> {
  const { payment_method: method, mandate, id } = setupIntent;
  const type = PROVEN_BY_PAYMENT.find((proven) => proven === method.type);
  if (type === undefined) {
    return { method, mandate };
  }
  const attempt = await attemptOf(stripe, id, type);
  const made = attempt?.payment_method_details[type];
  const debit = made?.generated_sepa_debit ?? null;
  return debit === null || typeof debit === 'string'
    ? null
    : { method: debit, mandate: made?.generated_sepa_debit_mandate ?? null };
}

async function attemptOf(stripe: Stripe, id: string, type: string): Promise<Stripe.SetupAttempt | null> {
  const expand = [`latest_attempt.payment_method_details.${type}.generated_sepa_debit`];
  try {
    const { latest_attempt: attempt } = await stripe.setupIntents.retrieve(id, { expand });
    return typeof attempt === 'string' ? null : attempt;
  } catch (error) {
    throw patientFailureOf(error, `reading the SEPA debit of ${id}`);
  }
}

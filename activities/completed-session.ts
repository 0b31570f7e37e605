/**
 * Whether a complete Checkout Session is to be used, and whose its payment method is. Called by the Activity that saves
 * the method. Believes nothing but what was read from Stripe; writes no row.
 */
import { Stripe } from 'stripe';
import { operationKey } from '../domain/ids.ts';
import { isBeingVerified, refuseSetupIntent } from '../domain/setup-intent.ts';
import { idOf } from './checkout-sessions.ts';
import { stripeCustomerFromCheckout } from './customers.ts';
import type { ActivityDeps } from './deps.ts';
import { freshKey } from './fresh-key.ts';
import type { SavePaymentMethodWork } from './payment-methods.ts';
import { isDecline, patientFailureOf } from './stripe-errors.ts';

export type SessionProblem =
  /** Not to be used: of another enrollment, mode or Customer, or its SetupIntent has failed. */
  | { kind: 'refused'; reason: string }
  /** The bank account is still being proven. */
  | { kind: 'pending'; reason: string };

/** @returns null when a complete session may be used */
export function problemOfSession(
  deps: ActivityDeps,
  session: Stripe.Checkout.Session,
  work: SavePaymentMethodWork,
): SessionProblem | null {
  const refused = (reason: string) => ({ kind: 'refused', reason }) as const;
  const setupIntent = session.setup_intent;
  if (session.livemode !== deps.livemode) {
    return refused(`the session is of ${session.livemode ? 'live' : 'test'} mode`);
  }
  if (session.mode !== 'setup' || setupIntent === null || typeof setupIntent === 'string') {
    return refused(`the session has no SetupIntent; its mode is '${session.mode}'`);
  }
  const named = session.metadata?.enrollment_id ?? session.client_reference_id;
  if (named !== work.enrollmentId) {
    return refused('the session belongs to another enrollment');
  }
  const problem = refuseSetupIntent(
    {
      id: setupIntent.id,
      status: setupIntent.status,
      livemode: setupIntent.livemode,
      customerId: idOf(setupIntent.customer),
      paymentMethodId: idOf(setupIntent.payment_method),
      enrollmentId: setupIntent.metadata?.enrollment_id ?? null,
    },
    // A customer who came without a Stripe Customer has none on the session either.
    {
      livemode: deps.livemode,
      enrollmentId: work.enrollmentId,
      customerId: work.stripeCustomerId ?? (idOf(session.customer) || null),
    },
  );
  if (problem?.code === 'setup_intent_not_succeeded' && isBeingVerified(setupIntent.status)) {
    return { kind: 'pending', reason: `${setupIntent.id} is ${setupIntent.status}` };
  }
  return problem && refused(problem.message);
}

/**
 * The Stripe Customer that the method belongs to, attached to it here when it was to none. Safe to call twice.
 * @throws faults, retried
 */
export async function ownerOf(
  deps: ActivityDeps,
  work: SavePaymentMethodWork,
  session: Stripe.Checkout.Session,
  method: Stripe.PaymentMethod,
): Promise<{ kind: 'customer'; id: string } | { kind: 'refused'; reason: string }> {
  // An older event or session may say '' where there is no Customer.
  const ofSession = idOf(session.customer) || null;
  const ofMethod = idOf(method.customer);
  try {
    const expected =
      work.stripeCustomerId ??
      ofSession ??
      (await stripeCustomerFromCheckout(deps, work.customerId, session.customer_details));
    if ((ofSession ?? expected) !== expected || (ofMethod ?? expected) !== expected) {
      return { kind: 'refused', reason: 'the payment method belongs to another Customer' };
    }
    if (ofMethod === null) {
      const asked = { customer: expected };
      const idempotencyKey = freshKey(operationKey(work.enrollmentId, `attach-${method.id}`), asked);
      await deps.stripe.paymentMethods.attach(method.id, asked, { idempotencyKey });
    }
    return { kind: 'customer', id: expected };
  } catch (error) {
    if (isDecline(error) || (error instanceof Stripe.errors.StripeInvalidRequestError && ofMethod === null)) {
      return {
        kind: 'refused',
        reason: `Stripe refused to attach the payment method: ${error.code ?? 'no code'}`,
      };
    }
    throw patientFailureOf(error, `attaching ${method.id}`);
  }
}

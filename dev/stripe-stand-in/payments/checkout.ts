// What a Checkout Session does: the customer submits a method, it completes, or it expires.
// Called by the hosted page, the challenge page, the API's expire and the clock.

import type Stripe from 'stripe';
import { customerDetails } from '../objects/session.ts';
import { addCustomer } from '../resources/customers.ts';
import { emit, type Turn } from '../turn.ts';
import { attemptSetup } from './attempt-setup.ts';
import { stopSetup } from './cancel.ts';
import { attachTo } from './save-method.ts';

export interface Submission {
  paymentMethod: Stripe.PaymentMethod;
  name: string | null;
  email: string | null;
  phone: string | null;
  acceptedTerms: boolean;
  wantsPromotions: boolean | null;
}

export type SubmitResult =
  | { kind: 'completed' }
  | { kind: 'challenge'; url: string }
  | { kind: 'declined'; code: string; declineCode: string | null }
  /** Somebody was faster, or the time was over. */
  | { kind: 'closed' };

/** Safe to call twice: only an open session takes a submission. */
export function submitSession(
  turn: Turn,
  session: Stripe.Checkout.Session,
  submission: Submission,
): SubmitResult {
  const { world } = turn;
  if (session.status !== 'open') return { kind: 'closed' };
  const intent = setupIntentOf(turn, session);
  const notes = { id: session.id, name: submission.name, email: submission.email, phone: submission.phone };
  const known = world.sessionNotes.get(session.id);
  if (known === undefined) world.sessionNotes.insert(notes);
  else world.sessionNotes.update(known, notes);
  world.sessions.update(session, {
    consent: consentOf(session, submission),
  });
  const failure = attemptSetup(turn, intent, {
    paymentMethod: submission.paymentMethod,
    returnUrl: `${turn.baseUrl}/c/pay/${session.id}`,
    session: session.id,
    authenticated: false,
  });
  if (failure !== null) {
    const { code = 'card_declined', decline_code: declineCode = null } = failure.body;
    return { kind: 'declined', code, declineCode };
  }
  if (intent.next_action?.redirect_to_url?.url) {
    return { kind: 'challenge', url: intent.next_action.redirect_to_url.url };
  }
  completeSession(turn, session);
  return { kind: 'completed' };
}

function consentOf(
  session: Stripe.Checkout.Session,
  submission: Submission,
): Stripe.Checkout.Session.Consent | null {
  const asked = session.consent_collection;
  if (asked === null) return null;
  return {
    promotions: asked.promotions === 'auto' ? (submission.wantsPromotions ? 'opt_in' : 'opt_out') : null,
    terms_of_service: asked.terms_of_service === 'required' && submission.acceptedTerms ? 'accepted' : null,
  };
}

/** The SetupIntent succeeded: the session is complete. */
export function completeSession(turn: Turn, session: Stripe.Checkout.Session): void {
  const { world } = turn;
  const intent = setupIntentOf(turn, session);
  const notes = world.sessionNotes.get(session.id);
  const method =
    typeof intent.payment_method === 'string' ? world.paymentMethods.get(intent.payment_method) : undefined;
  const email = session.customer_details?.email ?? session.customer_email ?? notes?.email ?? null;
  let customer = session.customer;
  if (customer === null && session.customer_creation === 'always') {
    const made = addCustomer(turn, { email, name: notes?.name ?? null, phone: notes?.phone ?? null });
    customer = made.id;
    world.setupIntents.update(intent, { customer });
    // An iDEAL method is used up; what was made of it is nobody's until somebody attaches it.
    if (method !== undefined && method.type !== 'ideal') attachTo(turn, method, made.id);
  }
  world.timers.cancel('expire_session', session.id);
  world.sessions.update(session, {
    status: 'complete',
    url: null,
    customer,
    customer_details: {
      ...customerDetails(email, notes?.name ?? method?.billing_details.name ?? null),
      phone: notes?.phone ?? null,
    },
  });
  emit(turn, 'checkout.session.completed', session);
}

/** By the API or by time. The SetupIntent is canceled with it, as the settings say. */
export function expireSession(turn: Turn, session: Stripe.Checkout.Session): void {
  const { world } = turn;
  if (session.status !== 'open') return;
  world.timers.cancel('expire_session', session.id);
  world.sessions.update(session, { status: 'expired', url: null });
  const intent = setupIntentOf(turn, session);
  if (world.settings.expiredSessionReason !== null && intent.status !== 'succeeded') {
    stopSetup(turn, intent, world.settings.expiredSessionReason);
  }
  emit(turn, 'checkout.session.expired', session);
}

export function setupIntentOf(turn: Turn, session: Stripe.Checkout.Session): Stripe.SetupIntent {
  const intent =
    typeof session.setup_intent === 'string' ? turn.world.setupIntents.get(session.setup_intent) : undefined;
  if (intent === undefined) throw new Error(`${session.id} has no SetupIntent`);
  return intent;
}

/** Where the customer goes after the page, with the session's id filled in. */
export function successAddress(session: Stripe.Checkout.Session): string | null {
  const address = session.success_url ?? session.return_url ?? null;
  return address?.replaceAll('{CHECKOUT_SESSION_ID}', session.id) ?? null;
}

export function cancelAddress(session: Stripe.Checkout.Session): string | null {
  return session.cancel_url?.replaceAll('{CHECKOUT_SESSION_ID}', session.id) ?? null;
}

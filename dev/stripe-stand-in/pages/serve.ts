// Requests for the customer's pages: /c/pay/<session> and /3ds/<challenge>. Called by http/server.ts.

import type Stripe from 'stripe';
import { decodeForm, type Form } from '../http/form.ts';
import { answerChallenge } from '../payments/challenge.ts';
import {
  cancelAddress,
  completeSession,
  setupIntentOf,
  submitSession,
  successAddress,
} from '../payments/checkout.ts';
import { addCardMethod, readTypedCard } from '../resources/add-method.ts';
import type { StandIn } from '../state.ts';
import type { World } from '../store/world.ts';
import type { Turn } from '../turn.ts';
import { type CheckoutView, checkoutPage, type FieldName, type Typed } from './checkout-form.ts';
import type { Html } from './html.ts';
import { challengePage, notice } from './notices.ts';
import { type Language, languageOf, wordsOf } from './words.ts';

export interface PageRequest {
  method: string;
  path: string;
  body: string;
  acceptLanguage: string | undefined;
  baseUrl: string;
}

export type PageAnswer = { status: number; html: Html } | { redirect: string };

/** @returns null when the path is not one of the customer's pages */
export function answerPage(standIn: StandIn, request: PageRequest): PageAnswer | null {
  const [, first = '', second = '', third = ''] = request.path.split('/');
  if (first === 'c' && second === 'pay') return standIn.db.turn(() => checkout(standIn, request, third));
  if (first === '3ds') return standIn.db.turn(() => challenge(standIn, request, second));
  return null;
}

function turnFor(world: World, request: PageRequest): Turn {
  return { world, cause: null, baseUrl: request.baseUrl };
}

function checkout(standIn: StandIn, request: PageRequest, id: string): PageAnswer {
  const world = standIn.worlds[id.startsWith('cs_live_') ? 'live' : 'test'];
  const session = world.sessions.get(id);
  const language = languageOf(session?.locale ?? null, request.acceptLanguage);
  const words = wordsOf(language);
  if (session === undefined || session.ui_mode !== 'hosted_page') {
    return { status: 404, html: notice(language, words.missingTitle, [words.missingText]) };
  }
  if (session.status !== 'open') return closed(session, language);
  const turn = turnFor(world, request);
  if (request.method === 'POST') return submit(turn, session, language, readTyped(decodeForm(request.body)));
  const error = setupIntentOf(turn, session).last_setup_error;
  const alert = error === null ? null : declineWords(language, error.code, error.decline_code);
  return show(session, language, { typed: EMPTY, faults: {}, alert }, 200);
}

function closed(session: Stripe.Checkout.Session, language: Language): PageAnswer {
  const words = wordsOf(language);
  if (session.status === 'complete') {
    const href = successAddress(session);
    const link = href === null ? null : { href, label: words.goOn };
    return { status: 200, html: notice(language, words.completeTitle, [words.completeText], link) };
  }
  const href = cancelAddress(session);
  const link = href === null ? null : { href, label: words.back };
  return {
    status: 410,
    html: notice(language, words.expiredTitle, [words.expiredText, words.expiredHint], link),
  };
}

function show(
  session: Stripe.Checkout.Session,
  language: Language,
  state: Pick<CheckoutView, 'typed' | 'faults' | 'alert'>,
  status: number,
): PageAnswer {
  return { status, html: checkoutPage({ language, session, cancelUrl: cancelAddress(session), ...state }) };
}

const EMPTY: Typed = {
  method: 'card',
  email: '',
  cardNumber: '',
  cardExpiry: '',
  cardCvc: '',
  billingName: '',
  iban: '',
  routingNumber: '',
  accountNumber: '',
  terms: false,
  promotions: false,
};

function readTyped(form: Form): Typed {
  const text = (name: string) => {
    const value = form[name];
    return typeof value === 'string' ? value.trim() : '';
  };
  return {
    method: text('paymentMethod') || 'card',
    email: text('email'),
    cardNumber: text('cardNumber'),
    cardExpiry: text('cardExpiry'),
    cardCvc: text('cardCvc'),
    billingName: text('billingName'),
    iban: text('iban'),
    routingNumber: text('routingNumber'),
    accountNumber: text('accountNumber'),
    terms: text('termsOfServiceConsentCheckbox') !== '',
    promotions: text('enablePromotions') !== '',
  };
}

function submit(turn: Turn, session: Stripe.Checkout.Session, language: Language, typed: Typed): PageAnswer {
  const words = wordsOf(language);
  const faults: Partial<Record<FieldName, string>> = {};
  const knownEmail = session.customer_details?.email ?? null;
  if (knownEmail === null && !/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(typed.email))
    faults.email = words.faults.email;
  if (typed.billingName === '') faults.billingName = words.faults.name;
  if (session.consent_collection?.terms_of_service === 'required' && !typed.terms) {
    faults.termsOfServiceConsentCheckbox = words.faults.terms;
  }
  const expiry = /^(\d{1,2})\s*\/?\s*(\d{2}|\d{4})$/.exec(typed.cardExpiry);
  if (expiry === null) faults.cardExpiry = words.faults.expiry;
  if (!/^\d{3,4}$/.test(typed.cardCvc)) faults.cardCvc = words.faults.cvc;
  const card = readTypedCard(turn, {
    number: typed.cardNumber,
    expMonth: Number(expiry?.[1] ?? 12),
    expYear: Number(expiry?.[2] ?? 99) % 100,
    cvc: typed.cardCvc === '' ? null : typed.cardCvc,
  });
  let alert: string | null = null;
  if ('decline' in card) {
    const { code, declineCode } = card.decline;
    if (code === 'incorrect_number') faults.cardNumber = words.faults.number;
    else if (code.startsWith('invalid_expiry')) faults.cardExpiry ??= words.faults.expired;
    else if (code === 'invalid_cvc') faults.cardCvc ??= words.faults.cvc;
    else
      alert =
        declineCode === 'test_mode_live_card'
          ? card.decline.message
          : declineWords(language, code, declineCode);
  }
  if ('decline' in card || Object.keys(faults).length > 0) {
    return show(session, language, { typed, faults, alert }, 422);
  }
  const billing = { name: typed.billingName, email: knownEmail ?? typed.email };
  const result = submitSession(turn, session, {
    paymentMethod: addCardMethod(turn, card, billing, {}),
    name: typed.billingName,
    email: knownEmail ?? typed.email,
    acceptedTerms: typed.terms,
    wantsPromotions: typed.promotions,
  });
  switch (result.kind) {
    case 'completed':
      return afterCompletion(session);
    case 'challenge':
      return { redirect: result.url };
    case 'declined': {
      const text = declineWords(language, result.code, result.declineCode);
      return show(session, language, { typed, faults, alert: text }, 402);
    }
    case 'closed':
      return closed(session, language);
  }
}

function afterCompletion(session: Stripe.Checkout.Session): PageAnswer {
  return { redirect: successAddress(session) ?? `/c/pay/${session.id}` };
}

/** What a customer may know of a decline: never that a card is reported lost, stolen or suspected of fraud. */
function declineWords(
  language: Language,
  code: string | undefined,
  declineCode: string | null | undefined,
): string {
  const words = wordsOf(language);
  if (code?.endsWith('authentication_failure')) return words.notAuthenticated;
  switch (declineCode ?? code) {
    case 'insufficient_funds':
      return words.insufficientFunds;
    case 'expired_card':
      return words.expiredCard;
    case 'incorrect_cvc':
      return words.incorrectCvc;
    case 'processing_error':
      return words.processingError;
    default:
      return words.declined;
  }
}

function challenge(standIn: StandIn, request: PageRequest, id: string): PageAnswer {
  const language = languageOf(null, request.acceptLanguage);
  const words = wordsOf(language);
  for (const world of [standIn.worlds.test, standIn.worlds.live]) {
    const open = world.challenges.get(id);
    if (open === undefined) continue;
    const turn = turnFor(world, request);
    const intent = world.paymentIntents.get(open.intent) ?? world.setupIntents.get(open.intent);
    const method = world.paymentMethods.get(open.paymentMethod);
    if (intent === undefined || method === undefined) break;
    if (request.method !== 'POST') {
      if (intent.status !== 'requires_action') break;
      return { status: 200, html: challengePage(language, id, intent, method) };
    }
    const answer = decodeForm(request.body).answer === 'complete' ? 'complete' : 'fail';
    const result = answerChallenge(turn, open, answer);
    if (result.kind === 'over') break;
    const session = open.session === null ? undefined : world.sessions.get(open.session);
    if (session !== undefined) {
      if (result.kind === 'failed' || session.status !== 'open') return { redirect: `/c/pay/${session.id}` };
      completeSession(turn, session);
      return afterCompletion(session);
    }
    if (open.returnUrl === null)
      return { status: 200, html: notice(language, words.challengeTitle, [words.challengeDone]) };
    return { redirect: returnAddress(open.returnUrl, result.intent, result.kind) };
  }
  return { status: 410, html: notice(language, words.challengeOver, [words.challengeOverText]) };
}

/** Stripe adds to the return address which intent it was and how it went. */
function returnAddress(
  returnUrl: string,
  intent: Stripe.PaymentIntent | Stripe.SetupIntent,
  status: 'succeeded' | 'failed',
): string {
  const address = new URL(returnUrl);
  address.searchParams.set(intent.object, intent.id);
  address.searchParams.set(`${intent.object}_client_secret`, intent.client_secret ?? '');
  address.searchParams.set('redirect_status', status);
  return address.href;
}

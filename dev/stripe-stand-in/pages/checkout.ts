// Requests for /c/pay/<session>: shows the page, takes what the customer sends, and moves the browser on.

import type Stripe from 'stripe';
import { decodeForm } from '../http/form.ts';
import { cancelAddress, setupIntentOf, submitSession, successAddress } from '../payments/checkout.ts';
import type { StandIn } from '../state.ts';
import type { Turn } from '../turn.ts';
import { type CheckoutView, checkoutPage } from './checkout-form.ts';
import { checkTyped, NOTHING, readTyped, type Typed } from './checkout-input.ts';
import { declineWords } from './decline-words.ts';
import { notice } from './notices.ts';
import type { PageAnswer, PageRequest } from './serve.ts';
import { type Language, languageOf, wordsOf } from './words.ts';

export function checkout(standIn: StandIn, request: PageRequest, id: string): PageAnswer {
  const world = standIn.worlds[id.startsWith('cs_live_') ? 'live' : 'test'];
  const session = world.sessions.get(id);
  const language = languageOf(session?.locale ?? null, request.acceptLanguage);
  const words = wordsOf(language);
  if (session === undefined || session.ui_mode !== 'hosted_page') {
    return { status: 404, html: notice(language, words.missingTitle, [words.missingText]) };
  }
  if (session.status !== 'open') return closed(session, language);
  const turn: Turn = { world, cause: null, baseUrl: request.baseUrl };
  if (request.method === 'POST') return submit(turn, session, language, readTyped(decodeForm(request.body)));
  const error = setupIntentOf(turn, session).last_setup_error;
  const alert = error === null ? null : declineWords(language, error.code, error.decline_code);
  return show(session, language, { typed: NOTHING, faults: {}, alert }, 200);
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
  const texts = [words.expiredText, words.expiredHint];
  return { status: 410, html: notice(language, words.expiredTitle, texts, link) };
}

function show(
  session: Stripe.Checkout.Session,
  language: Language,
  state: Pick<CheckoutView, 'typed' | 'faults' | 'alert'>,
  status: number,
): PageAnswer {
  return { status, html: checkoutPage({ language, session, cancelUrl: cancelAddress(session), ...state }) };
}

function submit(turn: Turn, session: Stripe.Checkout.Session, language: Language, typed: Typed): PageAnswer {
  const checked = checkTyped(turn, session, language, typed);
  if (checked.kind === 'refused') {
    const alert = checked.alert ?? wordsOf(language).checkFields;
    return show(session, language, { typed, faults: checked.faults, alert }, 422);
  }
  const result = submitSession(turn, session, {
    paymentMethod: checked.paymentMethod,
    name: typed.values.billingName,
    email: checked.email,
    phone: typed.values.phoneNumber || null,
    acceptedTerms: typed.values.termsOfServiceConsentCheckbox !== '',
    wantsPromotions: typed.promotions,
  });
  switch (result.kind) {
    case 'completed':
      return afterCompletion(session);
    case 'challenge':
      return { redirect: result.url };
    case 'declined': {
      const alert = declineWords(language, result.code, result.declineCode);
      return show(session, language, { typed, faults: {}, alert }, 402);
    }
    case 'closed':
      return closed(session, language);
  }
}

export function afterCompletion(session: Stripe.Checkout.Session): PageAnswer {
  return { redirect: successAddress(session) ?? `/c/pay/${session.id}` };
}

// Requests for /3ds/<challenge>: the bank's page, where the customer passes or fails, and the way back.

import type Stripe from 'stripe';
import { decodeForm } from '../http/form.ts';
import { answerChallenge } from '../payments/challenge.ts';
import { completeSession } from '../payments/checkout.ts';
import type { StandIn } from '../state.ts';
import type { World } from '../store/world.ts';
import { afterCompletion } from './checkout.ts';
import { challengePage, notice } from './notices.ts';
import type { PageAnswer, PageRequest } from './serve.ts';
import { type Language, languageOf, wordsOf } from './words.ts';

export function challenge(standIn: StandIn, request: PageRequest, id: string): PageAnswer {
  const language = languageOf(null, request.acceptLanguage);
  for (const world of [standIn.worlds.test, standIn.worlds.live]) {
    const answer = challengeIn(world, request, id, language);
    if (answer !== null) return answer;
  }
  const words = wordsOf(language);
  return { status: 410, html: notice(language, words.challengeOver, [words.challengeOverText]) };
}

/** null when the challenge is not of this world, or is over. */
function challengeIn(world: World, request: PageRequest, id: string, language: Language): PageAnswer | null {
  const open = world.challenges.get(id);
  const intent = open && (world.paymentIntents.get(open.intent) ?? world.setupIntents.get(open.intent));
  const method = open && world.paymentMethods.get(open.paymentMethod);
  if (open === undefined || intent === undefined || method === undefined) return null;
  if (request.method !== 'POST') {
    if (intent.status !== 'requires_action') return null;
    return { status: 200, html: challengePage(language, id, intent, method) };
  }
  const turn = { world, cause: null, baseUrl: request.baseUrl };
  const answer = decodeForm(request.body).answer === 'complete' ? 'complete' : 'fail';
  const result = answerChallenge(turn, open, answer);
  if (result.kind === 'over') return null;
  const session = open.session === null ? undefined : world.sessions.get(open.session);
  if (session !== undefined) {
    if (result.kind === 'failed' || session.status !== 'open') return { redirect: `/c/pay/${session.id}` };
    completeSession(turn, session);
    return afterCompletion(session);
  }
  if (open.returnUrl === null) {
    const words = wordsOf(language);
    return { status: 200, html: notice(language, words.challengeTitle, [words.challengeDone]) };
  }
  return { redirect: returnAddress(open.returnUrl, result.intent, result.kind) };
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

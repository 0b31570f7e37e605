// Requests for /microdeposits/<intent>: where a customer tells which deposits arrived.

import { StripeFailure } from '../errors.ts';
import { decodeForm } from '../http/form.ts';
import { verifyIntent } from '../payments/verify.ts';
import type { StandIn } from '../state.ts';
import { microdepositsPage, notice } from './notices.ts';
import type { PageAnswer, PageRequest } from './serve.ts';
import { languageOf, wordsOf } from './words.ts';

export function microdeposits(standIn: StandIn, request: PageRequest, id: string): PageAnswer {
  const language = languageOf(null, request.acceptLanguage);
  const words = wordsOf(language);
  for (const world of [standIn.worlds.test, standIn.worlds.live]) {
    const intent = world.paymentIntents.get(id) ?? world.setupIntents.get(id);
    if (intent?.next_action?.type !== 'verify_with_microdeposits') continue;
    if (request.method !== 'POST') return { status: 200, html: microdepositsPage(language, id, null) };
    const code = decodeForm(request.body).descriptorCode;
    try {
      const turn = { world, cause: null, baseUrl: request.baseUrl };
      verifyIntent(turn, intent, { code: typeof code === 'string' ? code.trim() : '' });
    } catch (error) {
      if (!(error instanceof StripeFailure)) throw error;
      return { status: 422, html: microdepositsPage(language, id, words.microdepositsWrong) };
    }
    return { status: 200, html: notice(language, words.microdepositsTitle, [words.challengeDone]) };
  }
  return { status: 410, html: notice(language, words.challengeOver, [words.challengeOverText]) };
}

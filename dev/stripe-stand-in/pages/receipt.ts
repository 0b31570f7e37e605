// Requests for /receipts/<charge>: the receipt that a charge's `receipt_url` leads to.

import { formatAmount } from '../data/currencies.ts';
import type { StandIn } from '../state.ts';
import { notice } from './notices.ts';
import type { PageAnswer, PageRequest } from './serve.ts';
import { languageOf, wordsOf } from './words.ts';

export function receipt(standIn: StandIn, request: PageRequest, id: string): PageAnswer {
  const language = languageOf(null, request.acceptLanguage);
  const words = wordsOf(language);
  const charge = standIn.worlds.test.charges.get(id) ?? standIn.worlds.live.charges.get(id);
  if (charge?.status !== 'succeeded') {
    return { status: 404, html: notice(language, words.missingTitle, [words.missingText]) };
  }
  const last4 = charge.payment_method_details?.card?.last4;
  const lines = [
    `${words.amount}: ${formatAmount(charge.amount_captured, charge.currency, language)}`,
    ...(last4 ? [`${words.endsIn}: •••• ${last4}`] : []),
    `${words.reference}: ${charge.description ?? charge.id}`,
  ];
  return { status: 200, html: notice(language, words.receiptTitle, lines) };
}

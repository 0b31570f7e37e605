// What a customer may know of a decline: never that a card is reported lost, stolen or suspected of fraud.

import { type Language, wordsOf } from './words.ts';

export function declineWords(
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

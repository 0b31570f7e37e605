/** Whether a card is expired at an instant: asked before a charge, so that nobody is charged in vain. Pure. */

/**
 * A card is good until the last day of its month is over everywhere, twelve hours after it is over in UTC. A
 * network may have sent newer data meanwhile, so this is a reason to ask the customer, never to give up.
 * @param card.expMonth 1 to 12; null for methods that do not expire
 * @param at ISO 8601
 */
export function isExpired(card: { expMonth: number | null; expYear: number | null }, at: string): boolean {
  if (card.expMonth === null || card.expYear === null) {
    return false;
  }
  const overEverywhereMs = Date.UTC(card.expYear, card.expMonth, 1) + 12 * 3_600_000;
  return Date.parse(at) >= overEverywhereMs;
}

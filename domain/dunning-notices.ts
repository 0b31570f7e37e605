/**
 * Which message a customer gets for a decline: one at the first failure, one when the last automatic try is
 * ahead, one whenever it has become their turn, one at the end. Called where the decision is made; pure.
 */
import type { DunningDecision } from './dunning.ts';
import type { NotificationKind } from './notifications.ts';

/**
 * @param earlier.decision what followed on the decline before this one; null at the charge's first decline
 * @param earlier.sameCard false when the declined card was not the one of the decline before
 * @returns null when there is nothing new to tell
 */
export function noticeAfterDecline(
  decision: DunningDecision,
  earlier: { decision: DunningDecision['kind'] | null; sameCard: boolean },
): NotificationKind | null {
  // The customer heard it already if the same card led to the same request before.
  const told = earlier.decision === decision.kind && earlier.sameCard;
  switch (decision.kind) {
    case 'retry':
      // While another method was tried, nobody was told of the first one's decline.
      if (earlier.decision === null || earlier.decision === 'try_other_method') {
        return 'charge_failed';
      }
      return decision.isLast ? 'last_try_ahead' : null;
    case 'ask_customer':
      return told ? null : 'charge_failed';
    case 'authenticate':
      return told ? null : 'authentication_required';
    case 'give_up':
      return 'charge_given_up';
    case 'try_other_method':
    case 'look_first':
      return null;
    default:
      return decision satisfies never;
  }
}

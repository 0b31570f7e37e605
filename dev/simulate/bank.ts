/** How a bank answers another try of a declined charge, in Stripe's codes. A stand-in for chance, used by simulations only. */
import type { DeclineFacts } from '../../domain/declines.ts';
import type { Member } from './population.ts';
import type { Random } from './random.ts';

/** What was done since the first decline. */
export interface Since {
  days: number;
  /** The customer put money into the account that many days after the first decline. */
  toppedUpAtDays: number | null;
}

/** @returns null when the try succeeds; else what Stripe would say */
export function answer(member: Member, since: Since, luck: Random): DeclineFacts | null {
  // Drawn on every try, so that all policies meet the same luck at the same try.
  const draw = luck.next();
  switch (member.cause) {
    case 'short_of_money': {
      const filled = member.funded.some(([from, until]) => since.days >= from && since.days < until);
      const toppedUp = since.toppedUpAtDays !== null && since.days >= since.toppedUpAtDays;
      return filled || toppedUp ? null : declined(member, 'insufficient_funds');
    }
    case 'over_limit':
      return since.days >= 1 && draw < 0.6 ? null : declined(member, 'card_velocity_exceeded');
    case 'refused_today':
      return since.days > 0 && draw < member.willingness ? null : declined(member, 'do_not_honor');
    case 'bank_unreachable':
      return since.days >= member.outageDays && since.days > 0
        ? null
        : declined(member, 'issuer_not_available');
    case 'wants_authentication':
      return { ...declined(member, 'authentication_required'), code: 'authentication_required' };
    case 'card_expired':
      return { ...declined(member, 'expired_card'), code: 'expired_card', adviceCode: 'confirm_card_data' };
    case 'card_lost':
      return { ...declined(member, 'lost_card'), adviceCode: 'do_not_try_again' };
    case 'not_allowed':
      return declined(member, 'transaction_not_allowed');
    case 'stopped_by_customer':
      return declined(member, 'revocation_of_authorization');
    default:
      return member.cause satisfies never;
  }
}

/** What Stripe says when the customer is there and the bank refuses all the same. */
export function refusedOnSession(member: Member): DeclineFacts {
  return declined(member, 'generic_decline');
}

function declined(member: Member, declineCode: string): DeclineFacts {
  return {
    code: 'card_declined',
    declineCode,
    adviceCode: null,
    networkDeclineCode: null,
    paymentMethodType: 'card',
    network: member.network,
  };
}

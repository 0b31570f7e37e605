/**
 * Whether a saved payment method will fail at the next charge, so that the customer hears of it before. Called by
 * Activities when a method or the plan has changed; pure.
 */
import { isExpired } from './card-expiry.ts';

export interface MethodAhead {
  detached: boolean;
  /** 1 to 12; null for methods that do not expire. */
  expMonth: number | null;
  expYear: number | null;
}

/**
 * @param nextChargeAt ISO 8601; null when none is planned: then a card that expires some day harms nobody yet
 * @returns what to tell it apart by, since each is told once: `detached`, or the month in which the card expires
 */
export function failsAhead(method: MethodAhead, nextChargeAt: string | null): string | null {
  if (method.detached) {
    return 'detached';
  }
  return nextChargeAt !== null && isExpired(method, nextChargeAt)
    ? `expires_${method.expYear}_${method.expMonth}`
    : null;
}

/**
 * Ids that follow from what a caller said, so that saying it again leads to the same rows. Called by the API, which makes
 * them, and by Activities, which recognise them.
 */
import { createHash } from 'node:crypto';
import { customerId } from '../domain/ids.ts';

/** 130 bits of a hash, as 26 characters of 0-9 and a-v. */
export function suffixOf(namespace: string, text: string): string {
  const digest = createHash('sha256').update(`${namespace}\n${text}`).digest('hex');
  return (BigInt(`0x${digest}`) >> 126n).toString(32).padStart(26, '0');
}

/** The record of a customer whom the caller named by a Stripe Customer of theirs. */
export function customerIdOfStripe(stripeCustomerId: string): string {
  return customerId(suffixOf('stripe customer', stripeCustomerId));
}

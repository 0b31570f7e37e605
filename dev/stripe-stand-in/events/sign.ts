// The Stripe-Signature header: an HMAC over the time of sending and the exact bytes of the body.

import { createHmac } from 'node:crypto';

/** @param secrets all that count now: two of them while a secret is rolled @param at epoch seconds of this attempt */
export function signatureHeader(secrets: readonly string[], body: string, at: number): string {
  const parts = secrets.map(
    (secret) => `v1=${createHmac('sha256', secret).update(`${at}.${body}`).digest('hex')}`,
  );
  return [`t=${at}`, ...parts].join(',');
}

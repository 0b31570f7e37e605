/**
 * The idempotency key of a refund: the one request to Stripe whose key has the caller's own in it. The same on every try,
 * so that no request makes two refunds. Called by the Activity that refunds.
 */
import { createHash } from 'node:crypto';
import { operationKey } from '../domain/ids.ts';

/** Characters of an Idempotency-Key; Stripe refuses longer ones (DOC "Idempotent requests"). */
const LONGEST = 255;

/**
 * @param requestKey the caller's Idempotency-Key: as it is where all of it fits, else its sha256
 * @param round 0 at first, then one more for each key that is of no use any more
 */
export function refundKey(
  charge: { enrollmentId: string; id: string },
  requestKey: string,
  round: number,
): string {
  const keyOf = (request: string) => {
    const key = operationKey(charge.enrollmentId, `${charge.id}/refund-${request}`);
    return round === 0 ? key : `${key}/again-${round}`;
  };
  const key = keyOf(requestKey);
  return key.length <= LONGEST
    ? key
    : keyOf(`sha256-${createHash('sha256').update(requestKey).digest('hex')}`);
}

/**
 * Ids that follow from what the caller said, and the fingerprint that tells whether it was said again. See
 * docs/decisions/0002-idempotency-key-required.md.
 */
import { createHash } from 'node:crypto';
import { customerIdOfStripe, suffixOf } from '../db/derived-ids.ts';
import { customerId, enrollmentId } from '../domain/ids.ts';

/** The enrollment that belongs to an Idempotency-Key: the same one on every repeat, from every process. */
export function enrollmentIdOfKey(idempotencyKey: string): string {
  return enrollmentId(suffixOf('enrollment', idempotencyKey));
}

/**
 * Our record of a customer: one for each reference of the caller's, else one for each Stripe Customer, else one that
 * belongs to this request alone. Not to its enrollment: the record is written before the Workflow decides which of two
 * requests under one Idempotency-Key counts, and the refused one must not leave its e-mail address with the other.
 */
export function customerIdOf(
  customer: { reference: string | null; stripeCustomerId: string | null },
  request: { enrollmentId: string; fingerprint: string },
): string {
  if (customer.reference !== null) {
    return customerId(suffixOf('customer reference', customer.reference));
  }
  return customer.stripeCustomerId === null
    ? customerId(suffixOf('customer of a request', `${request.enrollmentId}\n${request.fingerprint}`))
    : customerIdOfStripe(customer.stripeCustomerId);
}

/** sha256 (hex) of the value with the keys of all objects in order: equal for requests that mean the same. */
export function fingerprintOf(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex');
}

function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, node: unknown) =>
    typeof node === 'object' && node !== null && !Array.isArray(node)
      ? Object.fromEntries(Object.entries(node).sort(([a], [b]) => (a < b ? -1 : 1)))
      : node,
  );
}

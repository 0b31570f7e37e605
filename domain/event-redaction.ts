/**
 * What is left out of a Stripe event before it is kept: contact details live in `customers` alone, and a client secret
 * lets its bearer act for the customer. Nothing here is ever routed by. Used by the inbox.
 */

/** Replaced wherever they stand in an event, whatever they hold. */
const LEFT_OUT: ReadonlySet<string> = new Set([
  'client_secret',
  'customer_details',
  'collected_information',
  'customer_email',
  'receipt_email',
  'receipt_url',
  'billing_details',
  'shipping',
  'shipping_details',
  'email',
  'phone',
  'address',
]);

const REDACTED = '[redacted]';

/** A copy without them; null stays null, so that one can see what there was. */
export function redactEvent(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(redactEvent);
  }
  if (typeof value !== 'object' || value === null) {
    return value;
  }
  return Object.fromEntries(
    Object.entries(value).map(([name, part]) => [
      name,
      LEFT_OUT.has(name) && part !== null ? REDACTED : redactEvent(part),
    ]),
  );
}

/**
 * What is left out of a Stripe event before it is kept: contact details live in `customers` alone, and a client secret
 * or an address that a customer is sent to lets its bearer act for the customer. Nothing here is ever routed by. Used by
 * the inbox; rows of before were cleaned by migration 0013.
 */

/**
 * Replaced wherever they stand in an event, whatever they hold: also what Stripe names so only in some kinds of payment
 * methods, and what a merchant tells a bank about the customer in a dispute.
 */
const LEFT_OUT: ReadonlySet<string> = new Set([
  'client_secret',
  // Where to send the customer, in many forms: addresses, codes to scan, data for an app.
  'next_action',
  'customer_details',
  'collected_information',
  'billing_details',
  'shipping',
  'shipping_details',
  'evidence',
  'custom_fields',
  // Who a payer is, in the words of wallets and banks.
  'payer_details',
  'payer_id',
  'buyer_id',
  'cashtag',
  'pay_id',
  'vpa',
  'iban',
  'account_number',
  'tax_id',
  'date_of_birth',
  // Konbini: Stripe recommends the customer's telephone number for it.
  'confirmation_number',
  'user_agent',
  // Cards and bank accounts of before PaymentMethods, with the holder's name and address.
  'source',
  'sources',
  'owner',
]);

/**
 * The same by the end of the name: `cardholder_name`, `customer_purchase_ip`; and every address, since a `success_url` of
 * ours has the customer's link in it, and one of Stripe's may have a client secret.
 */
const LEFT_OUT_ENDING = /(?:^|_)(?:url|email|phone|name|address|ip|dob)$/;

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
      part !== null && isLeftOut(name) ? REDACTED : redactEvent(part),
    ]),
  );
}

function isLeftOut(name: string): boolean {
  return LEFT_OUT.has(name) || LEFT_OUT_ENDING.test(name);
}

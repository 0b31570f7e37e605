/**
 * Stripe Customers for our customer records. Called by the Activities that open a Checkout Session or save a
 * payment method. Never puts a name or an e-mail into a result: results are history.
 */
import type { Stripe } from 'stripe';
import { findCustomer, keepStripeCustomer } from '../db/customers.ts';
import type { Customer } from '../db/schema.ts';
import { customerKey } from '../domain/ids.ts';
import type { ActivityDeps } from './deps.ts';
import { freshKey } from './fresh-key.ts';

/**
 * The Stripe Customer of a record that names one, has an e-mail, a name or a reference; null for a record with
 * none of them, whose details Checkout will ask for. Creates the Customer once: the key follows from the record's id and
 * its details. Details that change while an answer is lost may leave a Customer at Stripe that nothing uses. Safe to
 * call twice.
 * @param customer as it was read just now
 */
export async function stripeCustomerOf(deps: ActivityDeps, customer: Customer): Promise<string | null> {
  if (customer.stripe_customer_id !== null) {
    return customer.stripe_customer_id;
  }
  if (customer.reference === null && customer.email === null && customer.name === null) {
    return null;
  }
  return createStripeCustomer(deps, customer.id, {
    ...(customer.email === null ? {} : { email: customer.email }),
    ...(customer.name === null ? {} : { name: customer.name }),
    ...(customer.reference === null ? {} : { reference: customer.reference }),
  });
}

/**
 * Creates the Customer for somebody whom Checkout asked for the details, and keeps those details. Safe to call
 * twice: one Customer, whatever else the second call says.
 */
export async function stripeCustomerFromCheckout(
  deps: ActivityDeps,
  customerId: string,
  details: Stripe.Checkout.Session.CustomerDetails | null,
): Promise<string> {
  const known = await stripeCustomerOf(deps, await findCustomer(deps.db, customerId));
  if (known !== null) {
    return known;
  }
  return createStripeCustomer(deps, customerId, {
    ...(details?.email ? { email: details.email } : {}),
    ...(details?.name ? { name: details.name } : {}),
  });
}

async function createStripeCustomer(
  deps: ActivityDeps,
  customerId: string,
  details: { email?: string; name?: string; reference?: string },
): Promise<string> {
  const { reference, ...contact } = details;
  const metadata = { customer_id: customerId, ...(reference === undefined ? {} : { reference }) };
  const asked = { ...contact, metadata };
  const created = await deps.stripe.customers.create(asked, {
    idempotencyKey: freshKey(customerKey(customerId), asked),
  });
  // Somebody else may have created one at the same moment: the first that was kept is everybody's.
  return keepStripeCustomer(deps.db, customerId, created.id);
}

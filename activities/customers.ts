/**
 * Stripe Customers for our customer records. Called by the Activities that open a Checkout Session or save a
 * payment method. Never puts a name or an e-mail into a result: results are history.
 */
import type { Stripe } from 'stripe';
import { findCustomer, keepStripeCustomer, replaceStripeCustomer } from '../db/customers.ts';
import { customerIdOfStripe } from '../db/derived-ids.ts';
import type { Customer } from '../db/schema.ts';
import { tell } from '../db/timeline.ts';
import { customerKey } from '../domain/ids.ts';
import type { ActivityDeps } from './deps.ts';
import { freshKey } from './fresh-key.ts';
import { isMissing } from './stripe-errors.ts';

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
  return keptCustomer(deps, customer.id, detailsOf(customer));
}

export type Replaced =
  | { kind: 'replaced'; stripeCustomerId: string }
  /** The caller named it, and knows what else to name. */
  | { kind: 'given' }
  /** Stripe has it, or never had it: of another account or mode, where a new one would hide that the key is wrong. */
  | { kind: 'not_deleted' };

/**
 * Makes a Stripe Customer in the place of one that we made and somebody has deleted at Stripe, and tells the enrollment's
 * timeline. Payment methods went with the old one, so the new one has none. Safe to call twice, also for several
 * enrollments of one customer at once: the key follows from the record, its details and the Customer that is gone.
 * @param customer with the Customer that Stripe does not have
 * @throws what Stripe answers otherwise, unchanged
 */
export async function replaceDeletedCustomer(
  deps: ActivityDeps,
  customer: Customer & { stripe_customer_id: string },
  { enrollmentId, at }: { enrollmentId: string; at: string },
): Promise<Replaced> {
  const { id, stripe_customer_id: gone } = customer;
  if (!(await isDeleted(deps, gone))) {
    return { kind: 'not_deleted' };
  }
  if (id === customerIdOfStripe(gone)) {
    return { kind: 'given' };
  }
  const made = await createStripeCustomer(
    deps,
    `${customerKey(id)}/instead-of-${gone}`,
    id,
    detailsOf(customer),
  );
  const stripeCustomerId = await replaceStripeCustomer(deps.db, id, { gone, stripeCustomerId: made });
  await tell(deps.db, enrollmentId, [
    {
      key: `stripe-customer-instead-of-${gone}`,
      at,
      what: 'stripe_customer.replaced',
      who: 'workflow',
      why: `${gone} was deleted at Stripe`,
      details: { stripe_customer: stripeCustomerId, deleted: gone },
    },
  ]);
  return { kind: 'replaced', stripeCustomerId };
}

async function isDeleted(deps: ActivityDeps, id: string): Promise<boolean> {
  try {
    return (await deps.stripe.customers.retrieve(id)).deleted === true;
  } catch (error) {
    if (isMissing(error)) {
      return false;
    }
    throw error;
  }
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
  return keptCustomer(deps, customerId, {
    ...(details?.email ? { email: details.email } : {}),
    ...(details?.name ? { name: details.name } : {}),
  });
}

interface Details {
  email?: string;
  name?: string;
  reference?: string;
}

function detailsOf({ email, name, reference }: Customer): Details {
  return {
    ...(email === null ? {} : { email }),
    ...(name === null ? {} : { name }),
    ...(reference === null ? {} : { reference }),
  };
}

async function keptCustomer(deps: ActivityDeps, customerId: string, details: Details): Promise<string> {
  const created = await createStripeCustomer(deps, customerKey(customerId), customerId, details);
  // Somebody else may have created one at the same moment: the first that was kept is everybody's.
  return keepStripeCustomer(deps.db, customerId, created);
}

async function createStripeCustomer(
  deps: ActivityDeps,
  key: string,
  customerId: string,
  details: Details,
): Promise<string> {
  const { reference, ...contact } = details;
  const metadata = { customer_id: customerId, ...(reference === undefined ? {} : { reference }) };
  const asked = { ...contact, metadata };
  const { id } = await deps.stripe.customers.create(asked, { idempotencyKey: freshKey(key, asked) });
  return id;
}

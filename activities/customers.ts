/**
 * Stripe Customers for our customer records. Called by the Activities that open a Checkout Session or save a
 * payment method. Never puts a name or an e-mail into a result: results are history.
 */
import type { Stripe } from 'stripe';
import { customerKey } from '../domain/ids.ts';
import type { ActivityDeps } from './deps.ts';
import { freshKey } from './fresh-key.ts';

/**
 * The Stripe Customer of a record that names one, has an e-mail, a name or a reference; null for a record with
 * none of them, whose details Checkout will ask for. Creates the Customer once: the key follows from the record's id and
 * its details. Details that change while an answer is lost may leave a Customer at Stripe that nothing uses. Safe to
 * call twice.
 */
export async function knownStripeCustomer(deps: ActivityDeps, customerId: string): Promise<string | null> {
  const customer = await deps.db
    .selectFrom('customers')
    .selectAll()
    .where('id', '=', customerId)
    .executeTakeFirstOrThrow();
  if (customer.stripe_customer_id !== null) {
    return customer.stripe_customer_id;
  }
  if (customer.reference === null && customer.email === null && customer.name === null) {
    return null;
  }
  return createStripeCustomer(deps, customerId, {
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
  const known = await knownStripeCustomer(deps, customerId);
  if (known !== null) {
    return known;
  }
  return createStripeCustomer(deps, customerId, {
    ...(details?.email ? { email: details.email } : {}),
    ...(details?.name ? { name: details.name } : {}),
  });
}

/** Fills in an e-mail and a name that Checkout told and that we do not have; what the caller gave stays. */
export async function keepContactDetails(
  deps: ActivityDeps,
  customerId: string,
  details: Stripe.Checkout.Session.CustomerDetails | null,
): Promise<void> {
  if (!details?.email && !details?.name) {
    return;
  }
  await deps.db
    .updateTable('customers')
    .set((eb) => ({
      email: eb.fn.coalesce('email', eb.val(details.email ?? null)),
      name: eb.fn.coalesce('name', eb.val(details.name ?? null)),
    }))
    .where('id', '=', customerId)
    .execute();
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
  await deps.db
    .updateTable('customers')
    .set({ stripe_customer_id: created.id })
    .where('id', '=', customerId)
    .where('stripe_customer_id', 'is', null)
    .execute();
  // Somebody else may have created one at the same moment: the first that was kept is everybody's.
  const kept = await deps.db
    .selectFrom('customers')
    .select('stripe_customer_id')
    .where('id', '=', customerId)
    .executeTakeFirstOrThrow();
  return kept.stripe_customer_id ?? created.id;
}

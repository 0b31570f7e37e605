/** Contact details of customers: the only place where personal data is kept. Written by the API before a start. */
import type { Kysely } from 'kysely';
import type { Database } from './schema.ts';

export interface CustomerDetails {
  id: string;
  reference: string | null;
  email: string | null;
  name: string | null;
  stripeCustomerId: string | null;
}

/**
 * Inserts a customer, or brings the known one up to date: what is given replaces, what is null stays. Safe to call
 * twice.
 */
export async function upsertCustomer(db: Kysely<Database>, customer: CustomerDetails): Promise<void> {
  await db
    .insertInto('customers')
    .values({
      id: customer.id,
      reference: customer.reference,
      email: customer.email,
      name: customer.name,
      stripe_customer_id: customer.stripeCustomerId,
    })
    .onConflict((conflict) =>
      conflict.column('id').doUpdateSet((eb) => ({
        email: eb.fn.coalesce('excluded.email', 'customers.email'),
        name: eb.fn.coalesce('excluded.name', 'customers.name'),
      })),
    )
    .execute();
}

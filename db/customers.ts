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
 * twice, also at once.
 * @param customer with an id that follows from its reference, if it has one
 */
export async function upsertCustomer(db: Kysely<Database>, customer: CustomerDetails): Promise<void> {
  const { id, reference, email, name, stripeCustomerId } = customer;
  // Not an upsert on the id: of two first writes at once PostgreSQL may refuse one by the key on the reference.
  const { numInsertedOrUpdatedRows: inserted } = await db
    .insertInto('customers')
    .values({ id, reference, email, name, stripe_customer_id: stripeCustomerId })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirstOrThrow();
  if (inserted === 0n && (email !== null || name !== null)) {
    await db
      .updateTable('customers')
      .set({ ...(email === null ? {} : { email }), ...(name === null ? {} : { name }) })
      .where('id', '=', id)
      .execute();
  }
}

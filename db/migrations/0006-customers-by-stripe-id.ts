/** Finds enrollments by the Stripe Customer of the caller's. Immutable. */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create index customers_by_stripe_customer on customers (stripe_customer_id) where stripe_customer_id is not null;
  `.execute(db);
}

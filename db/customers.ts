/**
 * Contact details of customers: the only place where personal data is kept. Written by the API before a start, and by
 * Activities that learn more of a customer.
 */
import { type Kysely, sql } from 'kysely';
import type { Customer, Database, NewCustomer } from './schema.ts';
import { statement } from './statement.ts';

export interface CustomerDetails {
  id: string;
  reference: string | null;
  email: string | null;
  name: string | null;
  stripeCustomerId: string | null;
}

/** What a customer's row said before somebody wrote to it, and the version of it that they made. */
export interface WrittenDetails {
  version: string;
  before: { email: string | null; name: string | null };
}

/**
 * Inserts a customer, or brings the known one up to date: what is given replaces, what is null stays. Safe to call
 * twice, also at once.
 * @param customer with an id that follows from its reference, if it has one
 * @returns for {@link takeBackDetails}; null when nothing was written
 */
export async function upsertCustomer(
  db: Kysely<Database>,
  customer: CustomerDetails,
): Promise<WrittenDetails | null> {
  const { id, reference, email, name, stripeCustomerId } = customer;
  const row = { id, reference, email, name, stripe_customer_id: stripeCustomerId };
  const [isNew] = await inserted(db, { row });
  if (isNew !== undefined) {
    return { version: isNew.version, before: { email: null, name: null } };
  }
  if (email === null && name === null) {
    return null;
  }
  const { rows } = await sql<{ version: string; email: string | null; name: string | null }>`
    update customers set email = coalesce(${email}, customers.email), name = coalesce(${name}, customers.name)
    from (select id, email, name from customers where id = ${id} for no key update) as before
    where customers.id = before.id
    returning customers.xmin::text as version, before.email, before.name`.execute(db);
  const changed = knownCustomer(id, rows);
  return { version: changed.version, before: { email: changed.email, name: changed.name } };
}

/**
 * Undoes what {@link upsertCustomer} wrote of a customer, for a request that was refused. Whoever has written since
 * counts, and nothing is undone then; nor when the process ends before.
 */
export async function takeBackDetails(
  db: Kysely<Database>,
  id: string,
  written: WrittenDetails | null,
): Promise<void> {
  if (written !== null) {
    await db
      .updateTable('customers')
      .set(written.before)
      .where('id', '=', id)
      .where(sql<string>`xmin::text`, '=', written.version)
      .execute();
  }
}

// Not an upsert on the id: of two first writes at once PostgreSQL may refuse one by the key on the reference.
const inserted = statement((db, { row }: { row: NewCustomer }) =>
  db
    .insertInto('customers')
    .values(row)
    .onConflict((conflict) => conflict.doNothing())
    .returning(sql<string>`xmin::text`.as('version'))
    .compile(),
);

/** @throws Error when there is none: rows of customers are written before anything refers to them */
export async function findCustomer(db: Kysely<Database>, id: string): Promise<Customer> {
  return knownCustomer(id, await found(db, { id }));
}

const found = statement((db, { id }: { id: string }) =>
  db.selectFrom('customers').selectAll().where('id', '=', id).compile(),
);

/**
 * Keeps the Stripe Customer of a customer that has none yet. Safe to call twice.
 * @returns the one that was kept first, everybody's
 * @throws Error when there is no such customer
 */
export async function keepStripeCustomer(
  db: Kysely<Database>,
  id: string,
  stripeCustomerId: string,
): Promise<string> {
  const kept = knownCustomer(id, await keptFirst(db, { id, stripeCustomerId }));
  return kept.stripe_customer_id ?? stripeCustomerId;
}

/** The one row of a customer's. @throws Error when there is none */
export function knownCustomer<Row>(id: string, [row]: readonly Row[]): Row {
  if (row === undefined) {
    throw new Error(`there is no customer ${id}`);
  }
  return row;
}

const keptFirst = statement((db, { id, stripeCustomerId }: { id: string; stripeCustomerId: string }) =>
  db
    .updateTable('customers')
    .set((eb) => ({
      stripe_customer_id: eb.fn.coalesce('stripe_customer_id', eb.val<string | null>(stripeCustomerId)),
    }))
    .where('id', '=', id)
    .returning('stripe_customer_id')
    .compile(),
);

/**
 * The statement that fills in what we do not have yet of a customer: the Stripe Customer, and the e-mail and the name that
 * Checkout was told; what the caller gave stays.
 */
export function customerFill(
  db: Kysely<Database>,
  {
    id,
    stripeCustomerId,
    email,
    name,
  }: { id: string; stripeCustomerId: string; email: string | null; name: string | null },
) {
  return db
    .updateTable('customers')
    .set((eb) => {
      const filled = (column: 'stripe_customer_id' | 'email' | 'name', told: string | null) =>
        eb.fn.coalesce(column, eb.val(told));
      return {
        stripe_customer_id: filled('stripe_customer_id', stripeCustomerId),
        email: filled('email', email),
        name: filled('name', name),
      };
    })
    .where('id', '=', id);
}

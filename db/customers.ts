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

type Details = Pick<Customer, 'email' | 'name' | 'details_version'>;

/** What a customer's row said before and after somebody wrote to it. */
export interface WrittenDetails {
  before: Details;
  after: Details;
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
    return { before: { ...isNew, email: null, name: null }, after: isNew };
  }
  if (email === null && name === null) {
    return null;
  }
  const { rows } = await sql<Details & { email_before: string | null; name_before: string | null }>`
    update customers set email = coalesce(${email}, customers.email), name = coalesce(${name}, customers.name),
      details_version = customers.details_version + 1
    from (select id, email, name from customers where id = ${id} for no key update) as before
    where customers.id = before.id
    returning customers.email, customers.name, customers.details_version,
      before.email as email_before, before.name as name_before`.execute(db);
  const { email_before, name_before, ...after } = knownCustomer(id, rows);
  const before = { email: email_before, name: name_before, details_version: after.details_version - 1 };
  return { before, after };
}

/**
 * Undoes what {@link upsertCustomer} wrote of a customer, for a request that was refused. What another request has
 * written since counts, also when it is the same, and so does any other change of the e-mail or the name: nothing is
 * undone then; nor when the process ends before.
 */
export async function takeBackDetails(
  db: Kysely<Database>,
  id: string,
  written: WrittenDetails | null,
): Promise<void> {
  if (written !== null) {
    const { before, after } = written;
    await db
      .updateTable('customers')
      .set(before)
      .where('id', '=', id)
      .where('details_version', '=', after.details_version)
      .where('email', 'is not distinct from', after.email)
      .where('name', 'is not distinct from', after.name)
      .execute();
  }
}

// Not an upsert on the id: of two first writes at once PostgreSQL may refuse one by the key on the reference.
const inserted = statement((db, { row }: { row: NewCustomer }) =>
  db
    .insertInto('customers')
    .values(row)
    .onConflict((conflict) => conflict.doNothing())
    .returning(['email', 'name', 'details_version'])
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

/**
 * Puts another Stripe Customer in the place of one that is gone. Safe to call twice, also at once.
 * @returns the one that has its place, everybody's: of somebody else who was first, say
 * @throws Error when there is no such customer
 */
export async function replaceStripeCustomer(
  db: Kysely<Database>,
  id: string,
  { gone, stripeCustomerId }: { gone: string; stripeCustomerId: string },
): Promise<string> {
  const kept = await db
    .updateTable('customers')
    .set((eb) => ({
      stripe_customer_id: eb
        .case()
        .when('stripe_customer_id', '=', gone)
        .then(stripeCustomerId)
        .else(eb.ref('stripe_customer_id'))
        .end(),
    }))
    .where('id', '=', id)
    .returning('stripe_customer_id')
    .execute();
  return knownCustomer(id, kept).stripe_customer_id ?? stripeCustomerId;
}

/** @throws Error when there is no such enrollment */
export async function findCustomerOf(db: Kysely<Database>, enrollmentId: string): Promise<Customer> {
  return db
    .selectFrom('customers')
    .innerJoin('enrollments', 'enrollments.customer_id', 'customers.id')
    .where('enrollments.id', '=', enrollmentId)
    .selectAll('customers')
    .executeTakeFirstOrThrow();
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

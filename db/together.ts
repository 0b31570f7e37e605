/**
 * Several writes as one statement: one trip to the database and one commit instead of one for each, and still all or
 * nothing. Used where a happy period would otherwise pay for every row.
 */
import { type AliasedRawBuilder, type CompiledQuery, type Kysely, type RawBuilder, sql } from 'kysely';
import type { Database } from './schema.ts';

/** A write that needs nothing of the others: none of them sees what another one writes. */
export interface Part {
  returning(one: AliasedRawBuilder<unknown, 'one'>): unknown;
}

/**
 * The parts as the beginning of a statement, `with part_0 as (…), …`, and an expression that is true once all of them are
 * done. Who asks for it has them done in their order, and first: PostgreSQL is free to choose otherwise.
 */
export function parts(writes: readonly Part[]): {
  written: RawBuilder<unknown>;
  areDone: RawBuilder<boolean>;
} {
  const named = writes.map((write, index) => ({ name: sql.raw(`part_${index}`), write }));
  return {
    written: sql.join(
      named.map(
        ({ name, write }) => sql`${name} as (${write.returning(sql`1`.as('one')) as RawBuilder<unknown>})`,
      ),
    ),
    areDone: sql<boolean>`${sql.join(
      named.map(({ name }) => sql`(select count(*) from ${name})`),
      sql` + `,
    )} >= 0`,
  };
}

/** The writes in their order, all or none, as one statement. Safe to repeat when each of them is. */
export function together(db: Kysely<Database>, writes: readonly Part[]): CompiledQuery<unknown> {
  const { written, areDone } = parts(writes);
  return sql`with ${written} select ${areDone}`.compile(db);
}

/** Makes {@link together}. Database errors are thrown. */
export async function writeTogether(db: Kysely<Database>, writes: readonly Part[]): Promise<void> {
  await db.executeQuery(together(db, writes));
}

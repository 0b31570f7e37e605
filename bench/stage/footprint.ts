/** How large the databases of a stage are. */
import { DatabaseSync } from 'node:sqlite';
import { sql } from 'kysely';
import type { Stage } from './stage.ts';

/** In KiB. */
export interface Footprint {
  postgres: number;
  temporal: number;
}

/** What our rows and Temporal's take, with their indexes and what a deleted row has left. */
export async function footprint(stage: Stage): Promise<Footprint> {
  const { db } = await stage.database();
  const { rows } = await sql<{
    bytes: number;
  }>`select pg_database_size(current_database()) as bytes`.execute(db);
  return {
    postgres: (rows[0]?.bytes ?? 0) / 1024,
    temporal: usedBytes(stage.folder.temporalDatabase) / 1024,
  };
}

/** Pages of a SQLite database in use, those that are still in its journal included. */
function usedBytes(file: string): number {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    const one = (pragma: string) =>
      Number(Object.values(database.prepare(`pragma ${pragma}`).get() ?? {})[0]);
    return (one('page_count') - one('freelist_count')) * one('page_size');
  } finally {
    database.close();
  }
}

/** `npm run api-key -- create | list | revoke`: whoever may run it may read the database. */
import { Command, InvalidArgumentError } from 'commander';
import type { Kysely } from 'kysely';
import { readDatabaseUrl } from '../config/env.ts';
import { listApiKeys, revokeApiKey } from '../db/api-keys.ts';
import { openDatabase } from '../db/database.ts';
import type { Database } from '../db/schema.ts';
import { createApiKey, SCOPES, type Scope, USUAL_SCOPES } from './api-keys.ts';

const program = new Command('api-key').description('API keys of the HTTP API');

program
  .command('create')
  .description('make a key and print it, this once')
  .requiredOption('--name <name>', 'what it is for, e.g. shop-backend')
  .option('--scopes <list>', `comma-separated, of ${SCOPES.join(', ')}`, readScopes, [...USUAL_SCOPES])
  .action((options: { name: string; scopes: Scope[] }) =>
    withDatabase(async (db) => {
      const { id, key } = await createApiKey(db, options);
      console.error(`Made ${id} (${options.name}; ${options.scopes.join(', ')}). It is not shown again:`);
      console.log(key);
    }),
  );

program
  .command('list')
  .description('show all keys, without the keys themselves')
  .action(() =>
    withDatabase(async (db) => {
      for (const key of await listApiKeys(db)) {
        const used = key.last_used_at === null ? 'never used' : `used ${key.last_used_at.toISOString()}`;
        const state = key.revoked_at === null ? used : `revoked ${key.revoked_at.toISOString()}`;
        console.log([key.id, key.name, key.scopes.join(','), state].join('\t'));
      }
    }),
  );

program
  .command('revoke')
  .description('end a key at once')
  .argument('<id>', 'key_…, as list shows it')
  .action((id: string) =>
    withDatabase(async (db) => {
      if (!(await revokeApiKey(db, id))) {
        throw new Error(`no API key '${id}'`);
      }
      console.error(`Revoked ${id}.`);
    }),
  );

try {
  await program.parseAsync();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

async function withDatabase(act: (db: Kysely<Database>) => Promise<void>): Promise<void> {
  const db = openDatabase({
    url: readDatabaseUrl(),
    poolSize: 1,
    applicationName: 'durable-billing api-key',
  });
  try {
    await act(db);
  } finally {
    await db.destroy();
  }
}

function readScopes(text: string): Scope[] {
  return text.split(',').map((item) => {
    const scope = SCOPES.find((known) => known === item.trim());
    if (scope === undefined) {
      throw new InvalidArgumentError(`'${item}' is none of ${SCOPES.join(', ')}.`);
    }
    return scope;
  });
}

/** `api-keys`: keys of the HTTP API. Needs the database, since whoever may read it may make keys; no key makes another. */
import { type Command, InvalidArgumentError } from 'commander';
import type { Kysely } from 'kysely';
import { createApiKey, SCOPES, type Scope, USUAL_SCOPES } from '../../api/api-keys.ts';
import { SCOPE_MEANINGS } from '../../api/scopes.ts';
import { readDatabaseUrl } from '../../config/env.ts';
import { listApiKeys, revokeApiKey } from '../../db/api-keys.ts';
import { openDatabase } from '../../db/database.ts';
import type { Database } from '../../db/schema.ts';
import { isDatabaseUnavailable } from '../../db/unavailable.ts';
import { CommandFailure, EXIT } from '../failure.ts';
import { table } from '../output.ts';
import type { OpenSession, Session } from '../session.ts';
import { instantText, readExpiry } from '../words.ts';

interface CreateOptions {
  name: string;
  scopes: Scope[];
  expires?: string;
}

export function apiKeyCommands(program: Command, open: OpenSession): void {
  const keys = program.command('api-keys').description('keys of the HTTP API; needs DATABASE_URL');

  keys
    .command('create')
    .description('make a key and print it, this once')
    .requiredOption('--name <name>', 'what it is for, e.g. shop-backend')
    .option('--scopes <list>', `comma-separated. ${scopesInWords()}`, readScopes, [...USUAL_SCOPES])
    .option(
      '--expires <when>',
      'refused from then on: a time from now, e.g. 90d, or an instant with its offset; left out: never',
      (text) => readExpiry(text, Date.now()),
    )
    .action((options: CreateOptions, command: Command) => {
      const session = open(command);
      return withDatabase(session, async (db) => {
        const { name, scopes, expires: expiresAt } = options;
        if (expiresAt !== undefined && Date.parse(expiresAt) <= Date.now()) {
          throw new CommandFailure(
            EXIT.usage,
            `--expires ${expiresAt} has passed: expected an instant ahead.`,
          );
        }
        const made = await createApiKey(db, { name, scopes, expiresAt });
        const until = expiresAt === undefined ? '' : `; until ${instantText(expiresAt)}`;
        session.out.say(`Made ${made.id} (${name}; ${scopes.join(', ')}${until}). It is not shown again:`);
        session.out.result({ ...made, name, scopes, expires_at: expiresAt ?? null }, () => made.key);
      });
    });

  keys
    .command('list')
    .description('all keys, without the keys themselves')
    .action((_options: object, command: Command) => {
      const { out } = open(command);
      return withDatabase(open(command), async (db) => {
        const rows = await listApiKeys(db);
        const data = rows.map(({ hash: _, ...row }) => row);
        out.result({ object: 'list', data }, () =>
          table(
            ['KEY', 'NAME', 'SCOPES', 'STATE'],
            rows.map((row) => [row.id, row.name, row.scopes.join(', '), stateOf(row)]),
          ),
        );
      });
    });

  keys
    .command('revoke')
    .description('end a key at once')
    .argument('<id>', 'key_…, as list shows it')
    .action((id: string, _options: object, command: Command) => {
      const session = open(command);
      return withDatabase(session, async (db) => {
        if (!(await revokeApiKey(db, id))) {
          throw new CommandFailure(
            EXIT.refused,
            `There is no API key '${id}'. durable-billing api-keys list shows them.`,
          );
        }
        session.out.result({ id, revoked: true }, () => `Revoked ${id}.`);
      });
    });
}

function stateOf(key: {
  revoked_at: Date | null;
  expires_at: Date | null;
  last_used_at: Date | null;
}): string {
  const { revoked_at: revokedAt, expires_at: expiresAt, last_used_at: usedAt } = key;
  if (revokedAt !== null) {
    return `revoked ${instantText(revokedAt.toISOString())}`;
  }
  const used = usedAt === null ? 'never used' : `used ${instantText(usedAt.toISOString())}`;
  return expiresAt === null ? used : `${used}, expires ${instantText(expiresAt.toISOString())}`;
}

async function withDatabase(session: Session, act: (db: Kysely<Database>) => Promise<void>): Promise<void> {
  const url = readDatabaseUrl(session.settings(['DATABASE_URL']));
  const db = openDatabase({ url, poolSize: 1, applicationName: 'durable-billing api-keys' });
  try {
    await act(db);
  } catch (error) {
    if (isDatabaseUnavailable(error)) {
      throw new CommandFailure(EXIT.unavailable, `The database does not answer: ${String(error)}`);
    }
    throw error;
  } finally {
    await db.destroy();
  }
}

function scopesInWords(): string {
  return Object.entries(SCOPE_MEANINGS)
    .map(([name, meaning]) => `${name}: ${meaning}`)
    .join('. ');
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

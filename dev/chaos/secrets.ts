/**
 * Looks for what must be nowhere (invariant I7): keys, client secrets, and the planted card number; and for the planted
 * e-mail address and customer links where they must not be. Reads histories, logs, every table and answers.
 */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { sql } from 'kysely';
import type { NamedHistory } from '../../test/support/histories.ts';
import { GOOD_CARD } from './customers.ts';
import type { World } from './world.ts';

const SECRETS: readonly [string, RegExp][] = [
  ['a Stripe key', /\b[sr]k_(?:test|live)_\w{8,}/],
  ['a webhook secret', /\bwhsec_\w{8,}/],
  ['a client secret', /_secret_\w{4,}/],
  ['an API key of ours', /\bdbk_\w{12,}/],
  ['a card number', new RegExp(GOOD_CARD)],
];
const PERSON: [string, RegExp] = ['an e-mail address', /canary-\d+@chaos-canary\.example/];
/** Whoever asks the API is told the link, and passes it on. */
const LINK: [string, RegExp] = ['a customer link', /\/c\/eyJ[\w-]+/];
/** Contact details live here and nowhere else. */
const WITH_CONTACT_DETAILS = 'customers';

export async function scanForSecrets(
  world: World,
  histories: readonly NamedHistory[],
  answers: readonly string[],
): Promise<string[]> {
  const places: [string, string, readonly [string, RegExp][]][] = [];
  for (const { workflowId, history } of histories) {
    places.push([`history of ${workflowId}`, textsIn(history), [...SECRETS, LINK, PERSON]]);
  }
  for (const file of readdirSync(world.logs)) {
    const lines = readFileSync(path.join(world.logs, file), 'utf8');
    places.push([`log ${file}`, lines, [...SECRETS, LINK, PERSON]]);
  }
  for (const [table, rows] of await dumpOf(world)) {
    const patterns = [...SECRETS, LINK, ...(table === WITH_CONTACT_DETAILS ? [] : [PERSON])];
    places.push([`table ${table}`, rows, patterns]);
  }
  for (const answer of answers) {
    places.push(['an answer of the API', answer, SECRETS]);
  }
  return places.flatMap(([place, text, patterns]) =>
    patterns.filter(([, pattern]) => pattern.test(text)).map(([what]) => `${what} in ${place}`),
  );
}

async function dumpOf({ db }: World): Promise<[string, string][]> {
  const { rows: tables } = await sql<{ name: string }>`
    select table_name as name from information_schema.tables where table_schema = 'public'`.execute(db);
  return Promise.all(
    tables.map(async ({ name }): Promise<[string, string]> => {
      const { rows } = await sql<{ text: string }>`
        select row_to_json(t)::text as text from ${sql.table(name)} t`.execute(db);
      return [name, rows.map(({ text }) => text).join('\n')];
    }),
  );
}

/** Every text in a history. Its own JSON would show payloads, which are bytes, in base64. */
export function textsIn(value: unknown): string {
  if (typeof value === 'string') {
    return value;
  }
  if (ArrayBuffer.isView(value)) {
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('utf8');
  }
  return typeof value === 'object' && value !== null
    ? Object.values(value)
        .map(textsIn)
        .filter((text) => text !== '')
        .join('\n')
    : '';
}

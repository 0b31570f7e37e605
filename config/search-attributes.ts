/**
 * What enrollments can be found by in Temporal. Search attributes are never encrypted: no personal data, no
 * metadata of the caller. Everything else is found in Postgres. Imported by workflows, so it stays free of I/O of
 * its own.
 */
import type { Connection } from '@temporalio/client';
import { defineSearchAttributeKey, type SearchAttributePair } from '@temporalio/common';

/** The enrollment's status, as in rows and answers. Set at the start, which is free; each change costs an action. */
export const ENROLLMENT_STATUS = defineSearchAttributeKey('EnrollmentStatus', 'KEYWORD');

/** When the oldest charge that is past due fell due; absent when none is. */
export const PAST_DUE_SINCE = defineSearchAttributeKey('PastDueSince', 'DATETIME');

/** Words of `domain/waits-for.ts`, or {@link NOBODY}. */
export const WAITS_FOR = defineSearchAttributeKey('WaitsFor', 'KEYWORD_LIST');

/** Nothing but the next due date is waited for. Never left empty: a run sees by it that it was begun with the attribute. */
export const NOBODY = 'nobody';

/** What an enrollment is started with. */
export const FIRST_ATTRIBUTES: SearchAttributePair[] = [
  { key: ENROLLMENT_STATUS, value: 'awaiting_payment_method' },
  { key: WAITS_FOR, value: ['payment_method'] },
];

/** Type of each attribute, in the words of the Temporal CLI, and its number in Temporal's protocol (`IndexedValueType`). */
export const SEARCH_ATTRIBUTE_TYPES = {
  [ENROLLMENT_STATUS.name]: { type: 'Keyword', number: 2 },
  [PAST_DUE_SINCE.name]: { type: 'Datetime', number: 6 },
  [WAITS_FOR.name]: { type: 'KeywordList', number: 7 },
} as const satisfies Record<string, { type: string; number: number }>;

/**
 * Registers what the Namespace does not have yet: without them every start that names them is refused. Safe to call
 * twice, and from several processes at once.
 * @returns names that were registered now
 * @throws Error that names each attribute that is missing or of another type, and the commands that make them; its
 * cause is the server's refusal, e.g. of Temporal Cloud, where attributes are made in the console or with `tcld`
 */
export async function ensureSearchAttributes(
  connection: Pick<Connection, 'operatorService'>,
  namespace: string,
): Promise<string[]> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  const wanted = Object.entries(SEARCH_ATTRIBUTE_TYPES);
  const wrong = wanted.filter(([name, { number }]) => (customAttributes?.[name] ?? number) !== number);
  if (wrong.length > 0) {
    const names = wrong.map(([name, { type }]) => `${name} as ${type}`).join(', ');
    throw new Error(`Namespace '${namespace}' has search attributes of another type; expected ${names}`);
  }
  const missing = wanted.filter(([name]) => !Object.hasOwn(customAttributes ?? {}, name));
  if (missing.length === 0) {
    return [];
  }
  try {
    await connection.operatorService.addSearchAttributes({
      namespace,
      searchAttributes: Object.fromEntries(missing.map(([name, { number }]) => [name, number])),
    });
  } catch (cause) {
    throw new Error(
      `Namespace '${namespace}' lacks search attributes, and the server does not let us register them. Run:\n${howToRegister(namespace, missing)}`,
      { cause },
    );
  }
  return missing.map(([name]) => name);
}

function howToRegister(namespace: string, missing: [string, { type: string }][]): string {
  return missing
    .map(
      ([name, { type }]) =>
        `  temporal operator search-attribute create --namespace ${namespace} --name ${name} --type ${type}\n` +
        `  (Temporal Cloud: tcld namespace search-attributes add --namespace ${namespace} --sa "${name}=${type}")`,
    )
    .join('\n');
}

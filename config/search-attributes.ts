/**
 * What enrollments can be found by in Temporal. Search attributes are never encrypted: no personal data, no
 * metadata of the caller. Everything else is found in Postgres. Imported by workflows, so it stays free of I/O of
 * its own.
 */
import type { Connection } from '@temporalio/client';
import { defineSearchAttributeKey } from '@temporalio/common';

/** The enrollment's status, as in rows and answers. Set at the start, which is free; each change costs an action. */
export const ENROLLMENT_STATUS = defineSearchAttributeKey('EnrollmentStatus', 'KEYWORD');

/** `INDEXED_VALUE_TYPE_KEYWORD` of Temporal's protocol. */
const KEYWORD = 2;

/**
 * Registers what the Namespace does not have yet: without it every start that names the attribute is refused. Safe
 * to call twice, and from several processes at once.
 * @returns names that were registered now
 * @throws gRPC errors of the server, e.g. on Temporal Cloud, where attributes are made in its console instead
 */
export async function ensureSearchAttributes(
  connection: Pick<Connection, 'operatorService'>,
  namespace: string,
): Promise<string[]> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  if (Object.hasOwn(customAttributes ?? {}, ENROLLMENT_STATUS.name)) {
    return [];
  }
  await connection.operatorService.addSearchAttributes({
    namespace,
    searchAttributes: { [ENROLLMENT_STATUS.name]: KEYWORD },
  });
  return [ENROLLMENT_STATUS.name];
}

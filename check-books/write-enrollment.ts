/**
 * Writes an enrollment's status as its Workflow says, where no Activity will write it any more. Called by repairs only,
 * some time after the look: the Workflow is read once more, and a row that has changed since is left alone.
 */
import type { Client } from '@temporalio/client';
import type { Kysely } from 'kysely';
import { endEnrollment } from '../db/enrollments.ts';
import type { Database } from '../db/schema.ts';
import { ENDED, type EnrollmentStatus } from '../domain/statuses.ts';
import { readWorkflow } from './read-workflows.ts';

/**
 * @param asked.seen what the row said at the look; no end, since an end is never changed
 * @returns what was done, in words
 */
export async function writeEnrollment(
  { db, client }: { db: Kysely<Database>; client: Client },
  { enrollmentId, seen }: { enrollmentId: string; seen: EnrollmentStatus },
): Promise<string> {
  const workflow = await readWorkflow(client, enrollmentId);
  if (workflow.kind === 'running') {
    const { status, nextChargeAt } = workflow.state;
    return whileSeen(status, (trx) =>
      trx
        .updateTable('enrollments')
        .set({
          status,
          // While it is paused nothing is to come, whatever is planned.
          next_charge_at: status === 'paused' ? null : nextChargeAt,
          updated_at: new Date(),
        })
        .where('id', '=', enrollmentId)
        .execute(),
    );
  }
  const end = workflow.kind === 'closed' ? ENDED.find((status) => status === workflow.result?.status) : null;
  if (workflow.kind !== 'closed' || end === undefined || end === null) {
    return 'its Workflow does not say any more how it stands; nothing is written';
  }
  return whileSeen(end, (trx) =>
    endEnrollment(trx, enrollmentId, { status: end, at: workflow.closedAt, reason: null }),
  );

  /** The row stays as it was seen until it is written. */
  function whileSeen(status: EnrollmentStatus, write: (trx: Kysely<Database>) => Promise<unknown>) {
    return db.transaction().execute(async (trx) => {
      const row = await trx
        .selectFrom('enrollments')
        .select('status')
        .where('id', '=', enrollmentId)
        .forNoKeyUpdate()
        .executeTakeFirst();
      if (row?.status !== seen) {
        return 'its row has changed meanwhile; nothing is written';
      }
      await write(trx);
      return `written from its Workflow: ${status}`;
    });
  }
}

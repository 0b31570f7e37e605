/**
 * Writes an enrollment's status and what is to come as its Workflow says, where no Activity will write it any more, or none
 * before its next charge. Called by repairs only, some time after the look: the Workflow is read once more, and a row that
 * has changed since is left alone.
 */
import type { Client } from '@temporalio/client';
import type { Kysely } from 'kysely';
import { endEnrollment } from '../db/enrollments.ts';
import type { Database } from '../db/schema.ts';
import { ENDED } from '../domain/statuses.ts';
import type { EnrollmentState } from '../workflows/messages.ts';
import type { Repair } from './books.ts';
import { plannedNext } from './compare-plan.ts';
import { readWorkflow } from './read-workflows.ts';

/**
 * @param asked.seen what the row said at the look; no end, since an end is never changed
 * @returns what was done, in words
 */
export async function writeEnrollment(
  { db, client }: { db: Kysely<Database>; client: Client },
  { enrollmentId, seen, seenNextChargeAt }: Omit<Extract<Repair, { do: 'write_enrollment' }>, 'do'>,
): Promise<string> {
  const workflow = await readWorkflow(client, enrollmentId);
  if (workflow.kind === 'running') {
    const { state } = workflow;
    return whileSeen(state.status, async (trx, nextChargeAt) => {
      if (nextChargeAt !== seenNextChargeAt) {
        // A charge has gone on, maybe since the Workflow was read.
        return false;
      }
      await trx
        .updateTable('enrollments')
        .set({
          status: state.status,
          ...pauseOf(state),
          cancel_at: state.cancelAt,
          ...nextOf(state),
          updated_at: new Date(),
        })
        .where('id', '=', enrollmentId)
        .execute();
      return true;
    });
  }
  const end = workflow.kind === 'closed' ? ENDED.find((status) => status === workflow.result?.status) : null;
  if (workflow.kind !== 'closed' || end === undefined || end === null) {
    return 'its Workflow does not say any more how it stands; nothing is written';
  }
  return whileSeen(end, async (trx) => {
    await endEnrollment(trx, enrollmentId, { status: end, at: workflow.closedAt, reason: null });
    return true;
  });

  /** The row stays as it was seen until it is written. @param write false when it writes nothing */
  function whileSeen(
    status: string,
    write: (trx: Kysely<Database>, nextChargeAt: string | null) => Promise<boolean>,
  ) {
    return db.transaction().execute(async (trx) => {
      const row = await trx
        .selectFrom('enrollments')
        .select(['status', 'next_charge_at'])
        .where('id', '=', enrollmentId)
        .forNoKeyUpdate()
        .executeTakeFirst();
      const isWritten = row?.status === seen && (await write(trx, row.next_charge_at?.toISOString() ?? null));
      return isWritten
        ? `written from its Workflow: ${status}`
        : 'its row has changed meanwhile; nothing is written';
    });
  }
}

/** A Worker of before does not tell it. */
function pauseOf({ pausedUntil }: EnrollmentState) {
  return pausedUntil === undefined ? {} : { paused_until: pausedUntil };
}

/** Nothing of what comes next while a charge is under way, whose Activity writes it. */
function nextOf(state: EnrollmentState) {
  const next = plannedNext(state);
  const amountMinor = next === null ? null : state.nextChargeAmountMinor;
  return {
    ...(next === undefined ? {} : { next_charge_at: next }),
    // A Worker of before does not tell the amount.
    ...(next === undefined || amountMinor === undefined ? {} : { next_charge_amount_minor: amountMinor }),
  };
}

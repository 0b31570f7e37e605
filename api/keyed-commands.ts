/** Commands that came with an Idempotency-Key: made once, however often the same request is sent. */
import type { FastifyRequest } from 'fastify';
import type { Kysely } from 'kysely';
import { findKeyedCommand, type KeyedCommand } from '../db/enrollment-history.ts';
import type { EnrollmentView } from '../db/enrollment-views.ts';
import type { Database } from '../db/schema.ts';
import { type KeyedRequest, requestOfEntry, type Said, wordsOf } from '../domain/keyed-requests.ts';
import type { Requested } from '../workflows/messages.ts';
import { requestedIn } from './auth.ts';
import { type CommandOptions, command } from './enrollment-commands.ts';
import { keyMismatch } from './problems.ts';

interface Asked extends Said {
  reason: string | null | undefined;
}

/**
 * Who asks and why, with the Idempotency-Key if there is one and what it stands for. A reason is no part of that.
 * @throws HttpProblem 400, as {@link requestedIn}
 */
export function keyedIn(
  request: FastifyRequest<{ Headers: { 'idempotency-key'?: string | undefined } }>,
  { reason, ...said }: Asked,
): Requested {
  const key = request.headers['idempotency-key'];
  const requested = requestedIn(request, reason);
  return key === undefined ? requested : { ...requested, request: { key, what: wordsOf(said) } };
}

/**
 * {@link command}, once under its key. A repeat is answered from the timeline, for ever; where that has nothing of it, or
 * not yet, by the Workflow, which also refuses another command under the key.
 * @returns its answer; `made` is what was made before
 * @throws HttpProblem 409 when the key was used for something else; what `command` throws
 */
export async function commandOnce<Answer>(
  db: Kysely<Database>,
  view: EnrollmentView,
  { request }: Requested,
  send: () => Promise<Answer>,
  options: CommandOptions = {},
): Promise<{ answer: Answer } | { made: KeyedCommand }> {
  const made = await madeBefore(db, view.id, request);
  return made === undefined ? { answer: await command(db, view, send, options) } : { made };
}

/**
 * What the same request has done before.
 * @throws HttpProblem 409 when another one was made under the key
 */
export async function madeBefore(
  db: Kysely<Database>,
  enrollmentId: string,
  request: KeyedRequest | undefined,
): Promise<KeyedCommand | undefined> {
  const made = request && (await findKeyedCommand(db, enrollmentId, request.key));
  if (made !== undefined) {
    const earlier = requestOfEntry(made.what, made.details);
    if (earlier !== request?.what) {
      throw keyMismatch(earlier);
    }
  }
  return made;
}

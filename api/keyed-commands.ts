/** Commands that came with an Idempotency-Key: made once, however often the same request is sent. */
import type { FastifyRequest } from 'fastify';
import type { Kysely } from 'kysely';
import { findKeyedCommand } from '../db/enrollment-history.ts';
import type { EnrollmentView } from '../db/enrollment-views.ts';
import type { Database } from '../db/schema.ts';
import type { KeyedRequest } from '../domain/open-charge.ts';
import type { Requested } from '../workflows/messages.ts';
import { requestedIn } from './auth.ts';
import { command } from './enrollment-commands.ts';
import { HttpProblem } from './problems.ts';

interface Asked {
  /** As in the address. */
  command: string;
  chargeId?: string;
  /** What else the command says, defaults filled in. */
  says?: Record<string, string | number | null>;
  reason: string | null | undefined;
}

/**
 * Who asks and why, with the Idempotency-Key if there is one and what it stands for. A reason is no part of that.
 * @throws HttpProblem 400, as {@link requestedIn}
 */
export function keyedIn(
  request: FastifyRequest<{ Headers: { 'idempotency-key'?: string | undefined } }>,
  { command: name, chargeId, says, reason }: Asked,
): Requested {
  const key = request.headers['idempotency-key'];
  const requested = requestedIn(request, reason);
  const what = [name, chargeId, says && JSON.stringify(says)].filter(Boolean).join(' ');
  return key === undefined ? requested : { ...requested, request: { key, what } };
}

/**
 * {@link command}, once under its key. A repeat is answered from the timeline, for ever; by Temporal while the first one is
 * being carried out.
 * @throws HttpProblem 409 when the key was used for something else; what `command` throws
 */
export async function commandOnce(
  db: Kysely<Database>,
  view: EnrollmentView,
  { request }: Requested,
  send: () => Promise<unknown>,
): Promise<void> {
  if (await wasMade(db, view.id, request)) {
    return;
  }
  await command(db, view, send);
  // Another request may have come first under the same key: what it did is written by now.
  await wasMade(db, view.id, request);
}

/**
 * Whether the same request was carried out before.
 * @throws HttpProblem 409 when another one was, under the same key
 */
export async function wasMade(
  db: Kysely<Database>,
  enrollmentId: string,
  request: KeyedRequest | undefined,
): Promise<boolean> {
  const earlier = request && (await findKeyedCommand(db, enrollmentId, request.key));
  if (request === undefined || earlier === undefined) {
    return false;
  }
  if (earlier.details.request !== request.what) {
    throw keyMismatch(earlier.details.request ?? earlier.what);
  }
  return true;
}

/** @param made what the key was used for */
export function keyMismatch(made: string): HttpProblem {
  return new HttpProblem(
    409,
    'idempotency_mismatch',
    `this Idempotency-Key was used for ${made}; send a new key for another command`,
    { param: 'Idempotency-Key' },
  );
}

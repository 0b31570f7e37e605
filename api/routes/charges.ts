/** Charges of an enrollment: the list, one asked for by the caller, and resuming one that needs attention. */
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { findCharge, findChargeOfRequest, listCharges } from '../../db/enrollment-history.ts';
import type { Charge, Enrollment } from '../../db/schema.ts';
import { isChargeOf } from '../../domain/ids.ts';
import { checkAmount } from '../../domain/money.ts';
import { requestedIn } from '../auth.ts';
import { CommandRefused } from '../billing-client.ts';
import { chargeObjectOf } from '../charge-object.ts';
import type { ApiDeps } from '../deps.ts';
import { command, existingEnrollment } from '../enrollment-commands.ts';
import { HttpProblem, invalidRequest, notFound } from '../problems.ts';
import { chargeObject, newCharge } from '../schemas/charges.ts';
import { enrollmentParams, reasonBody } from '../schemas/enrollments.ts';
import { commonErrors, conflictError, notFoundError } from '../schemas/errors.ts';
import { numberedPageQuery, page, pageOf } from '../schemas/lists.ts';
import { chargeId, idempotencyHeaders } from '../schemas/texts.ts';

const chargeParams = z.object({ ...enrollmentParams.shape, chargeId });

export function chargeRoutes(deps: ApiDeps): FastifyPluginAsyncZod {
  const { db, billing } = deps;

  return async (app) => {
    app.get(
      '/enrollments/:id/charges',
      {
        config: { scope: 'read' },
        schema: {
          tags: ['charges'],
          summary: 'List the charges of an enrollment, the newest first',
          params: enrollmentParams,
          querystring: z.strictObject(numberedPageQuery),
          response: { 200: pageOf(chargeObject), ...commonErrors, ...notFoundError },
        },
      },
      async (request) => {
        const { id } = request.params;
        const { limit, cursor } = request.query;
        await existingEnrollment(db, id);
        const rows = await listCharges(db, id, { beforeNumber: cursor, limit: limit + 1 });
        return page(rows, limit, chargeObjectOf, (last) => String(last.number));
      },
    );

    app.get(
      '/enrollments/:id/charges/:chargeId',
      {
        config: { scope: 'read' },
        schema: {
          tags: ['charges'],
          summary: 'Read a charge',
          params: chargeParams,
          response: { 200: chargeObject, ...commonErrors, ...notFoundError },
        },
      },
      async (request) => {
        const { id, chargeId: wanted } = request.params;
        await existingEnrollment(db, id);
        const row = await findCharge(db, id, wanted);
        if (row === undefined) {
          throw notFound('charge', wanted);
        }
        return chargeObjectOf(row);
      },
    );

    app.post(
      '/enrollments/:id/charges',
      {
        config: { scope: 'write' },
        schema: {
          tags: ['charges'],
          summary: 'Charge the customer once, besides the schedule',
          description:
            'The charge is made in the background, with the saved payment method. The same Idempotency-Key is the same charge, for ever; with another amount or description it is refused.',
          params: enrollmentParams,
          headers: idempotencyHeaders,
          body: newCharge,
          response: {
            202: chargeObject.describe('Accepted; read it again to see what became of it'),
            ...commonErrors,
            ...notFoundError,
            ...conflictError,
          },
        },
      },
      async (request, reply) => {
        const { id } = request.params;
        const { amount_minor: amountMinor, description } = request.body;
        const view = await existingEnrollment(db, id);
        const problem = checkAmount(amountMinor, view.currency);
        if (problem !== null) {
          throw invalidRequest([{ param: 'amount_minor', message: `amount_minor: ${problem.message}` }]);
        }
        const requestKey = request.headers['idempotency-key'];
        const requested = requestedIn(request, null);
        // The row answers for ever, also after the end; the Workflow for what has no row yet.
        const earlier = await findChargeOfRequest(db, id, requestKey);
        if (earlier !== undefined) {
          assertSameCharge(earlier, amountMinor, description);
          return reply.code(202).send(chargeObjectOf(earlier));
        }
        const accepted = await command(db, view, () =>
          billing.createCharge(id, { ...requested, requestKey, amountMinor, description }),
        );
        const row = await findCharge(db, id, accepted.chargeId);
        if (row !== undefined) {
          assertSameCharge(row, amountMinor, description);
        }
        const charge = row ?? acceptedCharge(view, accepted.chargeId, amountMinor, description);
        return reply.code(202).send(chargeObjectOf(charge));
      },
    );

    app.post(
      '/enrollments/:id/charges/:chargeId/resume',
      {
        config: { scope: 'operate' },
        schema: {
          tags: ['charges'],
          summary: 'Resume a charge that needs attention',
          description:
            'After what parked it was mended, e.g. a revoked Stripe key: what was refused is done again.',
          params: chargeParams,
          body: reasonBody,
          response: {
            202: chargeObject.describe('It is being done again'),
            ...commonErrors,
            ...notFoundError,
            ...conflictError,
          },
        },
      },
      async (request, reply) => {
        const { id, chargeId: wanted } = request.params;
        const view = await existingEnrollment(db, id);
        if (!isChargeOf(id, wanted)) {
          throw notFound('charge', wanted);
        }
        const requested = requestedIn(request, request.body?.reason);
        try {
          await command(db, view, () => billing.resumeCharge(id, wanted, requested));
        } catch (error) {
          // The Workflow knows what is open, the rows what there was.
          if (error instanceof CommandRefused && error.code === 'charge_unknown') {
            if ((await findCharge(db, id, wanted)) === undefined) {
              throw notFound('charge', wanted);
            }
          }
          throw error;
        }
        const charge = await findCharge(db, id, wanted);
        if (charge === undefined) {
          throw new Error(`${wanted} was resumed and has no row`);
        }
        return reply.code(202).send(chargeObjectOf(charge));
      },
    );
  };
}

/** @throws HttpProblem 409 when the key was used for another charge */
function assertSameCharge(row: Charge, amountMinor: number, description: string | null): void {
  if (row.amount_minor !== amountMinor || row.description !== description) {
    throw new HttpProblem(
      409,
      'idempotency_mismatch',
      `this Idempotency-Key was used for ${row.id} with another amount or description; send a new key for a new charge`,
      { param: 'Idempotency-Key' },
    );
  }
}

/** The charge as it stands before its first attempt, whose Activity writes the row. */
function acceptedCharge(
  enrollment: Enrollment,
  id: string,
  amountMinor: number,
  description: string | null,
): Charge {
  const now = new Date();
  return {
    id,
    enrollment_id: enrollment.id,
    number: Number(id.slice(id.lastIndexOf('_') + 1)),
    occurrence: null,
    origin: 'api',
    request_key: null,
    description,
    amount_minor: amountMinor,
    currency: enrollment.currency,
    due_at: now,
    status: 'scheduled',
    payment_intent_id: null,
    attempts: 0,
    next_attempt_at: null,
    captured_minor: 0,
    refunded_minor: 0,
    dispute_status: null,
    last_code: null,
    last_decline_code: null,
    status_reason: null,
    refund_refused: null,
    settled_at: null,
    created_at: now,
    updated_at: now,
  };
}

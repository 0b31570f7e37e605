/** Charges of an enrollment: the list, one asked for by the caller, and resuming one that needs attention. */
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { findCharge, findChargeOfRequest, listCharges } from '../../db/enrollment-history.ts';
import type { Charge } from '../../db/schema.ts';
import { chargeNumber } from '../../domain/ids.ts';
import { checkAmount } from '../../domain/money.ts';
import type { UntriedCharge } from '../../workflows/messages.ts';
import { requestedIn } from '../auth.ts';
import { CommandRefused } from '../billing-client.ts';
import { chargeObjectOf } from '../charge-object.ts';
import type { ApiDeps } from '../deps.ts';
import { command, existingEnrollment } from '../enrollment-commands.ts';
import { existingCharge, untriedRow } from '../existing-charge.ts';
import { commandOnce, keyedIn } from '../keyed-commands.ts';
import { invalidRequest, keyMismatch, notFound } from '../problems.ts';
import { chargeObject, newCharge } from '../schemas/charges.ts';
import { enrollmentParams, reasonBody } from '../schemas/enrollments.ts';
import { commonErrors, conflictError, notFoundError } from '../schemas/errors.ts';
import { numberedPageQuery, page, pageOf } from '../schemas/lists.ts';
import { chargeId, optionalKeyHeaders, requiredKeyHeaders } from '../schemas/texts.ts';

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
          operationId: 'listCharges',
          summary: 'List the charges of an enrollment, the newest first',
          description:
            'A charge is in the list once its first attempt has begun; before that it can be read by its id.',
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
          operationId: 'getCharge',
          summary: 'Read a charge',
          description:
            'Also one that was accepted a moment ago, and is not begun: its Workflow is asked then, and a Worker must run.',
          params: chargeParams,
          response: { 200: chargeObject, ...commonErrors, ...notFoundError },
        },
      },
      async (request) => {
        const { id, chargeId: wanted } = request.params;
        const view = await existingEnrollment(db, id);
        return chargeObjectOf(await existingCharge(deps, view, wanted));
      },
    );

    app.post(
      '/enrollments/:id/charges',
      {
        config: { scope: 'write', repeat: 'under_key' },
        schema: {
          tags: ['charges'],
          operationId: 'createCharge',
          summary: 'Charge the customer once, besides the schedule',
          description:
            'The charge is made in the background, with the saved payment method. The same Idempotency-Key is the same charge, for ever; with another amount or description it is refused. While a dispute of the customer is open nothing is charged, and a new charge is refused (`charge_disputed`). One that a dispute finds accepted and not begun waits until it is over; it can be canceled.',
          params: enrollmentParams,
          headers: requiredKeyHeaders,
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
        const charge = row ?? untriedRow(view, acceptedNow(accepted.chargeId, amountMinor, description));
        return reply.code(202).send(chargeObjectOf(charge));
      },
    );

    app.post(
      '/enrollments/:id/charges/:chargeId/resume',
      {
        config: { scope: 'operate', repeat: 'under_key' },
        schema: {
          tags: ['charges'],
          operationId: 'resumeCharge',
          summary: 'Resume a charge that needs attention',
          description:
            'After what parked it was mended, e.g. a revoked Stripe key: what was refused is done again.',
          params: chargeParams,
          headers: optionalKeyHeaders,
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
        if (chargeNumber(id, wanted) === null) {
          throw notFound('charge', wanted);
        }
        const { reason } = request.body ?? {};
        const requested = keyedIn(request, { command: 'resume', chargeId: wanted, reason });
        try {
          const resume = () => billing.resumeCharge(id, wanted, requested);
          await commandOnce(db, view, requested, resume, { ofCharge: { id: wanted, asks: 'resume' } });
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
    throw keyMismatch(`${row.id} with another amount or description`, 'a new charge');
  }
}

function acceptedNow(id: string, amountMinor: number, description: string | null): UntriedCharge {
  const number = Number(id.slice(id.lastIndexOf('_') + 1));
  return { id, number, origin: 'api', description, amountMinor, dueAt: new Date().toISOString() };
}

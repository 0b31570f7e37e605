/** What a caller can change about the schedule: pause, skip, move, charge now, another amount, a cancel that comes later. */
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import type { PlannedCharge } from '../../domain/terms.ts';
import { requestedIn } from '../auth.ts';
import type { ApiDeps } from '../deps.ts';
import { command, existingEnrollment } from '../enrollment-commands.ts';
import { enrollmentObjectOf } from '../enrollment-object.ts';
import {
  amountBody,
  cancelPreviewObject,
  moveBody,
  pauseBody,
  previewQuery,
  scheduleAnswer,
} from '../schemas/commands.ts';
import { enrollmentObject, enrollmentParams, reasonBody } from '../schemas/enrollments.ts';
import { commonErrors, conflictError, notFoundError } from '../schemas/errors.ts';
import { optionalIdempotencyHeaders } from '../schemas/texts.ts';

const ERRORS = { ...commonErrors, ...notFoundError, ...conflictError };

export function scheduleCommandRoutes(deps: ApiDeps): FastifyPluginAsyncZod {
  const { db, billing, settings, links } = deps;
  const context = {
    links,
    temporalUiUrl: settings.TEMPORAL_UI_URL,
    temporalNamespace: settings.TEMPORAL_NAMESPACE,
  };
  const enrollment = async (id: string) => enrollmentObjectOf(await existingEnrollment(db, id), context);
  const tags = ['enrollments'];
  const params = enrollmentParams;
  const enrollmentAnswer = { 200: enrollmentObject, ...ERRORS };
  const changeAnswer = { 200: scheduleAnswer, ...ERRORS };

  return async (app) => {
    app.post(
      '/enrollments/:id/pause',
      {
        config: { scope: 'write' },
        schema: {
          tags,
          summary: 'Pause an enrollment',
          description: 'The schedule rests; what is past due goes on being collected.',
          params,
          body: pauseBody,
          response: enrollmentAnswer,
        },
      },
      async (request) => {
        const { id } = request.params;
        const resumeAt = request.body?.resume_at ?? null;
        const asked = { ...requestedIn(request, request.body?.reason), resumeAt };
        await command(db, await existingEnrollment(db, id), () => billing.pauseEnrollment(id, asked));
        return enrollment(id);
      },
    );

    app.get(
      '/enrollments/:id/cancel-preview',
      {
        config: { scope: 'read' },
        schema: {
          tags,
          summary: 'What a cancel would stop, and what stays owed',
          params,
          querystring: previewQuery,
          response: { 200: cancelPreviewObject, ...ERRORS },
        },
      },
      async (request) => {
        const { id } = request.params;
        const view = await existingEnrollment(db, id);
        const preview = await command(db, view, () => billing.previewCancel(id, request.query.when));
        return {
          object: 'cancel_preview' as const,
          takes_effect_at: preview.takesEffectAt,
          next_charge_stopped: plannedObject(preview.nextChargeStopped),
          charges: preview.charges.map(({ id: charge, amountMinor, fate }) => ({
            id: charge,
            amount_minor: amountMinor,
            fate,
          })),
          still_owed_minor: preview.stillOwedMinor,
          may_still_succeed_minor: preview.mayStillSucceedMinor,
          late_success: preview.lateSuccess,
        };
      },
    );

    for (const [path, summary, ask] of [
      ['cancel-at-period-end', 'Cancel when the running period is over', billing.cancelAtPeriodEnd],
      ['undo-cancel', "Take a cancel at the period's end back", billing.undoCancel],
    ] as const) {
      app.post(
        `/enrollments/:id/${path}`,
        {
          config: { scope: 'write' },
          schema: { tags, summary, params, body: reasonBody, response: enrollmentAnswer },
        },
        async (request) => {
          const { id } = request.params;
          const asked = requestedIn(request, request.body?.reason);
          await command(db, await existingEnrollment(db, id), async () => ask(id, asked));
          return enrollment(id);
        },
      );
    }

    for (const [path, summary, ask] of [
      ['skip-next', 'Leave the next charge of the schedule out', billing.skipNext],
      ['charge-now', 'Make the next charge of the schedule now', billing.chargeNow],
    ] as const) {
      app.post(
        `/enrollments/:id/${path}`,
        {
          config: { scope: 'write' },
          schema: { tags, summary, params, body: reasonBody, response: changeAnswer },
        },
        async (request) => {
          const { id } = request.params;
          const asked = requestedIn(request, request.body?.reason);
          const { next } = await command(db, await existingEnrollment(db, id), () => ask(id, asked));
          return changeObject({ next });
        },
      );
    }

    app.post(
      '/enrollments/:id/move-next',
      {
        config: { scope: 'write' },
        schema: {
          tags,
          summary: 'Move the next charge of the schedule; those after it keep their instants',
          params,
          body: moveBody,
          response: changeAnswer,
        },
      },
      async (request) => {
        const { id } = request.params;
        const asked = { ...requestedIn(request, request.body.reason), dueAt: request.body.due_at };
        const view = await existingEnrollment(db, id);
        return changeObject(await command(db, view, () => billing.moveNext(id, asked)));
      },
    );

    app.post(
      '/enrollments/:id/amount',
      {
        config: { scope: 'write' },
        schema: {
          tags,
          summary: 'Change the amount of a recurring schedule',
          params,
          headers: optionalIdempotencyHeaders,
          body: amountBody,
          response: changeAnswer,
        },
      },
      async (request) => {
        const { id } = request.params;
        const { amount_minor: amountMinor, effective, reason } = request.body;
        const requestKey = request.headers['idempotency-key'];
        const asked = {
          ...requestedIn(request, reason),
          amountMinor,
          effective,
          ...(requestKey === undefined ? {} : { requestKey }),
        };
        const view = await existingEnrollment(db, id);
        return changeObject(await command(db, view, () => billing.changeAmount(id, asked)));
      },
    );
  };
}

function changeObject(change: {
  next: PlannedCharge | null;
  balanceMinor?: number;
  chargeId?: string | null;
}) {
  return {
    object: 'schedule_change' as const,
    next_charge: plannedObject(change.next),
    balance_minor: change.balanceMinor ?? null,
    charge_id: change.chargeId ?? null,
  };
}

function plannedObject(charge: PlannedCharge | null) {
  return charge === null ? null : { due_at: charge.dueAt, amount_minor: charge.amountMinor };
}

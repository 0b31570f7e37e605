/** What a caller can change about the schedule: pause, skip, move, charge now, another amount, a cancel that comes later. */
import type { FastifyRequest } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import type { KeyedCommand } from '../../db/enrollment-history.ts';
import type { EnrollmentView } from '../../db/enrollment-views.ts';
import type { PlannedCharge } from '../../domain/terms.ts';
import type { Requested, ScheduleAnswer } from '../../workflows/messages.ts';
import type { ApiDeps } from '../deps.ts';
import { command, existingEnrollment } from '../enrollment-commands.ts';
import { enrollmentObjectOf } from '../enrollment-object.ts';
import { commandOnce, keyedIn } from '../keyed-commands.ts';
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
import { optionalKeyHeaders, requiredKeyHeaders } from '../schemas/texts.ts';

/** The last two of a change of amount. */
type Change = ScheduleAnswer & { balanceMinor?: number; chargeId?: string | null };

const ERRORS = { ...commonErrors, ...notFoundError, ...conflictError };

const WHILE_TRIED =
  'Refused (`charge_busy`) while the charge that was next is being tried for the first time.';

export function scheduleCommandRoutes(deps: ApiDeps): FastifyPluginAsyncZod {
  const { db, billing, settings, links } = deps;
  const context = {
    links,
    temporalUiUrl: settings.TEMPORAL_UI_URL,
    temporalNamespace: settings.TEMPORAL_NAMESPACE,
  };
  const enrollment = async (id: string, { apiKeyScopes }: FastifyRequest) =>
    enrollmentObjectOf(await existingEnrollment(db, id), context, apiKeyScopes);
  const tags = ['enrollments'];
  const params = enrollmentParams;
  const enrollmentAnswer = { 200: enrollmentObject, ...ERRORS };
  const changeAnswer = { 200: scheduleAnswer, ...ERRORS };

  /** What came of a change; of one that was made before, what is planned by now. */
  async function changed(id: string, asked: Requested, ask: () => Promise<Change>) {
    const view = await existingEnrollment(db, id);
    const outcome = await commandOnce(db, view, asked, ask);
    return 'made' in outcome ? repeatedChange(view, outcome.made) : changeObject(outcome.answer);
  }

  return async (app) => {
    app.post(
      '/enrollments/:id/pause',
      {
        config: { scope: 'write', repeat: 'under_key' },
        schema: {
          tags,
          operationId: 'pauseEnrollment',
          summary: 'Pause an enrollment',
          description: 'The schedule rests; what is past due goes on being collected.',
          params,
          headers: optionalKeyHeaders,
          body: pauseBody,
          response: enrollmentAnswer,
        },
      },
      async (request) => {
        const { id } = request.params;
        const { resume_at: resumeAt = null, reason } = request.body ?? {};
        const says = { resume_at: resumeAt };
        const asked = { ...keyedIn(request, { command: 'pause', says, reason }), resumeAt };
        const view = await existingEnrollment(db, id);
        await commandOnce(db, view, asked, () => billing.pauseEnrollment(id, asked));
        return enrollment(id, request);
      },
    );

    app.get(
      '/enrollments/:id/cancel-preview',
      {
        config: { scope: 'read' },
        schema: {
          tags,
          operationId: 'previewCancel',
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

    for (const [path, operationId, summary, ask] of [
      [
        'cancel-at-period-end',
        'cancelAtPeriodEnd',
        'Cancel when the running period is over',
        billing.cancelAtPeriodEnd,
      ],
      ['undo-cancel', 'undoCancel', "Take a cancel at the period's end back", billing.undoCancel],
    ] as const) {
      app.post(
        `/enrollments/:id/${path}`,
        {
          config: { scope: 'write', repeat: 'under_key' },
          schema: {
            tags,
            operationId,
            summary,
            params,
            headers: optionalKeyHeaders,
            body: reasonBody,
            response: enrollmentAnswer,
          },
        },
        async (request) => {
          const { id } = request.params;
          const { reason } = request.body ?? {};
          const asked = keyedIn(request, { command: path, reason });
          await commandOnce<unknown>(db, await existingEnrollment(db, id), asked, () => ask(id, asked));
          return enrollment(id, request);
        },
      );
    }

    for (const [path, operationId, summary, ask] of [
      ['skip-next', 'skipNextCharge', 'Leave the next charge of the schedule out', billing.skipNext],
      ['charge-now', 'chargeNow', 'Make the next charge of the schedule now', billing.chargeNow],
    ] as const) {
      app.post(
        `/enrollments/:id/${path}`,
        {
          config: { scope: 'write', repeat: 'under_key' },
          schema: {
            tags,
            operationId,
            summary,
            description: WHILE_TRIED,
            params,
            headers: requiredKeyHeaders,
            body: reasonBody,
            response: changeAnswer,
          },
        },
        async (request) => {
          const { id } = request.params;
          const asked = keyedIn(request, { command: path, reason: request.body?.reason });
          return changed(id, asked, () => ask(id, asked));
        },
      );
    }

    app.post(
      '/enrollments/:id/move-next',
      {
        config: { scope: 'write', repeat: 'under_key' },
        schema: {
          tags,
          operationId: 'moveNextCharge',
          summary: 'Move the next charge of the schedule; those after it keep their instants',
          description: WHILE_TRIED,
          params,
          headers: optionalKeyHeaders,
          body: moveBody,
          response: changeAnswer,
        },
      },
      async (request) => {
        const { id } = request.params;
        const { due_at: dueAt, reason } = request.body;
        const says = { due_at: dueAt };
        const asked = { ...keyedIn(request, { command: 'move-next', says, reason }), dueAt };
        return changed(id, asked, () => billing.moveNext(id, asked));
      },
    );

    app.post(
      '/enrollments/:id/amount',
      {
        config: { scope: 'write', repeat: 'under_key' },
        schema: {
          tags,
          operationId: 'changeAmount',
          summary: 'Change the amount of a recurring schedule',
          description:
            'A credit, and what is too little to charge, is the balance, which meets the next charge. When that one ends without being paid, the balance comes back (`charge.balance_returned` in the timeline), except for what the customer owed if it was forgiven or given up. What is left when the enrollment ends is told with its end (`balance_minor`), and left to you. A refund gives back what its charge took: credit that the charge had met stays used, and a credit that no charge has met yet does not get less when the charge that it comes from is refunded. While a dispute of the customer is open, a higher amount `at_once` is refused (`charge_disputed`).',
          params,
          headers: optionalKeyHeaders,
          body: amountBody,
          response: changeAnswer,
        },
      },
      async (request) => {
        const { id } = request.params;
        const { amount_minor: amountMinor, effective, reason } = request.body;
        const says = { amount_minor: amountMinor, effective };
        const asked = { ...keyedIn(request, { command: 'amount', says, reason }), amountMinor, effective };
        return changed(id, asked, () => billing.changeAmount(id, asked));
      },
    );
  };
}

/** What came of a change that was made before, with the next charge as it is planned now. */
function repeatedChange(view: EnrollmentView, { details }: KeyedCommand) {
  const { next_charge_at: at, next_charge_amount_minor: amountMinor } = view;
  return {
    object: 'schedule_change' as const,
    next_charge:
      at === null || amountMinor === null ? null : plannedObject({ dueAt: at.toISOString(), amountMinor }),
    balance_minor: details.balance_minor ?? null,
    charge_id: details.charge_id ?? null,
  };
}

function changeObject(change: Change) {
  return {
    object: 'schedule_change' as const,
    next_charge: plannedObject(change.next),
    balance_minor: change.balanceMinor ?? null,
    charge_id: change.chargeId ?? null,
  };
}

function plannedObject(charge: Pick<PlannedCharge, 'dueAt' | 'amountMinor'> | null) {
  return charge === null ? null : { due_at: charge.dueAt, amount_minor: charge.amountMinor };
}

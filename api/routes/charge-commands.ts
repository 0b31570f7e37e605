/** What a caller can ask about one charge: try, confirm, capture, cancel, forgive, extend, stop, refund. */
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { findPaidCharge, findRefund, listRefunds } from '../../db/aftermath.ts';
import { findCharge } from '../../db/enrollment-history.ts';
import type { Charge, Refund } from '../../db/schema.ts';
import { chargeStep } from '../../domain/charge-states.ts';
import type { Requested } from '../../workflows/messages.ts';
import { requestedIn } from '../auth.ts';
import { chargeObjectOf } from '../charge-object.ts';
import type { ApiDeps } from '../deps.ts';
import { type CommandOptions, command, existingEnrollment } from '../enrollment-commands.ts';
import { existingCharge } from '../existing-charge.ts';
import { commandOnce, keyedIn, madeBefore } from '../keyed-commands.ts';
import { HttpProblem, keyMismatch, notFound } from '../problems.ts';
import { chargeObject } from '../schemas/charges.ts';
import {
  authenticationObject,
  captureBody,
  extendBody,
  refundBody,
  refundObject,
} from '../schemas/commands.ts';
import { enrollmentParams, reasonBody } from '../schemas/enrollments.ts';
import { commonErrors, conflictError, notFoundError } from '../schemas/errors.ts';
import { chargeId, optionalKeyHeaders as headers, requiredKeyHeaders } from '../schemas/texts.ts';

const params = z.object({ ...enrollmentParams.shape, chargeId });
const ERRORS = { ...commonErrors, ...notFoundError, ...conflictError };
const tags = ['charges'];

export function chargeCommandRoutes(deps: ApiDeps): FastifyPluginAsyncZod {
  const { db, billing } = deps;

  async function writtenCharge(id: string, wanted: string): Promise<Charge> {
    const charge = await findCharge(db, id, wanted);
    if (charge === undefined) {
      throw notFound('charge', wanted);
    }
    return charge;
  }

  /** Sends a command of a charge, and answers with the charge as it stands afterwards. */
  async function ordered(
    id: string,
    charge: NonNullable<CommandOptions['ofCharge']>,
    asked: Requested,
    send: () => Promise<unknown>,
  ) {
    const view = await existingEnrollment(db, id);
    const { id: wanted } = charge;
    await existingCharge(deps, view, wanted);
    await commandOnce(db, view, asked, send, { ofCharge: charge });
    return chargeObjectOf(await existingCharge(deps, view, wanted));
  }

  /** Those that say nothing but which charge they are about. */
  const commands = [
    ['retry', 'retry', 'retryCharge', 'Try a charge now', billing.retryCharge],
    ['stop-dunning', 'stop_dunning', 'stopDunning', 'Give a declined charge up now', billing.stopDunning],
    [
      'cancel',
      'cancel',
      'cancelCharge',
      'Cancel one charge; held money is released, a bank debit is stopped if the bank allows',
      (id: string, chargeId: string, asked: Requested) =>
        billing.cancelCharge(id, chargeId, { ...asked, as: 'cancel' }),
    ],
    [
      'forgive',
      'forgive',
      'forgiveCharge',
      'Forgive a charge: it is no longer owed',
      (id: string, chargeId: string, asked: Requested) =>
        billing.cancelCharge(id, chargeId, { ...asked, as: 'forgive' }),
    ],
  ] as const;

  return async (app) => {
    for (const [path, asks, operationId, summary, ask] of commands) {
      app.post(
        `/enrollments/:id/charges/:chargeId/${path}`,
        {
          config: { scope: 'operate', repeat: 'under_key' },
          schema: {
            tags,
            operationId,
            summary,
            params,
            headers,
            body: reasonBody,
            response: { 200: chargeObject, ...ERRORS },
          },
        },
        (request) => {
          const { id, chargeId: wanted } = request.params;
          const { reason } = request.body ?? {};
          const asked = keyedIn(request, { command: path, chargeId: wanted, reason });
          return ordered(id, { id: wanted, asks }, asked, () => ask(id, wanted, asked));
        },
      );
    }

    app.post(
      '/enrollments/:id/charges/:chargeId/capture',
      {
        config: { scope: 'operate', repeat: 'under_key' },
        schema: {
          tags,
          operationId: 'captureCharge',
          summary: 'Capture held money, in full or in part',
          description:
            'When Stripe refuses the amount, the charge stays `requires_capture`, `status_reason` says why, and another amount can be captured.',
          params,
          headers,
          body: captureBody,
          response: { 200: chargeObject, ...ERRORS },
        },
      },
      (request) => {
        const { id, chargeId: wanted } = request.params;
        const { amount_minor: amountMinor = null, reason } = request.body ?? {};
        const says = { amount_minor: amountMinor };
        const keyed = keyedIn(request, { command: 'capture', chargeId: wanted, says, reason });
        const asked = { ...keyed, amountMinor };
        const charge = { id: wanted, asks: 'capture' } as const;
        return ordered(id, charge, asked, () => billing.captureCharge(id, wanted, asked));
      },
    );

    app.post(
      '/enrollments/:id/charges/:chargeId/extend-dunning',
      {
        config: { scope: 'operate', repeat: 'under_key' },
        schema: {
          tags,
          operationId: 'extendDunning',
          summary: 'Be more patient with a declined charge',
          params,
          headers,
          body: extendBody,
          response: { 200: chargeObject, ...ERRORS },
        },
      },
      (request) => {
        const { id, chargeId: wanted } = request.params;
        const { days, reason } = request.body;
        const keyed = keyedIn(request, {
          command: 'extend-dunning',
          chargeId: wanted,
          says: { days },
          reason,
        });
        const asked = { ...keyed, days };
        const charge = { id: wanted, asks: 'extend_dunning' } as const;
        return ordered(id, charge, asked, () => billing.extendDunning(id, wanted, asked));
      },
    );

    app.post(
      '/enrollments/:id/charges/:chargeId/authenticate',
      {
        config: { scope: 'write', repeat: 'under_key' },
        schema: {
          tags,
          operationId: 'authenticateCharge',
          summary: 'Confirm a declined charge while the customer is there',
          description:
            'Every request begins another confirmation; a repeat under the same Idempotency-Key leads to the one that was begun. While Stripe takes its time, a request with a key is answered 503 `confirmation_pending`: repeat it.',
          params,
          headers,
          body: reasonBody,
          response: { 200: authenticationObject, ...ERRORS },
        },
      },
      async (request) => {
        const { id, chargeId: wanted } = request.params;
        const view = await existingEnrollment(db, id);
        await writtenCharge(id, wanted);
        const { reason } = request.body ?? {};
        const asked = keyedIn(request, { command: 'authenticate', chargeId: wanted, reason });
        await madeBefore(db, id, asked.request);
        // Also when it was made: where the customer confirms is with Temporal, and with the Workflow.
        const answer = await command(db, view, () => billing.authenticateCharge(id, wanted, asked));
        if (answer.pending && answer.redirectUrl === null) {
          throw confirmationPending(wanted);
        }
        // Where nobody is sent on, it is over, perhaps long after the answer that was kept.
        const { status } = answer.redirectUrl === null ? await writtenCharge(id, wanted) : answer;
        return {
          object: 'authentication' as const,
          charge_id: wanted,
          status,
          redirect_url: answer.redirectUrl,
        };
      },
    );

    app.post(
      '/enrollments/:id/charges/:chargeId/refunds',
      {
        config: { scope: 'operate', repeat: 'under_key' },
        schema: {
          tags,
          operationId: 'createRefund',
          summary: 'Give a charge back, in full or in part',
          description:
            'Also after its enrollment has ended. Never more than was captured. The same Idempotency-Key is the same refund, for ever; with another amount it is refused.',
          params,
          headers: requiredKeyHeaders,
          body: refundBody,
          response: { 200: refundObject, ...ERRORS },
        },
      },
      async (request) => {
        const { id, chargeId: wanted } = request.params;
        await existingEnrollment(db, id);
        const row = await writtenCharge(id, wanted);
        const requestKey = request.headers['idempotency-key'];
        const amountMinor = request.body?.amount_minor ?? null;
        const earlier = await findRefund(db, wanted, requestKey);
        if (earlier !== undefined) {
          assertSameRefund(earlier, amountMinor);
          return refundObjectOf(wanted, { ...earlier, amountMinor: earlier.amount_minor });
        }
        const step = chargeStep(row.status, 'refund');
        if ('refused' in step) {
          throw new HttpProblem(409, step.refused.code, step.refused.message);
        }
        const charge = await findPaidCharge(db, { chargeId: wanted });
        if (charge === undefined) {
          throw notFound('charge', wanted);
        }
        const made = await billing.refundCharge(charge, {
          ...requestedIn(request, request.body?.reason),
          requestKey,
          amountMinor,
        });
        // Another request under the key may have been made since the row was looked for: that one is the answer.
        const kept = amountMinor === null ? await findRefund(db, wanted, requestKey) : undefined;
        assertSameRefund(
          { id: made.refundId, amount_minor: made.amountMinor, asked_for_all: kept?.asked_for_all ?? null },
          amountMinor,
        );
        return refundObjectOf(wanted, { id: made.refundId, ...made });
      },
    );

    app.get(
      '/enrollments/:id/charges/:chargeId/refunds',
      {
        config: { scope: 'read' },
        schema: {
          tags,
          operationId: 'listRefunds',
          summary: 'List the refunds of a charge, the oldest first',
          params,
          response: {
            200: z.object({ object: z.literal('list'), data: z.array(refundObject) }),
            ...ERRORS,
          },
        },
      },
      async (request) => {
        const { id, chargeId: wanted } = request.params;
        await existingEnrollment(db, id);
        await writtenCharge(id, wanted);
        const rows = await listRefunds(db, wanted);
        return {
          object: 'list' as const,
          data: rows.map((row) => refundObjectOf(wanted, { ...row, amountMinor: row.amount_minor })),
        };
      },
    );
  };
}

/** For requests with a key: their repeat waits for the same confirmation. */
function confirmationPending(charge: string): HttpProblem {
  return new HttpProblem(
    503,
    'confirmation_pending',
    `Stripe takes its time with the confirmation of ${charge}; the same request may be repeated`,
    { headers: { 'retry-after': '1' } },
  );
}

/**
 * @param made what the key was used for
 * @param amountMinor what is asked for now; null: all that is left
 * @throws HttpProblem 409 when the key was used for another amount
 */
function assertSameRefund(
  made: Pick<Refund, 'id' | 'amount_minor' | 'asked_for_all'>,
  amountMinor: number | null,
): void {
  const isSame = amountMinor === null ? made.asked_for_all !== false : amountMinor === made.amount_minor;
  if (!isSame) {
    throw keyMismatch(
      `${made.id} of ${made.amount_minor}`,
      `a refund of ${amountMinor ?? 'all that is left'}`,
    );
  }
}

function refundObjectOf(charge: string, refund: { id: string; amountMinor: number; status: string }) {
  return {
    object: 'refund' as const,
    id: refund.id,
    charge_id: charge,
    amount_minor: refund.amountMinor,
    status: refund.status,
  };
}

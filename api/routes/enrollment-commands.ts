/** What a caller can ask of a running enrollment: cancel it, end its pause, open a Checkout Session. */
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { requestedIn } from '../auth.ts';
import type { ApiDeps } from '../deps.ts';
import { command, existingEnrollment } from '../enrollment-commands.ts';
import { enrollmentObjectOf } from '../enrollment-object.ts';
import { commandOnce, keyedIn } from '../keyed-commands.ts';
import {
  checkoutSessionObject,
  enrollmentObject,
  enrollmentParams,
  reasonBody,
} from '../schemas/enrollments.ts';
import { commonErrors, conflictError, notFoundError } from '../schemas/errors.ts';
import { operatorHeaders, optionalKeyHeaders } from '../schemas/texts.ts';

export function enrollmentCommandRoutes(deps: ApiDeps): FastifyPluginAsyncZod {
  const { db, billing, settings, links } = deps;
  const context = {
    links,
    temporalUiUrl: settings.TEMPORAL_UI_URL,
    temporalNamespace: settings.TEMPORAL_NAMESPACE,
  };

  return async (app) => {
    app.post(
      '/enrollments/:id/cancel',
      {
        config: { scope: 'write', repeat: 'by_nature' },
        schema: {
          tags: ['enrollments'],
          operationId: 'cancelEnrollment',
          summary: 'Cancel an enrollment',
          description:
            'Takes effect at once: no new attempt starts, an open Checkout Session is expired, an uncaptured payment is released. 202 when a payment is under way whose outcome must be awaited. Canceling twice is safe.',
          params: enrollmentParams,
          headers: operatorHeaders,
          body: reasonBody,
          response: {
            200: enrollmentObject.describe('Canceled'),
            202: enrollmentObject.describe(
              'Will be canceled when the payment that is under way has an outcome',
            ),
            ...commonErrors,
            ...notFoundError,
            ...conflictError,
          },
        },
      },
      async (request, reply) => {
        const { id } = request.params;
        const view = await existingEnrollment(db, id);
        if (view.status === 'canceled') {
          return reply.code(200).send(await enrollmentObjectOf(view, context, request.apiKeyScopes));
        }
        const requested = requestedIn(request, request.body?.reason);
        const { status } = await command(db, view, () => billing.cancelEnrollment(id, requested));
        const after = await enrollmentObjectOf(
          await existingEnrollment(db, id),
          context,
          request.apiKeyScopes,
        );
        return reply.code(status === 'canceling' ? 202 : 200).send(after);
      },
    );

    app.post(
      '/enrollments/:id/resume',
      {
        config: { scope: 'write', repeat: 'under_key' },
        schema: {
          tags: ['enrollments'],
          operationId: 'resumeEnrollment',
          summary: 'End a pause',
          description: 'For instance one that the terms ask for after the last try of a declined charge.',
          params: enrollmentParams,
          headers: optionalKeyHeaders,
          body: reasonBody,
          response: { 200: enrollmentObject, ...commonErrors, ...notFoundError, ...conflictError },
        },
      },
      async (request) => {
        const { id } = request.params;
        const view = await existingEnrollment(db, id);
        const { reason } = request.body ?? {};
        const requested = keyedIn(request, { command: 'resume', reason });
        await commandOnce(db, view, requested, () => billing.resumeEnrollment(id, requested));
        return enrollmentObjectOf(await existingEnrollment(db, id), context, request.apiKeyScopes);
      },
    );

    app.post(
      '/enrollments/:id/checkout-sessions',
      {
        config: { scope: 'write', repeat: 'by_nature' },
        schema: {
          tags: ['enrollments'],
          operationId: 'createCheckoutSession',
          summary: 'Get a live Checkout Session',
          description:
            'The open session while it has time left, else a new one. The customer saves a first, or another, payment method there.',
          params: enrollmentParams,
          headers: operatorHeaders,
          body: reasonBody,
          response: { 200: checkoutSessionObject, ...commonErrors, ...notFoundError, ...conflictError },
        },
      },
      async (request) => {
        const { id } = request.params;
        const view = await existingEnrollment(db, id);
        const requested = requestedIn(request, request.body?.reason);
        const session = await command(db, view, () => billing.openCheckoutSession(id, requested));
        return {
          object: 'checkout_session' as const,
          id: session.id,
          url: session.url,
          expires_at: new Date(session.expiresAt).toISOString(),
        };
      },
    );
  };
}

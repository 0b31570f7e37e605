/**
 * The inbox of webhooks for operators: what came in, what became of it, and having one delivered again. The webhooks
 * themselves come in at `stripe-webhook.ts`.
 */
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { redact } from '../../config/logger.ts';
import { findStripeEvent, listRedeliveries, listStripeEvents, redeliver } from '../../db/inbox-operations.ts';
import type { StripeEventRow } from '../../db/schema.ts';
import { redactEvent } from '../../domain/event-redaction.ts';
import { requestedIn } from '../auth.ts';
import type { ApiDeps } from '../deps.ts';
import { notFound } from '../problems.ts';
import { reasonBody } from '../schemas/enrollments.ts';
import { commonErrors, notFoundError } from '../schemas/errors.ts';
import { page, pageOf } from '../schemas/lists.ts';
import { operatorHeaders } from '../schemas/texts.ts';
import {
  type WebhookObject,
  webhookDetail,
  webhookObject,
  webhookParams,
  webhookQuery,
} from '../schemas/webhooks.ts';

const tags = ['webhooks'];

export function webhookRoutes({ db }: Pick<ApiDeps, 'db'>): FastifyPluginAsyncZod {
  async function existing(id: string): Promise<StripeEventRow> {
    const row = await findStripeEvent(db, id);
    if (row === undefined) {
      throw notFound('webhook', id);
    }
    return row;
  }

  return async (app) => {
    app.get(
      '/webhooks',
      {
        config: { scope: 'webhooks' },
        schema: {
          tags,
          operationId: 'listWebhooks',
          summary: 'List accepted webhooks, the newest first',
          querystring: webhookQuery,
          response: { 200: pageOf(webhookObject), ...commonErrors },
        },
      },
      async (request) => {
        const { state, type, enrollment_id: enrollmentId, limit, cursor: beforeId } = request.query;
        const filter = { state, type, enrollmentId, beforeId, limit: limit + 1 };
        return page(await listStripeEvents(db, filter), limit, webhookObjectOf, ({ id }) => id);
      },
    );

    app.get(
      '/webhooks/:eventId',
      {
        config: { scope: 'webhooks' },
        schema: {
          tags,
          operationId: 'getWebhook',
          summary: 'Read one webhook, with its content',
          params: webhookParams,
          response: { 200: webhookDetail, ...commonErrors, ...notFoundError },
        },
      },
      async (request) => {
        const row = await existing(request.params.eventId);
        const again = await listRedeliveries(db, row.id);
        return {
          ...webhookObjectOf(row),
          // Once more, for what was kept before more was left out.
          payload: webhookDetail.shape.payload.parse(redactEvent(row.payload)),
          redeliveries: again.map(({ at, who, why }) => ({ at: at.toISOString(), who, why })),
        };
      },
    );

    app.post(
      '/webhooks/:eventId/redeliver',
      {
        config: { scope: 'operate', repeat: 'by_nature' },
        schema: {
          tags,
          operationId: 'redeliverWebhook',
          summary: 'Have a webhook delivered to its Workflow once more',
          description:
            'Also one that was delivered or ignored: Workflows accept repeats, and what was ignored is decided afresh.',
          params: webhookParams,
          headers: operatorHeaders,
          body: reasonBody,
          response: {
            202: webhookObject.describe('It is due; read it again to see what became of it'),
            ...commonErrors,
            ...notFoundError,
          },
        },
      },
      async (request, reply) => {
        const { eventId } = request.params;
        if (!(await redeliver(db, eventId, requestedIn(request, request.body?.reason)))) {
          throw notFound('webhook', eventId);
        }
        return reply.code(202).send(webhookObjectOf(await existing(eventId)));
      },
    );
  };
}

function webhookObjectOf(row: Omit<StripeEventRow, 'payload'>): WebhookObject {
  const state = row.signalled_at !== null ? 'signalled' : row.ignored_reason !== null ? 'ignored' : 'pending';
  return {
    object: 'webhook',
    id: row.id,
    type: row.type,
    state,
    ignored_reason: row.ignored_reason,
    enrollment_id: row.enrollment_id,
    object_id: row.object_id,
    api_version: row.api_version,
    livemode: row.livemode,
    stripe_created_at: row.stripe_created_at.toISOString(),
    received_at: row.received_at.toISOString(),
    deliveries: row.deliveries,
    signalled_at: row.signalled_at?.toISOString() ?? null,
    attempts: row.signal_attempts,
    next_attempt_at: state === 'pending' ? row.next_signal_at.toISOString() : null,
    // What a part of the inside said; it may quote what it was given.
    last_error: row.last_error === null ? null : redact(row.last_error),
  };
}

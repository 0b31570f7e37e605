/** What happened to an enrollment: the timeline, and what its customer was told. */
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { listNotifications, listTimeline, markNotificationRead } from '../../db/enrollment-history.ts';
import { encodePlace } from '../cursor.ts';
import type { ApiDeps } from '../deps.ts';
import { existingEnrollment } from '../enrollment-commands.ts';
import { notificationObjectOf } from '../notification-object.ts';
import { notFound } from '../problems.ts';
import { enrollmentParams } from '../schemas/enrollments.ts';
import { commonErrors, notFoundError } from '../schemas/errors.ts';
import { notificationObject, notificationParams, timelineObject } from '../schemas/history.ts';
import { numberedPageQuery, page, pageOf, pageQuery } from '../schemas/lists.ts';

export function historyRoutes(deps: ApiDeps): FastifyPluginAsyncZod {
  const { db } = deps;

  return async (app) => {
    app.get(
      '/enrollments/:id/timeline',
      {
        config: { scope: 'read' },
        schema: {
          tags: ['history'],
          operationId: 'listTimeline',
          summary: 'What happened, the newest first',
          params: enrollmentParams,
          querystring: z.strictObject(numberedPageQuery),
          response: { 200: pageOf(timelineObject), ...commonErrors, ...notFoundError },
        },
      },
      async (request) => {
        const { id } = request.params;
        const { limit, cursor } = request.query;
        await existingEnrollment(db, id);
        const rows = await listTimeline(db, id, { beforeSeq: cursor, limit: limit + 1 });
        return page(
          rows,
          limit,
          (row) => ({
            object: 'timeline_entry' as const,
            id: `evt_${row.seq}`,
            at: row.at.toISOString(),
            what: row.what,
            who: row.who,
            why: row.why,
            charge_id: row.charge_id,
            details: row.details,
          }),
          (last) => String(last.seq),
        );
      },
    );

    app.get(
      '/enrollments/:id/notifications',
      {
        config: { scope: 'read' },
        schema: {
          tags: ['history'],
          operationId: 'listNotifications',
          summary: 'What the customer was told, the newest first',
          params: enrollmentParams,
          querystring: z.strictObject(pageQuery),
          response: { 200: pageOf(notificationObject), ...commonErrors, ...notFoundError },
        },
      },
      async (request) => {
        const { id } = request.params;
        const { limit, cursor } = request.query;
        await existingEnrollment(db, id);
        const rows = await listNotifications(db, id, { after: cursor, limit: limit + 1 });
        return page(rows, limit, notificationObjectOf, (last) => encodePlace(last.created_at, last.id));
      },
    );

    app.post(
      '/enrollments/:id/notifications/:notificationId/read',
      {
        config: { scope: 'write', repeat: 'by_nature' },
        schema: {
          tags: ['history'],
          operationId: 'markNotificationRead',
          summary: 'Note that the customer has read it',
          description: 'For notices that your application shows. The first time stays; a repeat is safe.',
          params: notificationParams,
          body: z.strictObject({}).nullish(),
          response: { 200: notificationObject, ...commonErrors, ...notFoundError },
        },
      },
      async (request) => {
        const { id, notificationId } = request.params;
        const row = await markNotificationRead(db, id, notificationId);
        if (row === undefined) {
          throw notFound('notification', notificationId);
        }
        return notificationObjectOf(row);
      },
    );
  };
}

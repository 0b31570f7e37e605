/** Messages to the customer are put away: one, or all. A form each, so that it works without script. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { markNoticesRead } from '../db/customer-notices.ts';
import { requireOwnPage } from './security.ts';
import type { Site } from './site.ts';
import { visitorOf } from './visitor.ts';

const noticeParams = z.object({ noticeId: z.string().regex(/^ntf_\w{1,110}$/) });

export function noticeRoutes(app: FastifyInstance, site: Site): void {
  app.post('/:token/messages/read', async (request, reply) => {
    requireOwnPage(site, request);
    const { enrollment, href } = await visitorOf(site, request);
    await markNoticesRead(site.db, enrollment.id);
    return reply.redirect(`${href('/account')}#messages`, 303);
  });

  app.post('/:token/messages/:noticeId/read', async (request, reply) => {
    requireOwnPage(site, request);
    const { enrollment, href } = await visitorOf(site, request);
    const params = noticeParams.safeParse(request.params);
    if (params.success) {
      await markNoticesRead(site.db, enrollment.id, [params.data.noticeId]);
    }
    return reply.redirect(`${href('/account')}#messages`, 303);
  });
}

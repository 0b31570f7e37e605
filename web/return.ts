/**
 * Where Stripe sends the customer after Checkout. It tells the Workflow, which reads the session from Stripe by
 * itself: nothing in this address is believed, and nothing is lost when nobody ever comes here (the webhook tells
 * the same).
 */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { findCustomerSession } from '../db/customer-view.ts';
import { completionIsTold } from '../db/stripe-events.ts';
import { PageProblem } from './page-problem.ts';
import type { Site } from './site.ts';
import { visitorOf } from './visitor.ts';

/** A Checkout Session's id, e.g. `cs_test_a1b2…`. */
export const SESSION_ID = /^cs_[A-Za-z0-9_]{1,200}$/;

const returnQuery = z.object({ session_id: z.string().regex(SESSION_ID) });

export function returnRoutes(app: FastifyInstance, site: Site): void {
  app.get('/:token/return', async (request, reply) => {
    const visitor = await visitorOf(site, request);
    const query = returnQuery.safeParse(request.query);
    if (!query.success) {
      throw new PageProblem('bad_session');
    }
    const { session_id: sessionId } = query.data;
    const session = await findCustomerSession(site.db, visitor.enrollment.id, sessionId);
    if (session === undefined) {
      throw new PageProblem('unknown_session');
    }
    if (session.status !== 'complete' && !(await completionIsTold(site.db, sessionId))) {
      await site.billing.checkoutSessionCompleted(visitor.enrollment.id, sessionId);
    }
    // On to an address that can be reloaded as often as the page likes without telling the Workflow again.
    return reply.redirect(visitor.href('/account', { checkout: sessionId }), 303);
  });
}

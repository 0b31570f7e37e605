/**
 * Where Stripe sends the customer after Checkout, and their bank after a confirmation. It tells the Workflow, which
 * reads from Stripe by itself: nothing in this address is believed, and nothing is lost when nobody ever comes here
 * (the webhook tells the same).
 */
import type { FastifyInstance, FastifyReply } from 'fastify';
import { z } from 'zod';
import { findCustomerCharge } from '../db/customer-charges.ts';
import { findCustomerSession } from '../db/customer-view.ts';
import { completionIsTold } from '../db/stripe-events.ts';
import { PageProblem } from './page-problem.ts';
import type { Site } from './site.ts';
import { CHARGE_ID, type Visitor, visitorOf } from './visitor.ts';

/** A Checkout Session's id, e.g. `cs_test_a1b2…`. */
export const SESSION_ID = /^cs_[A-Za-z0-9_]{1,200}$/;

const fromCheckout = z.object({ session_id: z.string().regex(SESSION_ID) });
const fromBank = z.object({ charge_id: z.string().regex(CHARGE_ID) });

export function returnRoutes(app: FastifyInstance, site: Site): void {
  app.get('/:token/return', async (request, reply) => {
    const visitor = await visitorOf(site, request);
    const checkout = fromCheckout.safeParse(request.query);
    if (checkout.success) {
      return backFromCheckout(site, visitor, reply, checkout.data.session_id);
    }
    const bank = fromBank.safeParse(request.query);
    if (bank.success) {
      return backFromBank(site, visitor, reply, bank.data.charge_id);
    }
    throw new PageProblem('bad_session');
  });
}

// Both go on to an address that can be reloaded as often as the page likes without telling the Workflow again.

async function backFromCheckout(
  site: Site,
  { enrollment, href }: Visitor,
  reply: FastifyReply,
  sessionId: string,
): Promise<FastifyReply> {
  const session = await findCustomerSession(site.db, enrollment.id, sessionId);
  if (session === undefined) {
    throw new PageProblem('unknown_session');
  }
  if (session.status !== 'complete' && !(await completionIsTold(site.db, sessionId))) {
    await site.billing.checkoutSessionCompleted(enrollment.id, sessionId);
  }
  return reply.redirect(href('/account', { checkout: sessionId }), 303);
}

async function backFromBank(
  site: Site,
  { enrollment, href }: Visitor,
  reply: FastifyReply,
  chargeId: string,
): Promise<FastifyReply> {
  const charge = await findCustomerCharge(site.db, enrollment.id, chargeId);
  if (charge === undefined) {
    throw new PageProblem('unknown_payment');
  }
  // Whatever else the charge is, its outcome is known already.
  if (charge.status === 'requires_action' && charge.paymentIntentId !== null) {
    const { paymentIntentId } = charge;
    await site.billing.paymentIntentChanged(enrollment.id, {
      chargeId,
      paymentIntentId,
      eventType: 'customer_returned',
    });
  }
  const at = String(Math.floor(Date.now() / 1000));
  return reply.redirect(href('/account', { tried: chargeId, confirmed: String(charge.attempts), at }), 303);
}

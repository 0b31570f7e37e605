/**
 * The customer link itself and the button "another payment method": both lead to a live Checkout Session. The
 * link in a mail works for as long as the enrollment does, whatever became of the sessions before.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { CommandRefused } from '../api/billing-client.ts';
import { listCustomerCharges } from '../db/customer-charges.ts';
import { findCustomerSession } from '../db/customer-view.ts';
import { LEAST_TIME_LEFT_MS } from '../domain/live-session.ts';
import { isBeingProven } from './banner-words.ts';
import { chargePhase } from './charge-words.ts';
import { sendPage } from './page.ts';
import { isDisputed, remediesOf } from './remedies.ts';
import { requireOwnPage } from './security.ts';
import type { Site } from './site.ts';
import { isOver } from './status-words.ts';
import { type Visitor, visitorOf } from './visitor.ts';

/** A session that was completed so recently is still being looked at by the Workflow. */
const SETTLING_MS = 2 * 60_000;

export function checkoutRoutes(app: FastifyInstance, site: Site): void {
  app.get('/:token', async (request, reply) => {
    const visitor = await visitorOf(site, request);
    const session = (await findCustomerSession(site.db, visitor.enrollment.id)) ?? null;
    // Past due, `waitsForMethod` knows by itself whether the new payment method has been tried already.
    const justBack =
      visitor.enrollment.status === 'awaiting_payment_method' &&
      session?.status === 'complete' &&
      session.refusedReason === null &&
      session.completedAt !== null &&
      Date.now() - session.completedAt.getTime() < SETTLING_MS;
    if (visitor.enrollment.status === 'awaiting_payment_method' && session && isBeingProven(session)) {
      return reply.redirect(`${visitor.href('/account')}?checkout=${session.id}`, 303);
    }
    if (justBack || !(await waitsForMethod(site, visitor))) {
      return reply.redirect(visitor.href('/account'), 303);
    }
    const url = await liveSessionUrl(site, visitor, 'opened the customer link');
    return reply.redirect(url ?? visitor.href('/account'), 303);
  });

  app.post('/:token/checkout-sessions', async (request, reply) => {
    requireOwnPage(site, request);
    const visitor = await visitorOf(site, request);
    const url = isOver(visitor.enrollment)
      ? null
      : await liveSessionUrl(site, visitor, 'asked for another payment method');
    return url === null
      ? reply.redirect(visitor.href('/account'), 303)
      : goOn(site, request, reply, visitor, url);
  });
}

/** Whether a new payment method is what this enrollment needs first, rather than a word with the bank. */
async function waitsForMethod(site: Site, { enrollment }: Visitor): Promise<boolean> {
  if (enrollment.status !== 'past_due' || enrollment.isCanceling) {
    return enrollment.status === 'awaiting_payment_method';
  }
  const charges = await listCustomerCharges(site.db, enrollment.id, 20);
  const now = { method: enrollment.paymentMethod, isDisputed: isDisputed(charges), nowMs: Date.now() };
  const waiting = charges.filter((charge) => chargePhase(charge, now) === 'customer');
  return (
    waiting.length > 0 &&
    !now.isDisputed &&
    waiting.every((charge) => remediesOf(charge, enrollment.paymentMethod).ways[0] === 'method')
  );
}

/**
 * @returns null when the enrollment has ended meanwhile
 * @throws what else refuses a session, such as a Customer that was deleted at Stripe: the page says that it did not work
 */
async function liveSessionUrl(site: Site, { enrollment }: Visitor, reason: string): Promise<string | null> {
  const session = await findCustomerSession(site.db, enrollment.id);
  if (
    session?.status === 'open' &&
    session.url !== null &&
    session.expiresAt.getTime() - Date.now() > LEAST_TIME_LEFT_MS
  ) {
    return session.url;
  }
  try {
    return (await site.billing.openCheckoutSession(enrollment.id, { by: 'customer', reason })).url;
  } catch (error) {
    if (error instanceof CommandRefused && error.code !== 'setup_refused') {
      return null;
    }
    throw error;
  }
}

/**
 * From a form to Checkout. Chromium applies `form-action` to where the answer leads as well, and a company may
 * have Checkout on a domain of its own, which no setting tells: then a page in between passes on by itself.
 */
function goOn(
  site: Site,
  request: FastifyRequest,
  reply: FastifyReply,
  { locale, say }: Visitor,
  url: string,
): FastifyReply | Promise<FastifyReply> {
  if (site.checkoutOrigins.includes(new URL(url).origin)) {
    return reply.redirect(url, 303);
  }
  return sendPage(site, request, reply, locale, {
    template: 'forward',
    title: say('checkout.title'),
    model: { text: say('checkout.text'), link: say('checkout.link'), back_href: null },
    forwardTo: url,
  });
}

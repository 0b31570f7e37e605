/**
 * The buttons on a charge that waits for its customer: try it again, or confirm it with the bank. The Workflow decides
 * whether it may be; every answer is a page, whatever came of it.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { CommandRefused } from '../api/billing-client.ts';
import { findCustomerCharge } from '../db/customer-charges.ts';
import { sendPage } from './page.ts';
import { PageProblem } from './page-problem.ts';
import { requireOwnPage } from './security.ts';
import type { Site } from './site.ts';
import { isOver } from './status-words.ts';
import { CHARGE_ID, type Visitor, visitorOf } from './visitor.ts';

const chargeParams = z.object({ chargeId: z.string().regex(CHARGE_ID) });

export function chargeActionRoutes(app: FastifyInstance, site: Site): void {
  app.post('/:token/charges/:chargeId/retry', async (request, reply) => {
    const { visitor, charge } = await asked(site, request);
    const tried = { charge: charge.id, before: charge.attempts };
    return settled(visitor, reply, tried, async () => {
      const requested = { by: 'customer', reason: 'tried again on the customer page' };
      await site.billing.retryCharge(visitor.enrollment.id, charge.id, requested);
      return null;
    });
  });

  app.post('/:token/charges/:chargeId/confirm', async (request, reply) => {
    const { visitor, charge } = await asked(site, request);
    const tried = { charge: charge.id, before: charge.attempts };
    return settled(visitor, reply, tried, async () => {
      const requested = { by: 'customer', reason: 'confirmed on the customer page' };
      const answer = await site.billing.authenticateCharge(visitor.enrollment.id, charge.id, requested);
      return answer.redirectUrl === null ? null : goToBank(site, request, reply, visitor, answer.redirectUrl);
    });
  });
}

/** Who asks about which charge. @throws PageProblem for a form of another site, and for a charge of another customer */
async function asked(site: Site, request: FastifyRequest) {
  requireOwnPage(site, request);
  const visitor = await visitorOf(site, request);
  const params = chargeParams.safeParse(request.params);
  const charge = params.success
    ? await findCustomerCharge(site.db, visitor.enrollment.id, params.data.chargeId)
    : undefined;
  if (charge === undefined) {
    throw new PageProblem('unknown_payment');
  }
  return { visitor, charge };
}

/** Carries it out, and shows the account with what came of it. @param ask answers with a page of its own, or null */
async function settled(
  visitor: Visitor,
  reply: FastifyReply,
  tried: { charge: string; before: number },
  ask: () => Promise<FastifyReply | null>,
): Promise<FastifyReply> {
  let refused: string | null = null;
  try {
    // An ended enrollment has no Workflow that could be asked; its page says how it stands.
    const page = isOver(visitor.enrollment) ? null : await ask();
    if (page !== null) {
      return page;
    }
  } catch (error) {
    if (!(error instanceof CommandRefused)) {
      throw error;
    }
    refused = error.code;
  }
  const query = {
    tried: tried.charge,
    before: String(tried.before),
    at: String(Math.floor(Date.now() / 1000)),
    ...(refused === null ? {} : { refused }),
  };
  return reply.redirect(visitor.href('/account', query), 303);
}

/**
 * On to the bank by a page in between, which passes on by itself: browsers hold every address that a form's answer leads
 * to against our policy, and Stripe's leads on to banks that nobody can list. Back in the browser leads to the account.
 * @throws PageProblem when the address is not Stripe's, so that nothing can make this an open redirect
 */
function goToBank(
  site: Site,
  request: FastifyRequest,
  reply: FastifyReply,
  { locale, say, href }: Visitor,
  url: string,
): Promise<FastifyReply> {
  if (!site.isStripes(url)) {
    request.log.error(
      { host: URL.parse(url)?.host ?? null },
      'a confirmation is not at an address of Stripe',
    );
    throw new PageProblem('internal');
  }
  return sendPage(site, request, reply, locale, {
    template: 'forward',
    title: say('bank.title'),
    model: { text: say('bank.text'), link: say('bank.link'), back_href: href('/account') },
    forwardTo: url,
  });
}

/**
 * Canceling: a page that says what then happens, now or at the end of the period, and the buttons on it; and taking back
 * what has not taken effect. The Workflow says what a cancel would do, decides and does.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { CommandRefused } from '../api/billing-client.ts';
import { listCustomerCharges } from '../db/customer-charges.ts';
import { allowedCommands } from '../domain/enrollment-states.ts';
import { cancelChoices } from './cancel-words.ts';
import { sendPage } from './page.ts';
import { requireOwnPage } from './security.ts';
import type { Site } from './site.ts';
import { isOver } from './status-words.ts';
import { type Visitor, visitorOf } from './visitor.ts';

const MOST_CHARGES = 60;

const cancelForm = z.object({ when: z.enum(['now', 'at_period_end']) });

export function cancelRoutes(app: FastifyInstance, site: Site): void {
  app.get('/:token/cancel', async (request, reply) => {
    const visitor = await visitorOf(site, request);
    return showChoice(site, request, reply, visitor, false);
  });

  app.post('/:token/cancel', async (request, reply) => {
    requireOwnPage(site, request);
    const visitor = await visitorOf(site, request);
    const form = cancelForm.safeParse(request.body);
    if (!form.success) {
      return showChoice(site, request, reply.code(400), visitor, true);
    }
    if (!isOver(visitor.enrollment)) {
      await cancel(site, visitor.enrollment.id, form.data.when);
    }
    return reply.redirect(visitor.href('/account'), 303);
  });

  app.post('/:token/undo-cancel', async (request, reply) => {
    requireOwnPage(site, request);
    const { enrollment, href } = await visitorOf(site, request);
    const requested = { by: 'customer', reason: 'kept on the customer page' };
    if (!isOver(enrollment)) {
      await unlessRefused(() => site.billing.undoCancel(enrollment.id, requested));
    }
    return reply.redirect(href('/account'), 303);
  });
}

async function showChoice(
  site: Site,
  request: FastifyRequest,
  reply: FastifyReply,
  { enrollment, locale, say, href }: Visitor,
  isMissing: boolean,
): Promise<FastifyReply> {
  if (isOver(enrollment) || enrollment.isCanceling) {
    return reply.redirect(href('/account'), 303);
  }
  const canEndLater =
    enrollment.cancelAt === null && allowedCommands(enrollment.status).includes('cancel_at_period_end');
  const [now, later, charges] = await Promise.all([
    site.billing.previewCancel(enrollment.id, 'now'),
    canEndLater ? site.billing.previewCancel(enrollment.id, 'at_period_end') : null,
    listCustomerCharges(site.db, enrollment.id, MOST_CHARGES),
  ]);
  const choices = cancelChoices({ enrollment, charges, now, later, nowMs: Date.now() }, locale, say);
  return sendPage(site, request, reply, locale, {
    template: 'cancel',
    title: isMissing ? say('cancel.error_title') : say('cancel.title'),
    model: {
      heading: say('cancel.title'),
      about: enrollment.description,
      choices,
      is_missing: isMissing && choices.length > 1,
      cancel_href: href('/cancel'),
      account_href: href('/account'),
    },
  });
}

async function cancel(site: Site, enrollmentId: string, when: 'now' | 'at_period_end'): Promise<void> {
  const requested = { by: 'customer', reason: 'asked on the customer page' };
  await unlessRefused(() =>
    when === 'now'
      ? site.billing.cancelEnrollment(enrollmentId, requested)
      : site.billing.cancelAtPeriodEnd(enrollmentId, requested),
  );
}

/** A second press, or one that comes too late: the account page says how things stand. */
async function unlessRefused(ask: () => Promise<unknown>): Promise<void> {
  try {
    await ask();
  } catch (error) {
    if (!(error instanceof CommandRefused)) {
      throw error;
    }
  }
}

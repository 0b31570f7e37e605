/** Canceling: a page that says what then happens, and the button on it. The Workflow decides and does. */
import type { FastifyInstance } from 'fastify';
import { CommandRefused } from '../api/billing-client.ts';
import { listCustomerCharges } from '../db/customer-view.ts';
import { ENDED } from '../domain/statuses.ts';
import { cancelLines } from './cancel-words.ts';
import { sendPage } from './page.ts';
import { requireOwnPage } from './security.ts';
import type { Site } from './site.ts';
import { visitorOf } from './visitor.ts';

export function cancelRoutes(app: FastifyInstance, site: Site): void {
  app.get('/:token/cancel', async (request, reply) => {
    const { enrollment, locale, say, href } = await visitorOf(site, request);
    if (ENDED.some((status) => status === enrollment.status)) {
      return reply.redirect(href('/account'), 303);
    }
    const charges = await listCustomerCharges(site.db, enrollment.id, 60);
    return sendPage(site, request, reply, locale, {
      template: 'cancel',
      title: say('cancel.title'),
      model: {
        about: enrollment.description,
        lines: cancelLines(enrollment, charges, locale, say),
        cancel_href: href('/cancel'),
        account_href: href('/account'),
      },
    });
  });

  app.post('/:token/cancel', async (request, reply) => {
    requireOwnPage(site, request);
    const { enrollment, href } = await visitorOf(site, request);
    if (ENDED.some((status) => status === enrollment.status)) {
      return reply.redirect(href('/account'), 303);
    }
    const isPending = await cancel(site, enrollment.id);
    return reply.redirect(href('/account', isPending ? { canceling: '1' } : {}), 303);
  });
}

/** @returns whether it waits for a payment that is on its way */
async function cancel(site: Site, enrollmentId: string): Promise<boolean> {
  try {
    const requested = { by: 'customer', reason: 'asked on the customer page' };
    return (await site.billing.cancelEnrollment(enrollmentId, requested)).status === 'canceling';
  } catch (error) {
    // A second press: it has ended, or is about to.
    if (error instanceof CommandRefused) {
      return error.code === 'cancel_pending';
    }
    throw error;
  }
}

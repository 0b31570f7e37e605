/** The account page: what was agreed, what was charged, what is wrong and how to mend it. Only reads. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import {
  type CustomerEnrollment,
  findCustomerSession,
  listCustomerCharges,
  listCustomerNotices,
} from '../db/customer-view.ts';
import { accountModel } from './account-model.ts';
import { sendPage } from './page.ts';
import { SESSION_ID } from './return.ts';
import type { Site } from './site.ts';
import { visitorOf } from './visitor.ts';

/** Newest first; those that are not settled are always among them. */
const MOST_CHARGES = 60;
const MOST_NOTICES = 10;

/** Where other pages send the customer to; anything else in the address is ignored. */
const accountQuery = z.object({
  checkout: z.string().regex(SESSION_ID).optional().catch(undefined),
  canceling: z.string().optional().catch(undefined),
});

export function accountRoutes(app: FastifyInstance, site: Site): void {
  app.get('/:token/account', async (request, reply) => {
    const { enrollment, locale, say, href } = await visitorOf(site, request);
    const query = accountQuery.parse(request.query);
    const [charges, notices, session] = await Promise.all([
      listCustomerCharges(site.db, enrollment.id, MOST_CHARGES),
      listCustomerNotices(site.db, enrollment.id, MOST_NOTICES),
      query.checkout === undefined ? null : findCustomerSession(site.db, enrollment.id, query.checkout),
    ]);
    const account = accountModel(
      {
        enrollment,
        charges,
        notices,
        session: session ?? null,
        canceling: query.canceling !== undefined,
        nowMs: Date.now(),
      },
      locale,
      say,
    );
    return sendPage(site, request, reply, locale, {
      template: 'account',
      title: account.heading,
      model: {
        account: {
          ...account,
          charges: account.charges.map((charge) => ({
            ...charge,
            receiptHref: charge.hasReceipt ? href(`/charges/${charge.id}/receipt`) : null,
          })),
          isLimited: charges.length === MOST_CHARGES,
        },
        checkout_href: href('/checkout-sessions'),
        cancel_href: href('/cancel'),
        return_href: returnAddress(enrollment, site.settings.ALLOWED_RETURN_ORIGINS),
      },
      live: { href: href('/events'), stamp: enrollment.stamp, isWaiting: account.isWaiting },
    });
  });
}

/**
 * The company's page that the customer came from, with `enrollment=<id>` added. Checked against the settings as
 * they are now, so that an origin that is no longer trusted is not linked to.
 */
export function returnAddress(
  { id, returnUrl }: Pick<CustomerEnrollment, 'id' | 'returnUrl'>,
  allowedOrigins: readonly string[],
): string | null {
  const url = returnUrl === null ? null : URL.parse(returnUrl);
  if (url === null || !allowedOrigins.some((origin) => URL.parse(origin)?.origin === url.origin)) {
    return null;
  }
  url.searchParams.set('enrollment', id);
  return url.href;
}

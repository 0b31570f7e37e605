/** The account page: what was agreed, what was charged, what is wrong and how to mend it. Only reads. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { type CustomerCharge, listCustomerCharges, listCustomerRefunds } from '../db/customer-charges.ts';
import { listCustomerNotices } from '../db/customer-notices.ts';
import {
  type CustomerEnrollment,
  type CustomerSession,
  findCustomerSession,
  findSessionBeingProven,
} from '../db/customer-view.ts';
import { type AccountModel, accountModel } from './account-model.ts';
import { sendPage } from './page.ts';
import { SESSION_ID } from './return.ts';
import type { Site } from './site.ts';
import type { TryMade } from './try-words.ts';
import { CHARGE_ID, type Visitor, visitorOf } from './visitor.ts';

/** Newest first; those that are not settled are always among them. */
const MOST_CHARGES = 60;
const MOST_NOTICES = 10;
const MOST_REFUNDS = 20;

const count = z.coerce.number().int().min(0).optional().catch(undefined);

/** Where other pages send the customer to; anything else in the address is ignored. */
const accountQuery = z.object({
  checkout: z.string().regex(SESSION_ID).optional().catch(undefined),
  /** A charge that was tried, with its attempts before; or the attempt that the customer comes back from. */
  tried: z.string().regex(CHARGE_ID).optional().catch(undefined),
  before: count,
  confirmed: count,
  /** When, in seconds since 1970. */
  at: count,
  refused: z
    .string()
    .regex(/^[a-z_]{1,40}$/)
    .optional()
    .catch(undefined),
});

export function accountRoutes(app: FastifyInstance, site: Site): void {
  app.get('/:token/account', async (request, reply) => {
    const visitor = await visitorOf(site, request);
    const { enrollment, locale, say, href } = visitor;
    const query = accountQuery.parse(request.query);
    const [charges, refunds, notices, session] = await Promise.all([
      listCustomerCharges(site.db, enrollment.id, MOST_CHARGES),
      listCustomerRefunds(site.db, enrollment.id, MOST_REFUNDS),
      listCustomerNotices(site.db, enrollment.id, MOST_NOTICES),
      sessionToTell(site, enrollment, query.checkout),
    ]);
    const nowMs = Date.now();
    const facts = { enrollment, charges, refunds, notices, session, nowMs };
    const account = accountModel({ ...facts, tried: triedOf(query, charges, nowMs) }, locale, say);
    return sendPage(site, request, reply, locale, {
      template: 'account',
      title: account.title,
      model: {
        account: {
          ...withAddresses(account, visitor),
          isLimited: charges.length === MOST_CHARGES,
          unread: account.notices.filter(({ isRead }) => !isRead).length,
        },
        checkout_href: href('/checkout-sessions'),
        cancel_href: href('/cancel'),
        undo_href: href('/undo-cancel'),
        read_all_href: href('/messages/read'),
        return_href: returnAddress(enrollment, site.settings.ALLOWED_RETURN_ORIGINS),
      },
      live: { href: href('/events'), stamp: enrollment.stamp, isWaiting: account.isWaiting },
    });
  });
}

/** The one that the customer comes back from; days later, the one whose bank account is still being proven. */
async function sessionToTell(
  site: Site,
  { id, status }: CustomerEnrollment,
  asked: string | undefined,
): Promise<CustomerSession | null> {
  if (asked !== undefined) {
    return (await findCustomerSession(site.db, id, asked)) ?? null;
  }
  return status === 'awaiting_payment_method' ? ((await findSessionBeingProven(site.db, id)) ?? null) : null;
}

/** Where each button and link of the page leads. */
function withAddresses(account: AccountModel, { href }: Visitor) {
  return {
    ...account,
    problems: account.problems.map((problem, index) => ({
      ...problem,
      actions: problem.actions.map(({ way, label }, place) => ({
        id: `${way}-${problem.id}`,
        label,
        href: way === 'method' ? href('/checkout-sessions') : href(`/charges/${problem.id}/${way}`),
        // One clear thing to do: another payment method settles all, so it is offered as the main way once.
        isMain: place === 0 && index === 0,
      })),
    })),
    charges: account.charges.map((charge) => ({
      ...charge,
      receiptHref: charge.hasReceipt ? href(`/charges/${charge.id}/receipt`) : null,
    })),
    notices: account.notices.map((notice) => ({ ...notice, readHref: href(`/messages/${notice.id}/read`) })),
  };
}

function triedOf(
  { tried, before, confirmed, at, refused }: z.output<typeof accountQuery>,
  charges: readonly CustomerCharge[],
  nowMs: number,
): TryMade | null {
  const charge = charges.find(({ id }) => id === tried);
  if (charge === undefined || at === undefined) {
    return null;
  }
  const facts = { charge, ageMs: nowMs - at * 1000, refused: refused ?? null };
  if (before !== undefined) {
    return { ...facts, attempt: { before } };
  }
  return confirmed === undefined ? null : { ...facts, attempt: { confirmed } };
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

/** A receipt to print or keep, for a payment that went through. Only reads. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { findCustomerReceipt } from '../db/customer-receipt.ts';
import { sumMinor } from '../domain/money.ts';
import { methodName } from './method-words.ts';
import { sendPage } from './page.ts';
import { PageProblem } from './page-problem.ts';
import { timeZoneOf } from './schedule-words.ts';
import type { Site } from './site.ts';
import { CHARGE_ID, visitorOf } from './visitor.ts';

const receiptParams = z.object({ chargeId: z.string().regex(CHARGE_ID) });

export function receiptRoutes(app: FastifyInstance, site: Site): void {
  app.get('/:token/charges/:chargeId/receipt', async (request, reply) => {
    const { enrollment, locale, say, href } = await visitorOf(site, request);
    const params = receiptParams.safeParse(request.params);
    const receipt = params.success
      ? await findCustomerReceipt(site.db, enrollment.id, params.data.chargeId)
      : undefined;
    if (receipt === undefined) {
      throw new PageProblem('no_receipt');
    }
    const { charge, paymentMethod, refunds } = receipt;
    const returned = sumMinor(
      refunds.map(({ kind, amountMinor }) => (kind === 'refund' ? amountMinor : -amountMinor)),
    );
    return sendPage(site, request, reply, locale, {
      template: 'receipt',
      title: say('receipt.title'),
      model: {
        charge: { ...charge, paidAt: (charge.settledAt ?? charge.dueAt).toISOString() },
        what:
          charge.description ?? enrollment.description ?? say('charges.number', { number: charge.number }),
        method: paymentMethod === null ? null : methodName(paymentMethod, say),
        customer: enrollment.customerName,
        refunds: refunds.map((refund) => ({ ...refund, at: refund.at.toISOString() })),
        balanceMinor: charge.capturedMinor - returned,
        timeZone: timeZoneOf(enrollment.terms.schedule),
        account_href: href('/account'),
      },
    });
  });
}

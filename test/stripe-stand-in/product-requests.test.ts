// Every request that the product sends to Stripe, over whole lives of enrollments, validated against Stripe's own
// description. Also run by `npm run conformance`.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { checkLoggedRequests } from '../../dev/conformance/logged-requests.ts';
import { readExtract } from '../../dev/conformance/openapi.ts';
import { createValidator } from '../../dev/conformance/validator.ts';
import { MONTHLY, ONCE, startBilling, type TestBilling } from '../support/billing.ts';
import { waitFor } from '../support/wait.ts';

const BY = { by: 'api:key', reason: 'no longer wanted' };

let billing: TestBilling;
beforeAll(async () => {
  billing = await startBilling({ virtualTime: true });
}, 120_000);
afterAll(() => billing.stop());

async function paymentsAtStripe(): Promise<number> {
  const ledger: { payments: unknown[] } = Object(
    await (await fetch(`${billing.standIn.url}/_control/ledger`)).json(),
  );
  return ledger.payments.length;
}

/** Lives that between them make each of the product's calls. */
const LIVES: [name: string, live: () => Promise<void>][] = [
  [
    'two periods are paid',
    async () => {
      const schedule = { ...MONTHLY.schedule, maxCharges: 2 } as typeof MONTHLY.schedule;
      const input = await billing.enrolled({ ...MONTHLY, schedule });
      await billing.handle(input.enrollmentId).result();
    },
  ],
  [
    'every try is declined',
    async () => {
      const input = await billing.enrolled(MONTHLY, '4000000000000341');
      await billing.handle(input.enrollmentId).result();
    },
  ],
  [
    'canceled before a method is saved',
    async () => {
      const input = await billing.newInput(MONTHLY, { email: 'someone@example.com' });
      await billing.billing.enroll(input);
      await billing.billing.cancelEnrollment(input.enrollmentId, BY);
    },
  ],
  [
    'canceled while the payment is in flight, and refunded',
    async () => {
      const match = { method: 'POST', path_prefix: '/v1/payment_intents' };
      await billing.control('faults', { match, kind: 'delay', delay_ms: 1_500, when: 'after' });
      const before = await paymentsAtStripe();
      const { enrollmentId } = await billing.enrolled(MONTHLY);
      await waitFor('the payment to be at Stripe', async () => (await paymentsAtStripe()) > before);
      await billing.billing.cancelEnrollment(enrollmentId, BY);
    },
  ],
  [
    'a 500 after the effect is looked up',
    async () => {
      const match = { method: 'POST', path_prefix: '/v1/payment_intents' };
      await billing.control('faults', { match, status: 500, when: 'after' });
      const input = await billing.enrolled(ONCE);
      await billing.charged(input.enrollmentId, 1, 'succeeded');
    },
  ],
];

describe('the product’s requests', () => {
  it.each(LIVES)(
    '%s',
    async (_, live) => {
      await live();
      const { count, problems } = await checkLoggedRequests(
        billing.standIn.url,
        createValidator(await readExtract()),
      );
      expect(count).toBeGreaterThan(0);
      expect([...new Set(problems)]).toEqual([]);
    },
    90_000,
  );

  it('include each call that the sources make', async () => {
    const log: { data: { method: string; path: string }[] } = Object(
      await (await fetch(`${billing.standIn.url}/_control/requests?limit=20000`)).json(),
    );
    const made = new Set(
      log.data.map(
        ({ method, path }) => `${method} ${path.replaceAll(/\/[a-z]+_[A-Za-z0-9_]{14,}/g, '/:id')}`,
      ),
    );
    expect([...made].sort()).toEqual(
      expect.arrayContaining([
        'GET /v1/checkout/sessions/:id',
        'POST /v1/checkout/sessions',
        'POST /v1/checkout/sessions/:id/expire',
        'POST /v1/customers',
        'POST /v1/payment_intents',
        'POST /v1/payment_intents/:id/cancel',
        'POST /v1/payment_intents/:id/confirm',
        'POST /v1/payment_methods/:id/attach',
        'POST /v1/refunds',
      ]),
    );
  });
});

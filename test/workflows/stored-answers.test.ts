/** Stripe repeats a stored 500 for as long as it keeps the key; nobody who waits on a page may wait for that. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import { Stripe } from 'stripe';
import { createAftermathActivities } from '../../activities/aftermath.ts';
import { freshKeyOf } from '../../activities/fresh-key.ts';
import { ONCE, startBilling, type TestBilling } from '../support/billing.ts';

let billing: TestBilling;
let capturing: Begun;
let canceling: Begun;
beforeAll(async () => {
  billing = await startBilling();
  // Their tries take a quarter of a minute, in which the other tests run.
  capturing = await begin('capture');
  canceling = await begin('cancel');
}, 60_000);
afterAll(() => billing.stop());

describe('a 500 that Stripe has stored', () => {
  it.each(['/v1/checkout/sessions', '/v1/customers'])(
    'F4: of POST %s does not hold an enrollment up',
    async (path) => {
      const match = { method: 'POST', path_prefix: path };
      await billing.control('faults', { match, kind: 'status', status: 500, when: 'after', times: 1 });
      const input = await billing.newInput(ONCE, { email: 'stored@example.com', reference: path });
      const { checkoutSession } = await billing.billing.enroll(input);
      expect(checkoutSession?.url).toContain('cs_test_');
    },
    60_000,
  );
});

interface Begun {
  enrollmentId: string;
  /** Settles with the answer to the command; one that nobody waits for is no fault of the test that runs. */
  answered: Promise<unknown>;
}

/** Money that is held, and a command for it that meets a stored 500. */
async function begin(what: 'capture' | 'cancel'): Promise<Begun> {
  const { enrollmentId } = await billing.enrolled({ ...ONCE, captureMethod: 'manual' });
  const { id, payment_intent_id } = await billing.charged(enrollmentId, 1, 'requires_capture');
  await billing.known(enrollmentId, id, 'requires_capture');
  const match = { method: 'POST', path_prefix: `/v1/payment_intents/${payment_intent_id}/${what}` };
  await billing.control('faults', { match, kind: 'status', status: 500, when: 'after', times: 1 });
  const by = { by: 'operator', reason: null };
  const answered =
    what === 'capture'
      ? billing.billing.captureCharge(enrollmentId, id, { ...by, amountMinor: null })
      : billing.billing.cancelCharge(enrollmentId, id, { ...by, as: 'cancel' });
  answered.catch(() => undefined);
  return { enrollmentId, answered };
}

describe('a stored 500 of a request that Stripe takes once', () => {
  it.each([
    ['capture', 'succeeded', () => capturing],
    ['cancel', 'canceled', () => canceling],
  ] as const)(
    'F4: of a %s is not waited for until Stripe forgets the key',
    async (_, status, begun) => {
      await begun().answered;
      await billing.charged(begun().enrollmentId, 1, status, 45_000);
    },
    90_000,
  );

  it('F4: of a refund is followed by another key once no refund is listed, and one refund is made', async () => {
    const { enrollmentId } = await billing.enrolled(ONCE);
    const charge = await billing.charged(enrollmentId, 1, 'succeeded');
    const keys: string[] = [];
    // Stripe's own server error before any effect, kept for the first key.
    const http = Stripe.createFetchHttpClient(async (...request: Parameters<typeof fetch>) => {
      const key = new Headers(request[1]?.headers).get('idempotency-key') ?? '';
      if (request[1]?.method === 'POST') {
        keys.push(key.slice(key.lastIndexOf('/') + 1));
        if (!key.includes('again')) {
          const error = { error: { type: 'api_error', message: 'An error of Stripe’s own' } };
          return Response.json(error, { status: 500, headers: { 'idempotent-replayed': 'true' } });
        }
      }
      return fetch(...request);
    });
    const { hostname: host, port } = new URL(billing.standIn.url);
    const stripe = new Stripe('sk_test_0123456789', {
      host,
      port,
      protocol: 'http',
      maxNetworkRetries: 0,
      httpClient: http,
    });
    const { refundCharge } = createAftermathActivities({
      db: billing.db,
      stripe,
      links: { create: async () => 'http://127.0.0.1:3000/c/link' },
      livemode: false,
    });
    const asked = {
      chargeId: charge.id,
      amountMinor: 200,
      requestKey: 'one',
      by: { by: 'operator', reason: null },
      at: new Date().toISOString(),
    };
    expect(await new MockActivityEnvironment().run(refundCharge, asked)).toMatchObject({
      kind: 'made',
      amountMinor: 200,
    });
    expect(keys).toEqual(['refund-one', 'again-1']);
    const again = await new MockActivityEnvironment({ attempt: 2 }).run(refundCharge, asked);
    expect(again).toMatchObject({ kind: 'made', amountMinor: 200 });
    const refunds = await billing.stripe.refunds.list({ payment_intent: String(charge.payment_intent_id) });
    expect(refunds.data).toHaveLength(1);
  }, 60_000);
});

describe('freshKeyOf', () => {
  it('keeps the key for four tries, then takes one that it also keeps', () => {
    expect([1, 4, 5, 8, 9].map((attempt) => freshKeyOf('key', attempt))).toEqual([
      'key',
      'key',
      'key/again-1',
      'key/again-1',
      'key/again-2',
    ]);
  });
});

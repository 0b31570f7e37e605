/** Stripe repeats a stored 500 for as long as it keeps the key; nobody who waits on a page may wait for that. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { freshKeyOf } from '../../activities/fresh-key.ts';
import { ONCE, startBilling, type TestBilling } from '../support/billing.ts';

let billing: TestBilling;
beforeAll(async () => {
  billing = await startBilling();
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

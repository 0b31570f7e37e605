import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Stripe } from 'stripe';
import { createRateLimit } from '../../dev/stripe-stand-in/http/rate-limit.ts';
import { type RunningStandIn, startStripeStandIn } from '../../dev/stripe-stand-in/stand-in.ts';

describe('the limit itself', () => {
  it('admits so many in any second, and what it refused does not count', () => {
    const limit = createRateLimit();
    const at = (...instants: number[]) => instants.map((nowMs) => limit.admits('POST', 2, nowMs));
    expect(at(0, 400, 999, 1000, 1399, 1400)).toEqual([true, true, false, true, false, true]);
  });

  it('counts reads and writes each for themselves', () => {
    const limit = createRateLimit();
    expect(limit.admits('POST', 1, 0)).toBe(true);
    expect(limit.admits('GET', 1, 0)).toBe(true);
    expect(limit.admits('DELETE', 1, 0)).toBe(false);
  });
});

describe('a stand-in with a limit', () => {
  let standIn: RunningStandIn;
  beforeAll(async () => {
    standIn = await startStripeStandIn({ requestsPerSecond: 3 });
  });
  afterAll(() => standIn.close());

  it('answers 429 beyond it, keeps nothing for the key, and passes everything once it is off', async () => {
    const stripe = new Stripe('sk_test_0123456789', {
      host: '127.0.0.1',
      port: standIn.port,
      protocol: 'http',
      maxNetworkRetries: 0,
    });
    const create = (name: string) => stripe.customers.create({ name }, { idempotencyKey: name });
    const names = ['a', 'b', 'c', 'd', 'e'];
    const answers = await Promise.allSettled(names.map(create));
    const refused = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason] : []));
    expect(refused).toHaveLength(2);
    expect(refused[0]).toBeInstanceOf(Stripe.errors.StripeRateLimitError);
    await fetch(`${standIn.url}/_control/settings`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ requestsPerSecond: null }),
    });
    const again = await Promise.all(names.map(create));
    expect(new Set(again.map(({ id }) => id)).size).toBe(names.length);
  });
});

/** A Stripe that refuses a request now and then, as it does in the minutes that a large account takes to be read. */
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { readPayments } from '../../check-books/read-stripe.ts';
import { createStripe } from '../../config/stripe.ts';

type Answer = 'cut' | { status: number; headers?: Record<string, string>; body: object; after?: string };

let server: Server;
afterEach(() => void server.close());

const refused = (status: number, headers: Record<string, string> = {}): Answer => ({
  status,
  headers,
  body: { error: { type: 'api_error', message: 'Refused.' } },
});

const page = (ids: string[], more: boolean): Answer => ({
  status: 200,
  body: {
    object: 'list',
    has_more: more,
    data: ids.map((id) => ({
      id,
      object: 'payment_intent',
      customer: 'cus_1',
      metadata: { charge_id: `chg_${id}`, enrollment_id: 'enr_1' },
      status: 'succeeded',
      amount: 980,
      amount_received: 980,
      currency: 'jpy',
      created: 1_800_000_000,
      latest_charge: null,
    })),
  },
});

/** @returns a client, and what was asked of it: after which id, and when */
async function answering(answers: Answer[]) {
  const asked: { after: string | null; atMs: number }[] = [];
  const answer: RequestListener = (request, response) => {
    const { searchParams } = new URL(String(request.url), 'http://stripe');
    asked.push({ after: searchParams.get('starting_after'), atMs: performance.now() });
    const next = answers.shift() ?? refused(500);
    if (next === 'cut') {
      // In the middle of an answer that had begun.
      response.writeHead(200, { 'content-type': 'application/json' }).write('{"object":');
      setTimeout(() => request.socket.destroy(), 20);
      return;
    }
    response.writeHead(next.status, { 'content-type': 'application/json', ...next.headers });
    response.end(JSON.stringify(next.body));
  };
  server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const stripe = createStripe({
    STRIPE_SECRET_KEY: 'sk_test_0123456789',
    STRIPE_API_URL: `http://127.0.0.1:${port}`,
    STRIPE_TIMEOUT_MS: 5_000,
  });
  return { stripe, asked };
}

describe('readPayments', () => {
  it('asks again for the page that was refused or broke off, and for none that it has', async () => {
    const { stripe, asked } = await answering([
      page(['pi_1', 'pi_2'], true),
      refused(429),
      'cut',
      page(['pi_3'], true),
      refused(503),
      page(['pi_4'], false),
    ]);
    const payments = await readPayments(stripe, { created: { gte: 0 } });
    expect(payments.map(({ id }) => id)).toEqual(['pi_1', 'pi_2', 'pi_3', 'pi_4']);
    expect(asked.map(({ after }) => after)).toEqual([null, 'pi_2', 'pi_2', 'pi_2', 'pi_3', 'pi_3']);
  }, 20_000);

  it('waits for as long as Stripe says', async () => {
    const { stripe, asked } = await answering([refused(429, { 'retry-after': '2' }), page(['pi_1'], false)]);
    await readPayments(stripe, { created: { gte: 0 } });
    const [first, second] = asked.map(({ atMs }) => atMs);
    expect(Number(second) - Number(first)).toBeGreaterThan(1_900);
  }, 20_000);

  it('gives up at once where another try would be answered alike', async () => {
    const { stripe, asked } = await answering([refused(403)]);
    await expect(readPayments(stripe, { created: { gte: 0 } })).rejects.toThrow('Refused.');
    expect(asked).toHaveLength(1);
  });
});

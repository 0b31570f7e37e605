import { createServer } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { outcomeOf, templateOf } from '../../config/observed-http.ts';
import { createStripe } from '../../config/stripe.ts';
import { createWorkerMetrics, freeLocalPort, serveMetrics } from '../../worker/metrics.ts';
import { scrape } from './scrape.ts';

describe('the endpoint of a request to Stripe', () => {
  it.each([
    ['/v1/payment_intents', '/v1/payment_intents'],
    ['/v1/payment_intents/pi_3MtwBwLkdIwHu7ix28a3tqPa/confirm', '/v1/payment_intents/:id/confirm'],
    ['/v1/checkout/sessions/cs_test_a11YYufWQzNY63zpQ6?expand[0]=setup_intent', '/v1/checkout/sessions/:id'],
    ['/v1/customers/cus_9s6XKzkNRiz8i3', '/v1/customers/:id'],
    ['/v1/radar/early_fraud_warnings?payment_intent=pi_3MtwBwLk', '/v1/radar/early_fraud_warnings'],
    ['/v1/events?limit=100&starting_after=evt_1NG8Du2eZvKYlo2CUI79vXWy', '/v1/events'],
  ])('%s counts as %s', (path, template) => {
    expect(templateOf(path)).toBe(template);
  });

  it.each([
    [200, 'ok'],
    [400, 'request_refused'],
    [401, 'key_refused'],
    [402, 'declined'],
    [403, 'key_refused'],
    [404, 'request_refused'],
    [409, 'conflict'],
    [429, 'rate_limited'],
    [500, 'server_error'],
    [503, 'server_error'],
  ])('a %i is %s', (status, outcome) => {
    expect(outcomeOf(status)).toBe(outcome);
  });
});

describe('the metrics of a Worker', () => {
  const metrics = createWorkerMetrics();
  let sdkPort: number;
  let port: number;
  let server: Awaited<ReturnType<typeof serveMetrics>>;
  beforeAll(async () => {
    sdkPort = await freeLocalPort();
    port = await freeLocalPort();
    server = await serveMetrics(metrics.registry, { host: '127.0.0.1', port, sdkPort });
  });
  afterAll(() => server.close());
  const get = (path: string) => fetch(`http://127.0.0.1:${port}${path}`);

  it('count a request that nobody answers', async () => {
    const stripe = createStripe(
      {
        STRIPE_SECRET_KEY: 'sk_test_0123456789',
        STRIPE_API_URL: 'http://127.0.0.1:9',
        STRIPE_TIMEOUT_MS: 1_000,
      },
      { onRequest: metrics.countStripeRequest },
    );
    await expect(stripe.customers.retrieve('cus_9s6XKzkNRiz8i3')).rejects.toThrow();
    const told = scrape(await metrics.registry.metrics());
    const labels = { endpoint: 'GET /v1/customers/:id', outcome: 'no_answer' };
    expect(told.value('billing_stripe_request_seconds_count', labels)).toBe(1);
  });

  it('tell of refused keys from the start, and of each one whatever was asked for', async () => {
    const refusals = async () =>
      scrape(await metrics.registry.metrics()).value('billing_stripe_key_refusals_total');
    expect(await refusals()).toBe(0);
    const endpoints = ['GET /v1/events', 'POST /v1/refunds', 'POST /v1/payment_intents/:id/confirm'];
    for (const endpoint of endpoints) {
      metrics.countStripeRequest({ endpoint, outcome: 'key_refused', seconds: 0.1 });
      metrics.countStripeRequest({ endpoint, outcome: 'declined', seconds: 0.1 });
    }
    expect(await refusals()).toBe(endpoints.length);
  });

  it.each(['/v1/radar/early_fraud_warnings', '/v1/mandates/mandate_1PgafmB7WZ01zgkW'])(
    'count no refused key where a restricted one may do without: %s',
    async (path) => {
      const { registry, countStripeRequest } = createWorkerMetrics();
      const endpoint = `GET ${templateOf(path)}`;
      countStripeRequest({ endpoint, outcome: 'key_refused', seconds: 0.1 });
      const told = scrape(await registry.metrics());
      expect(told.value('billing_stripe_key_refusals_total')).toBe(0);
      const labels = { endpoint, outcome: 'key_refused' };
      expect(told.value('billing_stripe_request_seconds_count', labels)).toBe(1);
    },
  );

  it('never tell a lag below zero', async () => {
    metrics.countFirstAttempt(-5);
    expect(scrape(await metrics.registry.metrics()).value('billing_schedule_lag_seconds_sum')).toBe(0);
  });

  it('are an error without those of the SDK, and both with them', async () => {
    expect((await get('/metrics')).status).toBe(503);
    expect((await get('/other')).status).toBe(404);
    const sdk = createServer((_request, response) =>
      response.end('# TYPE temporal_request counter\ntemporal_request 3\n'),
    );
    await new Promise<void>((resolve) => sdk.listen(sdkPort, '127.0.0.1', resolve));
    const reply = await get('/metrics');
    const told = scrape(await reply.text());
    sdk.closeAllConnections();
    sdk.close();
    expect(reply.status).toBe(200);
    expect(told.value('temporal_request')).toBe(3);
    expect(told.names).toContain('process_cpu_seconds_total');
  });
});

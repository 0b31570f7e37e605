/** One trace from the caller's request to Stripe and back by webhook, on the service as it is run. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startStack, type TestStack } from '../support/stack.ts';
import { waitFor } from '../support/wait.ts';
import { type ReceivedSpan, startOtlpReceiver } from './otlp-receiver.ts';

let receiver: Awaited<ReturnType<typeof startOtlpReceiver>>;
let stack: TestStack;
beforeAll(async () => {
  receiver = await startOtlpReceiver();
  stack = await startStack({
    settings: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' },
  });
}, 120_000);
afterAll(async () => {
  await stack.stop();
  await receiver.close();
});

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const CALLER_SPAN = 'b7ad6b7169203331';

/** The span and all that led to it, the first cause first. */
function pathTo(span: ReceivedSpan): string[] {
  const parent = receiver.spans.find(({ spanId }) => spanId === span.parentSpanId);
  return [...(parent === undefined ? [] : pathTo(parent)), span.name];
}

function seen(what: string, matches: (span: ReceivedSpan) => boolean) {
  return waitFor(what, () => receiver.spans.find(matches), { timeoutMs: 30_000, everyMs: 200 });
}

describe('traces', () => {
  it('lead from the caller through the update and the Activity to Stripe and to PostgreSQL', async () => {
    const enrolled = await stack.request<{ id: string; checkout_url: string }>(
      'POST',
      '/v1/enrollments',
      {
        customer: { reference: 'trace-1', email: 'traced.person@example.com', name: 'Traced Person' },
        terms: { currency: 'jpy', schedule: { type: 'once', amount_minor: 1200 } },
      },
      { 'idempotency-key': 'traced', traceparent: `00-${TRACE_ID}-${CALLER_SPAN}-01` },
    );
    const ofTrace = (span: ReceivedSpan) => span.traceId === TRACE_ID;
    const http = await seen('the HTTP span', (span) => ofTrace(span) && span.name === 'POST /v1/enrollments');
    expect([http.parentSpanId, http.service]).toEqual([CALLER_SPAN, 'durable-billing-api']);
    const stripe = await seen(
      'the Stripe span',
      (span) => ofTrace(span) && span.name === 'Stripe POST /v1/checkout/sessions',
    );
    expect(pathTo(stripe)).toEqual([
      'POST /v1/enrollments',
      'UpdateWithStartWorkflow:enroll',
      'RunActivity:openCheckoutSession',
      'Stripe POST /v1/checkout/sessions',
    ]);
    expect(stripe.service).toBe('durable-billing-worker');
    expect(stripe.attributes).toMatchObject({ 'http.response.status_code': 200, 'stripe.outcome': 'ok' });
    expect(String(stripe.attributes['stripe.request_id'])).toMatch(/^req_/);
    const row = await seen(
      'the row of the session',
      (span) => ofTrace(span) && span.name === 'PostgreSQL insert checkout_sessions',
    );
    expect(pathTo(row)).toContain('RunActivity:openCheckoutSession');

    // The webhook's trace: from its delivery to the Activity that reads what it told of.
    const session = enrolled.checkout_url.split('/').at(-1)?.split('#')[0] ?? '';
    await stack.control(`checkout_sessions/${session}/complete`, {});
    const read = await seen(
      'the Activity that the webhook led to',
      (span) =>
        span.name === 'RunActivity:savePaymentMethod' &&
        span.attributes.temporalWorkflowId === `enrollment/${enrolled.id}`,
    );
    expect(pathTo(read)).toEqual([
      'POST /webhooks/stripe',
      'SignalWorkflow:checkoutSessionCompleted',
      'RunActivity:savePaymentMethod',
    ]);
    const paid = await seen(
      'the payment',
      (span) => span.traceId === read.traceId && span.name === 'Stripe POST /v1/payment_intents',
    );
    expect(pathTo(paid).slice(0, 2)).toEqual([
      'POST /webhooks/stripe',
      'SignalWorkflow:checkoutSessionCompleted',
    ]);
  }, 90_000);

  it('tell no personal data, no secret and no address', async () => {
    await fetch(`${stack.api}/c/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJub2JvZHkifQ.c2lnbmF0dXJl/account`);
    const page = await seen('the page', ({ name }) => name === 'GET /c/:token/account');
    expect(page.attributes['http.route']).toBe('/c/:token/account');
    const all = receiver.bodies.join('\n');
    expect(all).not.toMatch(/traced\.person|Traced Person|eyJ|sk_test|whsec_|dbk_|_secret_/);
    expect(all).toContain('db.query.text');
  });
});

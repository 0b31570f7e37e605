/**
 * What a Worker process counts: requests to Stripe, how late charges are tried, and the process itself. Served together
 * with the metrics of Temporal's SDK, so that a Worker has one address to scrape. Labels are from closed sets.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Counter, collectDefaultMetrics, Histogram, Registry } from 'prom-client';
import type { StripeRequestMade } from '../config/observed-http.ts';

export interface WorkerMetrics {
  registry: Registry;
  countStripeRequest(made: StripeRequestMade): void;
  /** @param lagSeconds from the instant that a charge could be made until its first attempt began */
  countFirstAttempt(lagSeconds: number): void;
}

/**
 * What a restricted key may lack: a charge is followed without the one (`activities/aftermath.ts`), and a changed method read
 * without the other (`activities/payment-method-refresh.ts`). A key that is refused altogether is told by the other requests,
 * which go out in the same moment.
 */
const MAY_BE_REFUSED: readonly string[] = ['GET /v1/radar/early_fraud_warnings', 'GET /v1/mandates/:id'];

export function createWorkerMetrics(): WorkerMetrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const stripe = new Histogram({
    name: 'billing_stripe_request_seconds',
    help: 'Requests to Stripe by endpoint and outcome, until the answer began',
    labelNames: ['endpoint', 'outcome'],
    buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40],
    registers,
  });
  // One refusal must be seen, whatever was asked for. Of a series that begins at 1 Prometheus sees no increase, as those
  // with labels do; this one has none, so that it is told from the start.
  const refusals = new Counter({
    name: 'billing_stripe_key_refusals_total',
    help: 'Requests to Stripe that were answered 401 or 403, but for early fraud warnings and mandates',
    registers,
  });
  const lag = new Histogram({
    name: 'billing_schedule_lag_seconds',
    help: 'Time from the instant that a charge fell due, or a dispute or pause that held it back was over, until its first attempt began',
    buckets: [0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 900, 3_600, 14_400, 86_400],
    registers,
  });
  return {
    registry,
    countStripeRequest({ endpoint, outcome, seconds }) {
      stripe.observe({ endpoint, outcome }, seconds);
      if (outcome === 'key_refused' && !MAY_BE_REFUSED.includes(endpoint)) {
        refusals.inc();
      }
    },
    countFirstAttempt: (lagSeconds) => lag.observe(Math.max(0, lagSeconds)),
  };
}

/** A port of this machine alone that nobody uses at the moment: the SDK's exporter does not tell which one it took. */
export async function freeLocalPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export interface MetricsServer {
  close(): Promise<void>;
}

/**
 * Serves `GET /metrics`: ours, then the SDK's from its own port. Without the SDK's it answers 503: half of the truth
 * would look like a Worker that has nothing to do.
 * @throws the listener's error, e.g. EADDRINUSE
 */
export async function serveMetrics(
  registry: Registry,
  options: { host: string; port: number; sdkPort: number },
): Promise<MetricsServer> {
  const { host, port, sdkPort } = options;
  const read = async () => {
    const sdk = await fetch(`http://127.0.0.1:${sdkPort}/metrics`, { signal: AbortSignal.timeout(5_000) });
    if (!sdk.ok) {
      throw new Error(`the metrics of the SDK answer ${sdk.status}`);
    }
    return `${await registry.metrics()}\n${await sdk.text()}`;
  };
  const server = createServer((request, response) => {
    if (request.method !== 'GET' || request.url?.split('?')[0] !== '/metrics') {
      response.writeHead(404).end();
      return;
    }
    read().then(
      (text) => response.writeHead(200, { 'content-type': registry.contentType }).end(text),
      (error: unknown) => response.writeHead(503).end(error instanceof Error ? error.message : String(error)),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, host, resolve);
  });
  return {
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** What the API counts, for Prometheus. Labels are from closed sets; never an id, an address or a name. */
import type { FastifyInstance } from 'fastify';
import { Counter, Histogram, Registry } from 'prom-client';

export interface ApiMetrics {
  registry: Registry;
  requestSeconds: Histogram<'method' | 'route' | 'status'>;
  /** Webhooks by what became of them when they came in: `accepted`, `repeated`, `ignored`, `refused`. */
  webhooks: Counter<'outcome'>;
  /** Deliveries of inbox rows: `signalled`, `ignored`, `failed`. */
  deliveries: Counter<'outcome'>;
  /** Seconds from a webhook's arrival until its Workflow has it. */
  webhookLag: Histogram;
}

/** What this process counts itself; `business-metrics.ts` adds what is read from the rows. */
export function createMetrics(): ApiMetrics {
  const registry = new Registry();
  const registers = [registry];
  const metrics: ApiMetrics = {
    registry,
    requestSeconds: new Histogram({
      name: 'billing_http_request_seconds',
      help: 'Time from a request to its reply',
      labelNames: ['method', 'route', 'status'],
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
      registers,
    }),
    webhooks: new Counter({
      name: 'billing_webhooks_total',
      help: 'Webhooks that came in, by outcome',
      labelNames: ['outcome'],
      registers,
    }),
    deliveries: new Counter({
      name: 'billing_inbox_deliveries_total',
      help: 'Deliveries of accepted webhooks, by outcome',
      labelNames: ['outcome'],
      registers,
    }),
    webhookLag: new Histogram({
      name: 'billing_webhook_lag_seconds',
      help: 'Time from the arrival of a webhook until its Workflow has it',
      buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 1_800, 7_200, 43_200],
      registers,
    }),
  };
  // Told from the start: of a series that begins at 1, Prometheus sees no increase.
  for (const outcome of ['accepted', 'repeated', 'ignored', 'refused']) {
    metrics.webhooks.inc({ outcome }, 0);
  }
  for (const outcome of ['signalled', 'ignored', 'failed']) {
    metrics.deliveries.inc({ outcome }, 0);
  }
  return metrics;
}

/** @param lagSeconds since the webhook came in */
export function countDelivery(
  metrics: ApiMetrics,
  outcome: 'signalled' | 'ignored' | 'failed',
  lagSeconds: number,
): void {
  metrics.deliveries.inc({ outcome });
  if (outcome === 'signalled') {
    metrics.webhookLag.observe(lagSeconds);
  }
}

/** Measures every request by its route's pattern. */
export function measureRequests(app: FastifyInstance, metrics: ApiMetrics): void {
  app.addHook('onResponse', async (request, reply) => {
    metrics.requestSeconds.observe(
      {
        method: request.method,
        route: request.routeOptions.url ?? 'unknown',
        status: String(reply.statusCode),
      },
      reply.elapsedTime / 1000,
    );
  });
}

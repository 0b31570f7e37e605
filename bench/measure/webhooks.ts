/** Webhooks accepted a second, beside a bare route; their latency at half of that; and how soon they have their effect. */
import { sql } from 'kysely';
import { countPendingStripeEvents } from '../../db/stripe-events.ts';
import { beside, type Figure, type Findings, figure } from '../figures.ts';
import { bareServer } from '../floors/server.ts';
import { inTurn, percentile } from '../statistics.ts';
import { enrollMany, monthlyFrom, until } from './callers.ts';
import type { Context, Measurement } from './context.ts';
import { echoOf, newsFor, paymentEvent, signed, type Template } from './events.ts';
import { fire, fireEvenly, type LoadResult, type Shot } from './load.ts';

/** Deliveries that Stripe has under way at once. */
const CONNECTIONS = 32;
/** Times as long as other samples: one commit that takes 100 ms would be the p99 of three seconds. */
const HALF_LOAD_FOR = 2.5;
/** News that can be delivered as they come. */
const CALM_PER_SECOND = 50;
/** Workflows that the news are spread over. */
const HEARERS = 60;

export const webhooks: Measurement = {
  name: 'webhooks',
  title: 'Webhooks',
  async run(context): Promise<Findings> {
    const { stage, sizes, report } = context;
    const [api, bare] = await Promise.all([stage.api(), bareServer(stage), stage.ensureWorker()]);
    const template = await paymentEvent(stage);
    const { STRIPE_WEBHOOK_SECRET: secret = '' } = await stage.settings();
    report('enrolling those who hear of events');
    const far = new Date(Date.now() + 40 * 86_400_000).toISOString();
    const { ids } = await enrollMany(stage, Math.min(HEARERS, sizes.webhooks), monthlyFrom(far));

    let turn = 0;
    const kinds: Record<string, () => Template> = {
      echo: () => echoOf(template),
      news: () => newsFor(template, String(ids[turn++ % ids.length])),
    };
    /** Sends events of a kind, each with its own id: a number of them as fast as they are answered, or some seconds at a rate. */
    async function send(kind: string, url: string, route: string, rate?: number): Promise<LoadResult> {
      const amount =
        rate === undefined ? sizes.webhooks : Math.ceil(rate * HALF_LOAD_FOR * sizes.requestSeconds);
      // A few more than are sent: every connection prepares one ahead.
      const shots = Array.from({ length: amount + 2 * CONNECTIONS }, (): Shot => {
        const event = kinds[kind]?.() ?? template;
        return { ...signed(stage, secret, event), path: route };
      });
      let next = 0;
      const load = {
        url,
        connections: Math.min(CONNECTIONS, sizes.webhooks),
        amount,
        next: () => shots[next++ % shots.length] as Shot,
      };
      const result = await (rate === undefined ? fire(load) : fireEvenly(load, rate));
      if (result.failed > 0) {
        throw new Error(`${result.failed} of ${amount} webhooks failed at ${route}`);
      }
      await untilDelivered(context);
      return result;
    }

    report('warming up');
    await send('echo', api.url, '/webhooks/stripe');
    await send('echo', bare, '/webhook');
    const figures: Figure[] = [];
    for (const kind of ['echo', 'news'] as const) {
      const of = kind === 'echo' ? 'echoes of our own requests' : 'news for a Workflow';
      report(`full speed, ${of}`);
      const samples = await inTurn(sizes.rounds, {
        ours: async () => (await send(kind, api.url, '/webhooks/stripe')).perSecond,
        bare: async () => (await send(kind, bare, '/webhook')).perSecond,
      });
      const accepted = beside(
        `webhooks.${kind}.per_second`,
        `webhooks accepted, ${of}`,
        samples.ours,
        '/s',
        { what: 'bare route: verify, insert one row', samples: samples.bare },
        { atLeast: 0.7 },
      );
      report(`half speed, ${of}`);
      const since = new Date();
      const half = await send(kind, api.url, '/webhooks/stripe', accepted.value / 2);
      figures.push(
        accepted,
        figure(`webhooks.${kind}.p50`, 'answered at half load, p50', percentile(half.latenciesMs, 0.5), 'ms'),
        figure(
          `webhooks.${kind}.p99`,
          'answered at half load, p99',
          percentile(half.latenciesMs, 0.99),
          'ms',
          {
            atMost: 50,
          },
        ),
      );
      if (kind === 'news') {
        figures.push(...(await lagFigures(context, since, 'half load', 'webhooks.lag')));
        report(`${CALM_PER_SECOND} a second, ${of}`);
        const calmSince = new Date();
        await send(kind, api.url, '/webhooks/stripe', CALM_PER_SECOND);
        const calm = `${CALM_PER_SECOND} a second`;
        figures.push(...(await lagFigures(context, calmSince, calm, 'webhooks.calm_lag')));
      }
    }
    return { figures, curves: [], notes: [] };
  },
};

/** From the row of an event until its Workflow has been signalled. */
async function lagFigures(
  { stage }: Context,
  since: Date,
  load: string,
  id: 'webhooks.lag' | 'webhooks.calm_lag',
): Promise<Figure[]> {
  const { db } = await stage.database();
  const rows = await db
    .selectFrom('stripe_events')
    .select(sql<number>`extract(epoch from signalled_at - received_at)::float8 * 1000`.as('lag'))
    .where('received_at', '>=', since)
    .where('signalled_at', 'is not', null)
    .execute();
  const lags = rows.map(({ lag }) => lag);
  const what = `accepted until its Workflow is signalled, ${load}`;
  return [
    figure(`${id}.p50`, `${what}, p50`, percentile(lags, 0.5), 'ms'),
    figure(`${id}.p99`, `${what}, p99`, percentile(lags, 0.99), 'ms'),
  ];
}

/** What one sample left over must not slow the next one. */
async function untilDelivered({ stage }: Context): Promise<void> {
  const { db } = await stage.database();
  await until('the inbox to be empty', 120_000, async () => (await countPendingStripeEvents(db)) === 0);
}

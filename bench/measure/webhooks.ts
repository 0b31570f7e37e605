/** Webhooks accepted a second, beside a bare route; their latency at half of that; and how soon they have their effect. */
import { sql } from 'kysely';
import { countPendingStripeEvents } from '../../db/stripe-events.ts';
import { beside, type Figure, type Findings, figure, valueBeside } from '../figures.ts';
import { bareServer } from '../floors/server.ts';
import { percentile } from '../statistics.ts';
import { enrollMany, monthlyFrom, until, untilStill } from './callers.ts';
import type { Context, Measurement } from './context.ts';
import { echoOf, newsFor, paymentEvent, signed, type Template } from './events.ts';
import { fire, fireEvenly, type LoadResult, type Shot } from './load.ts';

/** Deliveries that Stripe has under way at once. */
const CONNECTIONS = 32;
/** News that can be delivered as they come, and for how long. */
const CALM_PER_SECOND = 50;
const CALM_SECONDS = 10;
/** Workflows that the news are spread over. */
const HEARERS = 60;
/** Fewer are delivered a second by no machine that this is measured on. */
const DELIVERED_PER_SECOND = 50;
/** Without a Workflow Task. Temporal's counter is up to a second late. */
const STILL_MS = 2_000;

const KINDS = {
  echo: { events: 'echoes', of: 'echoes of our own requests' },
  news: { events: 'news', of: 'news for a Workflow' },
} as const;
type Kind = keyof typeof KINDS;

/** So many as fast as they are answered, or evenly at a rate. @returns once nothing is left to be delivered */
type Send = (kind: Kind, to: 'ours' | 'bare', load: { amount: number; rate?: number }) => Promise<LoadResult>;

export const webhooks: Measurement = {
  name: 'webhooks',
  title: 'Webhooks',
  async run(context): Promise<Findings> {
    const { sizes, report } = context;
    const send = await sender(context);
    report('warming up');
    await send('echo', 'ours', { amount: sizes.news });
    await send('echo', 'bare', { amount: sizes.news });
    const figures = [...(await accepted(context, 'echo', send)), ...(await accepted(context, 'news', send))];
    report(`${CALM_PER_SECOND} news a second`);
    const since = new Date();
    await send('news', 'ours', { amount: CALM_PER_SECOND * CALM_SECONDS, rate: CALM_PER_SECOND });
    const calm = lagFigures('webhooks.calm_lag', `${CALM_PER_SECOND} a second`, [await lags(context, since)]);
    return { figures: [...figures, ...calm], curves: [], notes: [] };
  },
};

async function sender(context: Context): Promise<Send> {
  const { stage, sizes, report } = context;
  const [api, bare] = await Promise.all([stage.api(), bareServer(stage), stage.ensureWorker()]);
  const template = await paymentEvent(stage);
  const { STRIPE_WEBHOOK_SECRET: secret = '' } = await stage.settings();
  report('enrolling those who hear of events');
  const far = new Date(Date.now() + 40 * 86_400_000).toISOString();
  const { ids } = await enrollMany(stage, Math.min(HEARERS, sizes.news), monthlyFrom(far));
  let turn = 0;
  const kinds: Record<Kind, () => Template> = {
    echo: () => echoOf(template),
    news: () => newsFor(template, String(ids[turn++ % ids.length])),
  };
  const routes = {
    ours: { url: api.url, path: '/webhooks/stripe' },
    bare: { url: bare, path: '/webhook' },
  };
  return async (kind, to, { amount, rate }) => {
    const { url, path } = routes[to];
    // A few more than are sent: every connection prepares one ahead.
    const shots = Array.from({ length: amount + 2 * CONNECTIONS }, (): Shot => {
      return { ...signed(stage, secret, kinds[kind]()), path };
    });
    let next = 0;
    const connections = Math.min(CONNECTIONS, amount);
    const load = { url, connections, amount, next: () => shots[next++ % shots.length] as Shot };
    const result = await (rate === undefined ? fire(load) : fireEvenly(load, rate));
    if (result.failed > 0) {
      throw new Error(`${result.failed} of ${amount} webhooks failed at ${path}`);
    }
    await untilDelivered(context);
    if (kind === 'news' && to === 'ours') {
      // Workflows go on once they are signalled, and the bare route that is next would be measured beside them.
      await untilStill('Workflows to have heard', 60_000, stage.workflowTasksDone, STILL_MS);
    }
    return result;
  };
}

/**
 * In each round both routes at full speed, and then both at half of what ours accepted in it. A percentile is told as the
 * median of the rounds' ones: a commit that waits 100 ms for the disk makes all others wait, and is the 99th percentile
 * of its round, whosever it is; it does not decide alone, and the bare route beside it shows how often it comes.
 */
async function accepted(context: Context, kind: Kind, send: Send): Promise<Figure[]> {
  const { sizes, report } = context;
  const { events, of } = KINDS[kind];
  const full = { ours: [] as number[], bare: [] as number[] };
  const half = { ours: [] as number[][], bare: [] as number[][] };
  const heard: number[][] = [];
  for (let round = 1; round <= sizes.rounds; round += 1) {
    const amount = kind === 'echo' ? sizes.webhooks : sizes.news;
    report(`round ${round} of ${sizes.rounds}: full speed, ${of}`);
    const { perSecond } = await send(kind, 'ours', { amount });
    full.ours.push(perSecond);
    full.bare.push((await send(kind, 'bare', { amount })).perSecond);
    report(`round ${round} of ${sizes.rounds}: half speed, ${of}`);
    const rate = perSecond / 2;
    const load = { rate, amount: Math.ceil(rate * sizes.halfLoadSeconds) };
    const since = new Date();
    half.ours.push((await send(kind, 'ours', load)).latenciesMs);
    if (kind === 'news') {
      heard.push(await lags(context, since));
    }
    half.bare.push((await send(kind, 'bare', load)).latenciesMs);
  }
  const each = (rounds: number[][], share: number) => rounds.map((latencies) => percentile(latencies, share));
  const answered = (share: number, name: 'p50' | 'p99') =>
    valueBeside(
      `webhooks.${kind}.${name}`,
      `${events} answered at half load, ${name}`,
      each(half.ours, share),
      'ms',
      { what: 'bare route, as many a second', samples: each(half.bare, share) },
      name === 'p99' ? { atMost: 50 } : null,
    );
  return [
    beside(
      `webhooks.${kind}.per_second`,
      `webhooks accepted, ${of}`,
      full.ours,
      '/s',
      { what: 'bare route: verify, insert one row', samples: full.bare },
      { atLeast: 0.7 },
    ),
    answered(0.5, 'p50'),
    answered(0.99, 'p99'),
    ...(kind === 'news' ? lagFigures('webhooks.lag', `half load for ${sizes.halfLoadSeconds} s`, heard) : []),
  ];
}

/** Milliseconds from the row of an event until its Workflow has been signalled. */
async function lags({ stage }: Context, since: Date): Promise<number[]> {
  const { db } = await stage.database();
  const rows = await db
    .selectFrom('stripe_events')
    .select(sql<number>`extract(epoch from signalled_at - received_at)::float8 * 1000`.as('lag'))
    .where('received_at', '>=', since)
    .where('signalled_at', 'is not', null)
    .execute();
  return rows.map(({ lag }) => lag);
}

/** @param rounds the lags of each */
function lagFigures(
  id: 'webhooks.lag' | 'webhooks.calm_lag',
  load: string,
  rounds: readonly number[][],
): Figure[] {
  const what = `accepted until its Workflow is signalled, ${load}`;
  const each = (share: number) => rounds.map((one) => percentile(one, share));
  return [
    figure(`${id}.p50`, `${what}, p50`, each(0.5), 'ms'),
    figure(`${id}.p99`, `${what}, p99`, each(0.99), 'ms'),
  ];
}

/** What one sample left over must not slow the next one. */
async function untilDelivered({ stage }: Context): Promise<void> {
  const { db } = await stage.database();
  const pending = await countPendingStripeEvents(db);
  const withinMs = (60 + pending / DELIVERED_PER_SECOND) * 1_000;
  await until('the inbox to be empty', withinMs, async () => (await countPendingStripeEvents(db)) === 0);
}

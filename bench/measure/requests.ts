/**
 * Reads of the API: how many a second at full speed, and how long each takes at a steady load of half of that. Writes: how
 * many a second four callers get answered one after the other, and how long each takes then.
 */
import { randomBytes } from 'node:crypto';
import { beside, type Figure, type Findings, figure, valueBeside } from '../figures.ts';
import { bareServer } from '../floors/server.ts';
import { percentile } from '../statistics.ts';
import { enrollMany, monthlyFrom } from './callers.ts';
import type { Context, Measurement } from './context.ts';
import { fire, fireEvenly, type LoadResult, type Shot } from './load.ts';

const READERS = 8;
/** Each waits for a call to Stripe and a Workflow. */
const WRITERS = 4;
const READ = 120;

interface Route {
  name: string;
  what: string;
  ours: () => Shot;
  /** Whether its rate has a floor: only a read of one row has one that does the heart of it. */
  hasFloor: boolean;
}

export const requests: Measurement = {
  name: 'requests',
  title: 'Reads and writes of the API',
  async run(context): Promise<Findings> {
    const { stage, sizes, report } = context;
    const { url, key } = await stage.api();
    await stage.ensureWorker();
    const bare = await bareServer(stage);
    report('enrolling those who are read');
    const far = new Date(Date.now() + 40 * 86_400_000).toISOString();
    const { ids } = await enrollMany(stage, Math.min(READ, sizes.herd), monthlyFrom(far));
    const headers = { authorization: `Bearer ${key}` };
    let turn = 0;
    const oneOf = () => String(ids[turn++ % ids.length]);
    const read = (path: () => string) => (): Shot => ({ method: 'GET', path: path(), headers });
    const bareRead = read(() => `/enrollments/${oneOf()}`);
    const routes: Route[] = [
      {
        name: 'read',
        what: 'GET /v1/enrollments/:id',
        ours: read(() => `/v1/enrollments/${oneOf()}`),
        hasFloor: true,
      },
      {
        name: 'list',
        what: 'GET /v1/enrollments?limit=20',
        ours: read(() => '/v1/enrollments?limit=20'),
        hasFloor: false,
      },
      {
        name: 'timeline',
        what: 'GET /v1/enrollments/:id/timeline',
        ours: read(() => `/v1/enrollments/${oneOf()}/timeline`),
        hasFloor: false,
      },
    ];
    const figures: Figure[] = [];
    for (const route of routes) {
      figures.push(...(await readFigures(context, route, url, { url: bare, next: bareRead })));
    }
    const post = (): Shot => ({
      method: 'POST',
      path: '/v1/enrollments',
      headers: {
        ...headers,
        'content-type': 'application/json',
        'idempotency-key': randomBytes(10).toString('hex'),
      },
      body: JSON.stringify({
        customer: { reference: randomBytes(10).toString('hex') },
        description: 'Coffee, monthly',
        terms: monthlyFrom(far),
      }),
    });
    figures.push(...(await writeFigures(context, url, post)));
    return { figures, curves: [], notes: [] };
  },
};

/** In each round at full speed, and then at half of what ours answered in it; the bare route in turn. */
async function readFigures(
  { sizes, report }: Context,
  { name, what, ours, hasFloor }: Route,
  url: string,
  bare: { url: string; next: () => Shot },
): Promise<Figure[]> {
  const full = { ours: [] as number[], bare: [] as number[] };
  const half = { ours: [] as number[][], bare: [] as number[][] };
  const seconds = sizes.requestSeconds;
  const connections = READERS;
  for (let round = 1; round <= sizes.rounds; round += 1) {
    report(`round ${round} of ${sizes.rounds}: ${what}`);
    const { perSecond } = checked(await fire({ url, next: ours, connections, seconds }), ours);
    full.ours.push(perSecond);
    if (hasFloor) {
      full.bare.push(checked(await fire({ ...bare, connections, seconds }), bare.next).perSecond);
    }
    const rate = perSecond / 2;
    const load = { connections, amount: Math.ceil(rate * seconds) };
    half.ours.push(checked(await fireEvenly({ ...load, url, next: ours }, rate), ours).latenciesMs);
    half.bare.push(checked(await fireEvenly({ ...load, ...bare }, rate), bare.next).latenciesMs);
  }
  const answered = (share: number, percent: 'p50' | 'p99') => {
    const each = (rounds: number[][]) => rounds.map((latencies) => percentile(latencies, share));
    return valueBeside(
      `requests.${name}.${percent}`,
      `${what}, half load, ${percent}`,
      each(half.ours),
      'ms',
      {
        what: 'bare route: one row, as many a second',
        samples: each(half.bare),
      },
    );
  };
  const id = `requests.${name}.per_second`;
  return [
    hasFloor
      ? beside(id, what, full.ours, '/s', {
          what: 'bare route: one row by its key, no API key',
          samples: full.bare,
        })
      : figure(id, what, full.ours, '/s'),
    answered(0.5, 'p50'),
    answered(0.99, 'p99'),
  ];
}

/** Each caller sends its next request when the last one is answered: the time is that of four under way at once. */
async function writeFigures({ sizes, report }: Context, url: string, post: () => Shot): Promise<Figure[]> {
  report(`${sizes.writes} times POST /v1/enrollments`);
  const load = { url, next: post, connections: Math.min(WRITERS, sizes.writes), amount: sizes.writes };
  const { perSecond, latenciesMs } = checked(await fire(load), post);
  const what = 'POST /v1/enrollments with its Checkout Session, four callers one after the other';
  return [
    figure('requests.write.per_second', what, perSecond, '/s'),
    figure(
      'requests.write.p50',
      `POST, ${latenciesMs.length} of them, p50`,
      percentile(latenciesMs, 0.5),
      'ms',
    ),
    figure(
      'requests.write.p99',
      `POST, ${latenciesMs.length} of them, p99`,
      percentile(latenciesMs, 0.99),
      'ms',
    ),
  ];
}

function checked(result: LoadResult, next: () => Shot): LoadResult {
  if (result.failed > 0) {
    throw new Error(`${result.failed} requests failed at ${next().path}`);
  }
  return result;
}

/** Reads and writes of the API at a steady load: how many a second, and how long each takes. */
import { randomBytes } from 'node:crypto';
import { beside, type Figure, type Findings, figure } from '../figures.ts';
import { bareServer } from '../floors/server.ts';
import { inTurn, percentile } from '../statistics.ts';
import { enrollMany, monthlyFrom } from './callers.ts';
import type { Context, Measurement } from './context.ts';
import { fire, type Shot } from './load.ts';

const READERS = 8;
/** Each waits for a call to Stripe and a Workflow. */
const WRITERS = 4;
const READ = 120;

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
    const one = read(() => `/v1/enrollments/${oneOf()}`);
    const figures: Figure[] = [];

    report('GET /v1/enrollments/:id');
    const latencies: number[] = [];
    const samples = await inTurn(sizes.rounds, {
      ours: async () => {
        const result = await load(context, url, READERS, one);
        latencies.push(...result.latenciesMs);
        return result.perSecond;
      },
      bare: async () =>
        (
          await load(
            context,
            bare,
            READERS,
            read(() => `/enrollments/${oneOf()}`),
          )
        ).perSecond,
    });
    figures.push(
      beside('requests.read.per_second', 'GET /v1/enrollments/:id', samples.ours, '/s', {
        what: 'bare route: one row by its key, no API key',
        samples: samples.bare,
      }),
      ...latencyFigures('requests.read', 'GET /v1/enrollments/:id', latencies),
    );
    for (const [name, path] of [
      ['list', () => '/v1/enrollments?limit=20'],
      ['timeline', () => `/v1/enrollments/${oneOf()}/timeline`],
    ] as const) {
      report(`GET ${path().replace(/enr_\w+/, ':id')}`);
      const result = await load(context, url, READERS, read(path));
      const what = `GET ${path().replace(/enr_\w+/, ':id')}`;
      figures.push(...latencyFigures(`requests.${name}`, what, result.latenciesMs));
    }

    report('POST /v1/enrollments');
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
    const written = await load(context, url, WRITERS, post);
    figures.push(
      figure('requests.write.per_second', 'POST /v1/enrollments, four callers', written.perSecond, '/s'),
      ...latencyFigures(
        'requests.write',
        'POST /v1/enrollments, with its Checkout Session',
        written.latenciesMs,
      ),
    );
    return { figures, curves: [], notes: [] };
  },
};

async function load(context: Context, url: string, connections: number, next: () => Shot) {
  const result = await fire({ url, connections, seconds: context.sizes.requestSeconds, next });
  if (result.failed > 0) {
    throw new Error(`${result.failed} requests failed at ${next().path}`);
  }
  return result;
}

function latencyFigures(id: string, what: string, latenciesMs: number[]): Figure[] {
  return [
    figure(`${id}.p50`, `${what}, p50`, percentile(latenciesMs, 0.5), 'ms'),
    figure(`${id}.p99`, `${what}, p99`, percentile(latenciesMs, 0.99), 'ms'),
  ];
}

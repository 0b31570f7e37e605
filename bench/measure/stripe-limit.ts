/** A herd with Stripe's limit on: nothing is refused, and hardly any of the limit is left unused. */
import { type Findings, figure } from '../figures.ts';
import type { Context, Measurement } from './context.ts';
import { type Drain, drainOurs, gather } from './herd.ts';
import { expectedRates } from './warm-up.ts';

interface LoggedRequest {
  method: string;
  path: string;
  status: number | null;
  /** When it reached the stand-in, in milliseconds. */
  at: number;
}

interface Round {
  used: number;
  refused: number;
  drained: Drain;
}

export const stripeLimit: Measurement = {
  name: 'stripe-limit',
  title: 'Charges with Stripe’s limit on',
  async run(context): Promise<Findings> {
    const { stage, sizes } = context;
    const { stripeLimit: limit, limitedHerd: count } = sizes;
    await expectedRates(context);
    // Before they enroll: a Worker that starts afterwards has none of them in its cache, and that is another figure.
    await stage.ensureWorker({ stripeRequestsPerSecond: limit });
    const rounds: Round[] = [];
    try {
      for (let round = 1; round <= sizes.limitRounds; round += 1) {
        rounds.push(await limited(context, `round ${round} of ${sizes.limitRounds}`));
      }
    } finally {
      await stage.ensureWorker();
    }
    const curve = rounds.at(-1)?.drained.curve ?? [];
    return {
      figures: [
        figure(
          'limit.used',
          `share of ${limit} requests/s used by ${count} charges, from the first request to the last`,
          rounds.map(({ used }) => used),
          '%',
          { atLeast: 95 },
        ),
        // Of all rounds: one that is refused is one too many.
        figure(
          'limit.refused',
          'of them answered 429, in all rounds',
          rounds.reduce((sum, { refused }) => sum + refused, 0),
          '',
          { atMost: 0 },
        ),
        figure(
          'limit.per_second',
          'charges/s, from the instant until the last row',
          rounds.map(({ drained }) => drained.perSecond),
          '/s',
        ),
      ],
      curves: curve.map(({ x, y }) => ({ chart: 'limit', series: 'charges made', x, y })),
      notes: [
        `The Workers may send ${limit} requests a second; the stand-in refuses more than ${limit} in any second.`,
      ],
    };
  },
};

async function limited(context: Context, of: string): Promise<Round> {
  const { stage, sizes, report } = context;
  const { stripeLimit: limit, limitedHerd: count } = sizes;
  const expected = await expectedRates(context);
  report(`${of}: ${count} customers enroll`);
  // Each of them asks Stripe three times.
  const herd = await gather(context, count, Math.min(expected.enrollments, limit / 4));
  await stage.control('POST', 'settings', { requestsPerSecond: limit });
  report(`${of}: ${count} charges fall due, ${limit} requests a second are allowed`);
  try {
    const drained = await drainOurs(stage, herd);
    const { data } = await stage.control<{ data: LoggedRequest[] }>(
      'GET',
      `requests?limit=20000&path_prefix=/v1/payment_intents`,
    );
    const made = data.filter(({ at }) => at >= herd.dueAtMs);
    const refused = made.filter(({ status }) => status === 429).length;
    return { used: shareUsed(made, limit), refused, drained };
  } finally {
    await stage.control('POST', 'settings', { requestsPerSecond: null });
  }
}

/** In percent: requests that were let in, against those that the limit would have let in meanwhile. */
function shareUsed(requests: readonly LoggedRequest[], limit: number): number {
  const instants = requests.filter(({ status }) => status !== 429).map(({ at }) => at);
  const seconds = (Math.max(...instants) - Math.min(...instants)) / 1_000;
  return (100 * (instants.length - 1)) / (seconds * limit);
}

/** Enrollments a second, and charges a second when many fall due at one instant, beside floors and peers. */
import { beside, type Curve, type Figure, type Findings, figure } from '../figures.ts';
import { bareFloor } from '../floors/bare.ts';
import type { Context, Measurement } from './context.ts';
import { savedLagFigures, savedLags } from './effect.ts';
import {
  apartSeconds,
  type BareHerd,
  type Drain,
  drainBare,
  drainOurs,
  drainPeer,
  gather,
  gatherBare,
  type Herd,
} from './herd.ts';
import { peerProcessorFigures, processorCurves, processorFigures } from './processor-parts.ts';
import { expectations, expectedRates, type Rates } from './warm-up.ts';

export const charges: Measurement = {
  name: 'charges',
  title: 'Enrollments, and charges that fall due at one instant',
  async run(context): Promise<Findings> {
    const { stage, sizes, report } = context;
    await stage.ensureWorker();
    const expected = await expectedRates(context);
    const enroll = { ours: [] as number[], bare: [] as number[] };
    const saved: number[][] = [];
    const drains: Record<'ours' | 'bare' | 'pg-boss' | 'graphile-worker', Drain[]> = {
      ours: [],
      bare: [],
      'pg-boss': [],
      'graphile-worker': [],
    };
    for (let round = 0; round < sizes.rounds; round += 1) {
      const of = `round ${round + 1} of ${sizes.rounds}`;
      const { herd, bareHerd, bareSeconds, bareFirst } = await gatherBoth(context, round, expected);
      enroll.ours.push(sizes.herd / herd.enrollSeconds);
      enroll.bare.push(sizes.herd / bareSeconds);
      expectations(expected, enroll);
      const ours = async () => {
        report(`${of}: ${sizes.herd} charges fall due`);
        drains.ours.push(await drainOurs(stage, herd, true));
      };
      const bare = async () => {
        report(`${of}: ${sizes.herd} bare timers fall due`);
        drains.bare.push(await drainBare(stage, bareHerd, true));
      };
      for (const fallDue of bareFirst ? [bare, ours] : [ours, bare]) {
        await fallDue();
      }
      saved.push(await savedLags(stage, herd.ids));
      await drainPeers(context, herd, round, of, drains);
    }
    return findingsOf(context, enroll, savedLagFigures(saved), drains);
  },
};

/**
 * As many of ours and of the bare Workflows, to fall due shortly after one another, in turn first: how fast a shared
 * machine is changes by the minute.
 */
async function gatherBoth({ stage, sizes, report }: Context, round: number, expected: Rates) {
  const of = `round ${round + 1} of ${sizes.rounds}`;
  const floor = await bareFloor(stage);
  const bareFirst = round % 2 === 1;
  const apart = apartSeconds(sizes.herd);
  // Of each try; the last one counts.
  const bare: { seconds: number; herd: BareHerd }[] = [];
  report(`${of}: ${sizes.herd} customers enroll`);
  const herd = await gather({ stage, report }, sizes.herd, expected.enrollments, {
    seconds: sizes.herd / expected.bareEnrollments + sizes.herd / expected.bareStarts,
    earlierSeconds: bareFirst ? apart + 0.5 : 0.5,
    work: async (dueAtMs) => {
      report(`${of}: ${sizes.herd} bare enrollments`);
      const seconds = await floor.enrollments(sizes.herd);
      const bareDueAtMs = dueAtMs + apart * (bareFirst ? -1_000 : 1_000);
      bare.push({ seconds, herd: await gatherBare(stage, sizes.herd, bareDueAtMs) });
    },
  });
  const floored = bare.at(-1);
  if (floored === undefined) {
    throw new Error('a herd was gathered without its floor');
  }
  return { herd, bareHerd: floored.herd, bareSeconds: floored.seconds, bareFirst };
}

async function drainPeers(
  { stage, report }: Context,
  herd: Herd,
  round: number,
  of: string,
  drains: Record<'pg-boss' | 'graphile-worker', Drain[]>,
): Promise<void> {
  for (const [index, kind] of (['pg-boss', 'graphile-worker'] as const).entries()) {
    report(`${of}: ${herd.ids.length} jobs of ${kind} fall due`);
    // Far above the numbers that the Workflows give.
    drains[kind].push(await drainPeer(stage, kind, herd.ids, 1_000 + 10 * round + index));
  }
}

function findingsOf(
  { sizes }: Context,
  enroll: { ours: number[]; bare: number[] },
  saved: Figure[],
  drains: Record<'ours' | 'bare' | 'pg-boss' | 'graphile-worker', Drain[]>,
): Findings {
  const rates = (name: keyof typeof drains) => drains[name].map(({ perSecond }) => perSecond);
  const lags = (name: keyof typeof drains) => drains[name].map(({ lastLagSeconds }) => lastLagSeconds);
  const many = sizes.herd.toLocaleString('en');
  const names = {
    ours: 'this service',
    bare: 'bare Workflow',
    'pg-boss': 'pg-boss job',
    'graphile-worker': 'graphile-worker job',
  };
  const curves = (Object.keys(drains) as (keyof typeof drains)[]).flatMap((name): Curve[] =>
    (drains[name].at(-1)?.curve ?? []).map(({ x, y }) => ({ chart: 'herd', series: names[name], x, y })),
  );
  return {
    figures: [
      beside(
        'enrollments.per_second',
        'enrollments, from the request until the method is stored',
        enroll.ours,
        '/s',
        { what: 'bare Workflow of the same events', samples: enroll.bare },
        { atLeast: 0.8 },
      ),
      ...saved,
      beside(
        'charges.per_second',
        `charges, ${many} due at one instant`,
        rates('ours'),
        '/s',
        { what: 'bare Workflow: timer, one empty Activity', samples: rates('bare') },
        { atLeast: 0.65 },
      ),
      figure('charges.absolute', 'charges a second, at least Stripe’s limit of 100', rates('ours'), '/s', {
        atLeast: 100,
      }),
      beside('charges.last_lag', 'lag of the last of them', lags('ours'), 's', {
        what: 'bare Workflow',
        samples: lags('bare'),
      }),
      beside(
        'charges.whole',
        'charges, until the last Workflow sleeps again',
        drains.ours.flatMap(({ wholePerSecond }) => wholePerSecond ?? []),
        '/s',
        {
          what: 'bare Workflow, until the last one sleeps again',
          samples: drains.bare.flatMap(({ wholePerSecond }) => wholePerSecond ?? []),
        },
        { atLeast: 0.65 },
      ),
      ...processorFigures(drains),
      beside('charges.pg_boss', 'charges, beside pg-boss jobs', rates('ours'), '/s', {
        what: 'pg-boss job: same call, same rows',
        samples: rates('pg-boss'),
      }),
      beside('charges.graphile_worker', 'charges, beside graphile-worker jobs', rates('ours'), '/s', {
        what: 'graphile-worker job: same call, same rows',
        samples: rates('graphile-worker'),
      }),
      ...peerProcessorFigures(drains),
    ],
    curves: [...curves, ...processorCurves(drains)],
    notes: [],
  };
}

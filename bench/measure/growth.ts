/**
 * What grows: charges while few and while many others sleep, with the Worker's cache warm and cold, each beside the bare
 * Workflow at the same moment; the twenty-fourth charge against the first; bytes and memory.
 */
import { type Budget, type Figure, type Findings, figure } from '../figures.ts';
import { type Footprint, footprint } from '../stage/footprint.ts';
import { residentBytes } from '../stage/memory.ts';
import { enrollMany, monthlyFrom } from './callers.ts';
import type { Context, Measurement } from './context.ts';
import { apartSeconds, type BareHerd, drainBare, drainOurs, gather, gatherBare } from './herd.ts';
import { compareLongLived } from './long-lived.ts';
import { costOf } from './processor-parts.ts';
import { expectedRates } from './warm-up.ts';

export const growth: Measurement = {
  name: 'growth',
  title: 'Growth: many sleepers, a cold cache, the 24th charge, bytes',
  async run(context): Promise<Findings> {
    const { stage, sizes } = context;
    const worker = await stage.ensureWorker();
    await expectedRates(context);
    // Thrown away: those who have just started compile their code meanwhile. The charged ones go to sleep.
    await probe(context, 'to warm up');
    await sleepersUntil(context, sizes.fewSleeping);
    const asleep = await sleepers(context);
    const before = await footprint(stage);
    const few = [await probe(context, 'few sleepers')];
    const charged = await footprint(stage);
    few.push(await probe(context, 'few sleepers, again'));

    const beforeSleepers = await footprint(stage);
    const missing = await sleepersUntil(context, sizes.sleeping);
    const afterSleepers = await footprint(stage);
    const many = [await probe(context, 'many sleepers'), await probe(context, 'many sleepers, again')];
    const workerBytes = residentBytes(worker.pid);
    const cold = await probe(context, 'a Worker that has just started', () =>
      stage.ensureWorker({ afresh: true }),
    );
    const longLived = await compareLongLived(context);
    const perSleeper = (name: keyof Footprint) =>
      (afterSleepers[name] - beforeSleepers[name]) / Math.max(1, missing);
    return {
      figures: [
        ...comparedFigures(
          'growth.sleepers',
          `with ${sizes.sleeping.toLocaleString('en')} asleep against ${asleep.toLocaleString('en')}`,
          many.map((probed, index) => [probed, few[index] as Probed]),
          { atMost: 1.1 },
        ),
        ...comparedFigures(
          'growth.cold_cache',
          'of a Worker that has just started against a warm one',
          many.map((probed) => [cold, probed]),
        ),
        ...longLived.figures,
        figure(
          'bytes.enrollment.postgres',
          'PostgreSQL, an enrollment with its method',
          perSleeper('postgres'),
          'KiB',
        ),
        figure('bytes.enrollment.temporal', 'Temporal’s file, an enrollment', perSleeper('temporal'), 'KiB'),
        figure(
          'bytes.first_charge.postgres',
          'PostgreSQL, an enrollment and its first charge',
          (charged.postgres - before.postgres) / sizes.probe,
          'KiB',
        ),
        figure('memory.worker', 'Worker with its cache of 1,000 Workflows', workerBytes / 1_048_576, 'MiB'),
      ],
      curves: longLived.curves,
      notes: longLived.notes,
    };
  },
};

/** Ours against the bare Workflow's at the same moment. */
interface Probed {
  /** Charges a second, with all that follows on them. */
  rate: number;
  /** Processor time of one, of all processes that take part; null where that cannot be read. */
  cost: number | null;
}

/**
 * One probe against another. The cost is what is judged: a rate is that of a few seconds, whose end a counter tells of up to
 * a second late.
 */
function comparedFigures(
  id: string,
  what: string,
  pairs: readonly (readonly [Probed, Probed])[],
  budget: Budget | null = null,
): Figure[] {
  const costs = pairs.flatMap(([one, other]) =>
    one.cost === null || other.cost === null ? [] : [one.cost / other.cost],
  );
  const rates = pairs.map(([one, other]) => one.rate / other.rate);
  return [
    ...(costs.length === 0
      ? []
      : [
          figure(
            `${id}.cost`,
            `processor time of a charge ${what}, beside bare Workflows`,
            costs,
            '×',
            budget,
          ),
        ]),
    figure(id, `charges/s ${what}, beside bare Workflows`, rates, '×'),
  ];
}

/**
 * Charges against those of bare Workflows that fall due right after them.
 * @param before what is done shortly before they fall due
 */
async function probe(context: Context, of: string, before?: () => Promise<unknown>): Promise<Probed> {
  const { stage, sizes, report } = context;
  const isCold = before !== undefined;
  const expected = await expectedRates(context);
  report(`${sizes.probe} charges, ${of}`);
  // Of each try; the last one counts.
  const bare: BareHerd[] = [];
  const herd = await gather(context, sizes.probe, expected.enrollments, {
    seconds: sizes.probe / expected.bareStarts + (isCold ? 8 : 0),
    work: async (dueAtMs) => {
      bare.push(await gatherBare(stage, sizes.probe, dueAtMs + apartSeconds(sizes.probe, isCold) * 1_000));
      await before?.();
    },
  });
  const ours = await drainOurs(stage, herd, true);
  const floor = bare.at(-1);
  if (floor === undefined) {
    throw new Error('a herd was gathered without its floor');
  }
  const beside = await drainBare(stage, floor, true);
  const [cost, floorCost] = [costOf(ours, 'ours'), costOf(beside, 'bare')];
  return {
    rate: (ours.wholePerSecond ?? Number.NaN) / (beside.wholePerSecond ?? Number.NaN),
    cost: cost === null || floorCost === null ? null : cost / floorCost,
  };
}

/** Enrolls customers whose next charge is weeks away, until so many are active. @returns how many were missing */
async function sleepersUntil(context: Context, count: number): Promise<number> {
  const { stage, report } = context;
  const missing = Math.max(0, count - (await sleepers(context)));
  const far = new Date(Date.now() + 40 * 86_400_000).toISOString();
  for (let left = missing; left > 0; left -= AT_ONCE) {
    report(`${left} more customers enroll and sleep`);
    const { seconds } = await enrollMany(stage, Math.min(left, AT_ONCE), monthlyFrom(far));
    (await expectedRates(context)).enrollments = Math.min(left, AT_ONCE) / seconds;
  }
  return missing;
}

/** Customers of one batch: their rows are asked for together. */
const AT_ONCE = 1_000;

async function sleepers({ stage }: Context): Promise<number> {
  const { db } = await stage.database();
  const row = await db
    .selectFrom('enrollments')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('status', '=', 'active')
    .executeTakeFirstOrThrow();
  return row.count;
}

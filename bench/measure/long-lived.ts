/**
 * Enrollments that live through two years of charges within a minute: their clocks jump from one due instant to the next
 * on the real server. What a charge takes, of the processors, in time and in history, by its number.
 */
import { Connection } from '@temporalio/client';
import { pause } from '../../dev/processes.ts';
import { enrollmentWorkflowId } from '../../domain/ids.ts';
import { fastForward } from '../../test/support/temporal.ts';
import { type Budget, type Curve, type Figure, figure } from '../figures.ts';
import { type Footprint, footprint } from '../stage/footprint.ts';
import { middle } from '../statistics.ts';
import { enrollMany, until } from './callers.ts';
import type { Context } from './context.ts';

const CHARGES = 24;
const DAY_MS = 86_400_000;
/** Charges that the first and the last are judged by. */
const JUDGED = 4;
/** Made by a Worker that has just started and has to read and replay its Workflows: an early one, and one more at the end. */
const COLD = [JUDGED + 1, CHARGES + 1] as const;
/** What follows on a charge is counted with it. */
const SETTLES_WITHIN_MS = 500;

export async function compareLongLived({
  stage,
  sizes,
  report,
}: Context): Promise<{ figures: Figure[]; curves: Curve[]; notes: string[] }> {
  const { client } = await stage.temporal();
  const { db } = await stage.database();
  report(`${sizes.longLived} customers who will live long enroll`);
  const { ids } = await enrollMany(stage, sizes.longLived, {
    currency: 'jpy',
    schedule: {
      type: 'recurring',
      amount_minor: 980,
      interval: { unit: 'day', count: 1 },
      starts_at: new Date(Date.now() + DAY_MS).toISOString(),
    },
  });
  const charged = async () => {
    const row = await db
      .selectFrom('charges')
      .select((eb) => eb.fn.countAll<number>().as('count'))
      .where('enrollment_id', 'in', ids)
      .where('status', '=', 'succeeded')
      .executeTakeFirstOrThrow();
    return row.count;
  };
  const connection = await Connection.connect({ address: stage.addresses.temporal });
  const server = { connection, namespace: stage.addresses.temporalNamespace };
  const historyBytes = async () => {
    const sizesNow = await Promise.all(
      ids.slice(0, 10).map(async (id) => {
        const { raw } = await client.workflow.getHandle(enrollmentWorkflowId(id)).describe();
        return Number(raw.workflowExecutionInfo?.historySizeBytes ?? 0);
      }),
    );
    return middle(sizesNow);
  };
  let firstBytes = 0;
  let later = 0;
  let first: Footprint = { postgres: 0, temporal: 0 };
  const batches: Batch[] = [];
  let last = first;
  for (let number = 1; number <= CHARGES + 1; number += 1) {
    report(`charge ${number} of ${CHARGES}, ${ids.length} enrollments`);
    const isCold = number === COLD[0] || number === COLD[1];
    if (isCold) {
      await stage.ensureWorker({ afresh: true });
    }
    const before = stage.processorMs();
    const startedMs = performance.now();
    await Promise.all(ids.map((id) => fastForward(server, enrollmentWorkflowId(id), DAY_MS)));
    await until(`charge ${number}`, 60_000, async () => (await charged()) >= ids.length * number);
    const seconds = (performance.now() - startedMs) / 1000;
    await pause(SETTLES_WITHIN_MS);
    batches.push({ number, isCold, seconds, cost: costBetween(before, stage.processorMs(), ids.length) });
    if (number === 1) {
      firstBytes = await historyBytes();
    }
    if (number === COLD[0]) {
      // What a Worker that starts costs is no charge's.
      first = await footprint(stage);
      later = await historyBytes();
    }
    if (number === CHARGES) {
      last = await footprint(stage);
    }
  }
  await connection.close();
  const warm = batches.filter(({ isCold }) => !isCold);
  const [cold, coldLate] = batches.filter(({ isCold }) => isCold);
  const further = CHARGES - COLD[0];
  // Within the first run: later ones begin with a history of their own.
  const perCharge = (later - firstBytes) / (COLD[0] - 1) / 1024;
  const grown = (name: keyof Footprint) => (last[name] - first[name]) / (ids.length * further);
  const against = `of charge ${CHARGES} against charge 1`;
  return {
    figures: [
      ...ratio(
        'growth.charge_24',
        `processor time ${against}`,
        costs(warm.slice(0, JUDGED)),
        costs(warm.slice(-JUDGED)),
        {
          atMost: 1.1,
        },
      ),
      ...ratio(
        'growth.charge_24.time',
        `time ${against}`,
        times(warm.slice(0, JUDGED)),
        times(warm.slice(-JUDGED)),
      ),
      ...ratio(
        'growth.charge_24.cold',
        `processor time of charge ${COLD[1]} against charge ${COLD[0]}, each by a Worker that has just started`,
        costs([cold]),
        costs([coldLate]),
      ),
      figure(
        'bytes.history.enrollment',
        'history of an enrollment with its first charge',
        firstBytes / 1024,
        'KiB',
      ),
      figure('bytes.history.charge', 'history that each further charge adds', perCharge, 'KiB'),
      figure('bytes.charge.postgres', 'PostgreSQL, each further charge', grown('postgres'), 'KiB'),
      figure('bytes.charge.temporal', 'Temporal’s file, each further charge', grown('temporal'), 'KiB'),
    ],
    curves: warm.map(({ number, seconds }) => ({
      chart: 'periods',
      series: `one charge of each of ${ids.length} enrollments`,
      x: number,
      y: seconds,
    })),
    notes: [
      'The long lives are lived in virtual time on the real server: their clocks jump from one due instant to the next. Their processor time holds those jumps, a part of each charge that does not grow.',
    ],
  };
}

/** One charge of each enrollment. */
interface Batch {
  number: number;
  isCold: boolean;
  seconds: number;
  /** Milliseconds of processor for each, all processes; null where that cannot be read. */
  cost: number | null;
}

type Times = Record<string, number> | null;

function costBetween(before: Times, after: Times, charges: number): number | null {
  if (before === null || after === null) {
    return null;
  }
  // One that has ended meanwhile is told no more.
  const used = Object.entries(after).map(([name, ms]) => Math.max(0, ms - (before[name] ?? 0)));
  return used.reduce((sum, ms) => sum + ms, 0) / charges;
}

function costs(batches: readonly (Batch | undefined)[]): number[] {
  return batches.flatMap((batch) => batch?.cost ?? []);
}

function times(batches: readonly Batch[]): number[] {
  return batches.map(({ seconds }) => seconds);
}

/** The middle of the late ones against that of the early ones; nothing where it could not be read. */
function ratio(
  id: string,
  what: string,
  early: readonly number[],
  late: readonly number[],
  budget: Budget | null = null,
): Figure[] {
  return early.length === 0 || late.length === 0
    ? []
    : [figure(id, what, middle(late) / middle(early), '×', budget)];
}

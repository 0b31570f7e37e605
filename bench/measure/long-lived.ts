/**
 * Enrollments that live through two years of charges within a minute: their clocks jump from one due instant to the next
 * on the real server. What a charge takes, in time and in history, by its number.
 */
import { Connection } from '@temporalio/client';
import { enrollmentWorkflowId } from '../../domain/ids.ts';
import { fastForward } from '../../test/support/temporal.ts';
import { type Curve, type Figure, figure } from '../figures.ts';
import { type Footprint, footprint } from '../stage/footprint.ts';
import { middle } from '../statistics.ts';
import { enrollMany, until } from './callers.ts';
import type { Context } from './context.ts';

const CHARGES = 24;
const DAY_MS = 86_400_000;
/** Charges that the first and the last are judged by. */
const JUDGED = 4;

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
  let first: Footprint = { postgres: 0, temporal: 0 };
  const seconds: number[] = [];
  for (let number = 1; number <= CHARGES; number += 1) {
    report(`charge ${number} of ${CHARGES}, ${ids.length} enrollments`);
    const startedMs = performance.now();
    await Promise.all(ids.map((id) => fastForward(server, enrollmentWorkflowId(id), DAY_MS)));
    await until(`charge ${number}`, 60_000, async () => (await charged()) >= ids.length * number);
    seconds.push((performance.now() - startedMs) / 1000);
    if (number === 1) {
      firstBytes = await historyBytes();
      first = await footprint(stage);
    }
  }
  await connection.close();
  const early = middle(seconds.slice(0, JUDGED));
  const late = middle(seconds.slice(-JUDGED));
  const perCharge = ((await historyBytes()) - firstBytes) / (CHARGES - 1) / 1024;
  const last = await footprint(stage);
  const further = (name: keyof Footprint) => (last[name] - first[name]) / (ids.length * (CHARGES - 1));
  return {
    figures: [
      figure('growth.charge_24', `time of charge ${CHARGES} against charge 1`, late / early, '×', {
        atMost: 1.1,
      }),
      figure(
        'bytes.history.enrollment',
        'history of an enrollment with its first charge',
        firstBytes / 1024,
        'kB',
      ),
      figure('bytes.history.charge', 'history that each further charge adds', perCharge, 'kB'),
      figure('bytes.charge.postgres', 'PostgreSQL, each further charge', further('postgres'), 'kB'),
      figure('bytes.charge.temporal', 'Temporal’s file, each further charge', further('temporal'), 'kB'),
    ],
    curves: seconds.map((y, index) => ({
      chart: 'periods',
      series: `${ids.length} enrollments`,
      x: index + 1,
      y,
    })),
    notes: [
      'The long lives are lived in virtual time on the real server: their clocks jump from one due instant to the next.',
    ],
  };
}

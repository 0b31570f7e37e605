/**
 * Enrollments, and then their first charges, all due at one instant: the same customers serve both measurements. In
 * turn with the bare Workflows on the same server, and with two job queues on the same database.
 */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { pause } from '../../dev/processes.ts';
import { WORKER_NODE_FLAGS } from '../../worker/node-flags.ts';
import { bareFloor } from '../floors/bare.ts';
import type { ChargeJob } from '../peers/charge-once.ts';
import type { Stage } from '../stage/stage.ts';
import { enrollMany, monthlyFrom, until } from './callers.ts';
import type { Context } from './context.ts';

/** How a herd was served. */
export interface Drain {
  /** Charges a second, from the instant at which they were due until the last one. */
  perSecond: number;
  /** How late the last one was. */
  lastLagSeconds: number;
  /** Charges that were done, by seconds after the instant. */
  curve: { x: number; y: number }[];
  /**
   * Charges a second with what followed on them, when it was waited for: a charge is made before its Workflow knows of it, so
   * until Temporal has had all Workflow Tasks back.
   */
  wholePerSecond: number | null;
  /** Milliseconds of processor for each charge until then, by process; null where that cannot be read. */
  processor: Record<string, number> | null;
}

/** A herd that has been enrolled and sleeps until its instant. */
export interface Herd {
  ids: string[];
  dueAtMs: number;
  enrollSeconds: number;
}

/** Times that a herd is gathered anew because its instant came too soon. */
const TRIES = 3;

/** What is done once all are enrolled, while they wait for their instant. */
interface Meanwhile {
  work: (dueAtMs: number) => Promise<unknown>;
  /** How long that may take. */
  seconds: number;
  /** How long before the instant it must be over. @default 0.5 */
  earlierSeconds?: number;
}

/**
 * Enrolls so many for one instant that comes after all are saved, and does what is to be done meanwhile.
 * @param perSecond enrollments expected; when a shared machine slows down, the next try expects less
 * @throws Error when the instant has come too soon three times
 */
export async function gather(
  { stage, report }: Pick<Context, 'stage' | 'report'>,
  count: number,
  perSecond: number,
  meanwhile: Meanwhile = { seconds: 0, work: async () => undefined },
): Promise<Herd> {
  const { work, earlierSeconds = 0.5 } = meanwhile;
  let expected = perSecond;
  for (let tries = 1; ; tries += 1) {
    const neededMs = (count / expected + meanwhile.seconds) * 1_400 + earlierSeconds * 1_000 + 6_000;
    const dueAtMs = Math.ceil((Date.now() + neededMs) / 1000) * 1000;
    const { ids, seconds } = await enrollMany(stage, count, monthlyFrom(new Date(dueAtMs).toISOString()));
    const overByMs = dueAtMs - earlierSeconds * 1_000;
    if (Date.now() < overByMs - meanwhile.seconds * 1_000) {
      await work(dueAtMs);
      if (Date.now() < overByMs) {
        return { ids, dueAtMs, enrollSeconds: seconds };
      }
    }
    if (tries === TRIES) {
      throw new Error(`the instant of ${count} customers came too soon ${TRIES} times`);
    }
    expected = count / seconds / 1.5;
    report(`the instant came too soon: ${count} customers took ${seconds.toFixed(0)} s; once more`);
  }
}

/** Charges of ours that were made for an instant. @param whole also waits for what follows on them */
export async function drainOurs(stage: Stage, herd: Herd, whole = false): Promise<Drain> {
  const { db } = await stage.database();
  const done = async () => {
    const row = await db
      .selectFrom('charges')
      .select((eb) => eb.fn.countAll<number>().as('done'))
      .where('due_at', '=', new Date(herd.dueAtMs))
      .where('status', '=', 'succeeded')
      .executeTakeFirstOrThrow();
    return row.done;
  };
  return drain(stage, { what: 'our charges', count: herd.ids.length, dueAtMs: herd.dueAtMs, done, whole });
}

/** Bare timers for one instant, each followed by an empty Activity. */
export interface BareHerd {
  count: number;
  dueAtMs: number;
  done: () => Promise<number>;
}

/** Starts so many of them. @param dueAtMs after all have been started */
export async function gatherBare(stage: Stage, count: number, dueAtMs: number): Promise<BareHerd> {
  const floor = await bareFloor(stage);
  return { count, dueAtMs, done: await floor.charges(count, dueAtMs) };
}

/** As for ours: until the last Activity is done; with `whole` until every Workflow sleeps again. */
export function drainBare(stage: Stage, herd: BareHerd, whole = false): Promise<Drain> {
  return drain(stage, { what: 'the bare charges', ...herd, whole });
}

/** The same charges once more, as jobs of a queue. @param number of the charges in their enrollments */
export async function drainPeer(
  stage: Stage,
  kind: 'pg-boss' | 'graphile-worker',
  ids: string[],
  number: number,
): Promise<Drain> {
  const { db } = await stage.database();
  const settings = await stage.settings();
  // Enough for starting the process and writing the jobs.
  const dueAtMs = Math.ceil((Date.now() + 5_000 + ids.length * 4) / 1000) * 1000;
  const methods = await db
    .selectFrom('payment_methods')
    .select(['id', 'enrollment_id', 'stripe_customer_id'])
    .where('enrollment_id', 'in', ids)
    .execute();
  const dueAt = new Date(dueAtMs).toISOString();
  const jobs = methods.map(
    (method): ChargeJob => ({
      enrollmentId: method.enrollment_id,
      number,
      dueAt,
      amountMinor: 980,
      currency: 'jpy',
      stripeCustomerId: method.stripe_customer_id,
      paymentMethodId: method.id,
    }),
  );
  const file = path.join(stage.root, `${kind}-${dueAtMs}.json`);
  writeFileSync(file, JSON.stringify(jobs));
  const child = await stage.helper(
    kind,
    'bench/peers/main.ts',
    {
      DATABASE_URL: stage.addresses.postgres,
      STRIPE_SECRET_KEY: settings.STRIPE_SECRET_KEY,
      STRIPE_API_URL: settings.STRIPE_API_URL,
    },
    async (running) => running.lastLines().includes('ready'),
    [kind, file, String(dueAtMs)],
    WORKER_NODE_FLAGS,
  );
  if (Date.now() > dueAtMs) {
    throw new Error(`${kind} was not ready in time`);
  }
  try {
    return await drainOurs(stage, { ids, dueAtMs, enrollSeconds: 0 });
  } finally {
    await child.stop();
  }
}

/**
 * How long after a herd, with all that follows on it, the next one may fall due: it must find nothing left to do.
 * @param isCold the first herd has to be read and replayed first
 */
export function apartSeconds(count: number, isCold = false): number {
  return count / (isCold ? SLOWEST_COLD : SLOWEST_WHOLE) + 5;
}

/** Charges a second with all that follows on them, on a machine that is slow today. */
const SLOWEST_WHOLE = 40;
const SLOWEST_COLD = 15;

/** Waits for the instant and then looks until all are done, seldom at first: the count is work for those who are measured. */
async function drain(
  stage: Stage,
  { what, count, dueAtMs, done, whole }: BareHerd & { what: string; whole: boolean },
): Promise<Drain> {
  await pause(Math.max(0, dueAtMs - SOON_MS - Date.now()));
  const tasks = whole ? await stage.workflowTasksDone() : 0;
  if (whole && Date.now() > dueAtMs) {
    // Some of its tasks are counted already, and would be waited for in vain.
    throw new Error(`${what} fell due before those in front of them were done: this machine is too slow now`);
  }
  await pause(Math.max(0, dueAtMs - Date.now()));
  const before = stage.processorMs();
  const curve: Drain['curve'] = [];
  await until(
    `the last of ${what}`,
    180_000,
    async () => {
      const y = await done();
      curve.push({ x: (Date.now() - dueAtMs) / 1000, y });
      return y >= count;
    },
    () => untilNextLookMs(curve.at(-1), count),
  );
  const lastLagSeconds = curve.at(-1)?.x ?? 0;
  const drained = { perSecond: count / lastLagSeconds, lastLagSeconds, curve };
  if (!whole) {
    const processor = usedFor(count, before, stage.processorMs());
    return { ...drained, wholePerSecond: null, processor };
  }
  // One for the timer, one for the Activity's result.
  const all = 2 * count;
  let last: { x: number; y: number } | undefined;
  await until(
    `the Workflow Tasks of ${what}`,
    180_000,
    async () => {
      const y = (await stage.workflowTasksDone()) - tasks;
      last = { x: (Date.now() - dueAtMs) / 1000, y };
      return y >= all;
    },
    () => Math.max(LEAST_UNTIL_TASKS_MS, untilNextLookMs(last, all)),
  );
  const wholeSeconds = last?.x ?? 0;
  const processor = usedFor(count, before, stage.processorMs());
  return { ...drained, wholePerSecond: count / wholeSeconds, processor };
}

/**
 * A second, and ten times a second once nine tenths are done, as far as the pace until now tells.
 * @param last what was seen last, `x` in seconds after the instant
 */
export function untilNextLookMs(last: { x: number; y: number } | undefined, count: number): number {
  if (last === undefined || last.y === 0) {
    return 250;
  }
  const leftMs = ((0.9 * count - last.y) / last.y) * last.x * 1_000;
  return Math.max(100, Math.min(1_000, leftMs));
}

/** Temporal writes out all of its metrics for that, and takes the processor for it that those who are measured want. */
const LEAST_UNTIL_TASKS_MS = 500;
/** Before the instant, when nothing else is under way. */
const SOON_MS = 500;

function usedFor(
  count: number,
  before: Record<string, number> | null,
  after: Record<string, number> | null,
): Drain['processor'] {
  if (before === null || after === null) {
    return null;
  }
  return Object.fromEntries(
    Object.entries(after).map(([name, ms]) => [name, (ms - (before[name] ?? 0)) / count]),
  );
}

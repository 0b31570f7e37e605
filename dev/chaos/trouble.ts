/** Makes the troubles of the plan happen, and counts those that did. */
import { pause } from '../processes.ts';
import { type Plan, type StripeFault, TARGETS, type Target, type Trouble } from './plan.ts';
import type { World } from './world.ts';

/** A process that has been started again lives for so long, at least. */
const LEAST_LIFE_MS = 3_000;

export interface TroubleMaker {
  /** What has happened so far, by kind, e.g. `SIGKILL worker, answer in flight`. */
  counted: Map<string, number>;
  /** Resolves when the last trouble of the plan is over. */
  done: Promise<void>;
}

export function makeTrouble(
  world: World,
  plan: Plan,
  startedAtMs: number,
  report: (line: string) => void,
): TroubleMaker {
  const counted = new Map<string, number>();
  const count = (what: string) => counted.set(what, (counted.get(what) ?? 0) + 1);
  /** A process is killed again only once it is up. */
  const lines = new Map<Target, Promise<void>>(TARGETS.map((target) => [target, Promise.resolve()]));

  async function kill(target: Target, downMs: number, what: string, moment?: () => Promise<boolean>) {
    const before = lines.get(target) ?? Promise.resolve();
    const killed = before.then(async () => {
      if (moment !== undefined && !(await moment())) {
        return;
      }
      await world.kill(target);
      count(what);
      report(what);
      await pause(downMs);
      await world.start(target);
      // On a slow machine one that is always being started would do nothing else.
      await pause(LEAST_LIFE_MS);
    });
    lines.set(target, killed);
    await killed;
  }

  async function happen(trouble: Trouble): Promise<void> {
    switch (trouble.do) {
      case 'kill':
        return kill(trouble.target, trouble.downMs, `SIGKILL ${trouble.target}`);
      case 'kill_in_flight':
        return kill(trouble.target, trouble.downMs, `SIGKILL ${trouble.target}, answer in flight`, () =>
          answerInFlight(world, trouble.pathPrefix),
        );
      case 'fault':
        await addFault(world, trouble.fault);
        return;
      case 'webhooks': {
        const { mode, duplicate, shuffle, forMs } = trouble;
        await world.control('POST', 'webhooks', { mode, duplicate, shuffle });
        count(
          `webhooks ${[mode, duplicate && 'doubled', shuffle && 'reordered'].filter(Boolean).join(', ')}`,
        );
        await pause(forMs);
        await world.control('POST', 'webhooks', { mode: 'deliver' });
        return;
      }
      default:
        return trouble satisfies never;
    }
  }

  const all = plan.troubles.map(async (trouble) => {
    await pause(Math.max(0, startedAtMs + trouble.atMs - Date.now()));
    await happen(trouble);
  });
  return { counted, done: Promise.all(all).then(() => undefined) };
}

/** Holds the next answer back and waits until a request has met that; false when none came. */
async function answerInFlight(world: World, pathPrefix: string): Promise<boolean> {
  const delayMs = 1_511;
  const fault = { kind: 'delay', when: 'after', delayMs, times: 1, method: 'POST', pathPrefix } as const;
  await addFault(world, fault);
  for (const until = Date.now() + 4_000; Date.now() < until; await pause(20)) {
    const { data } = await world.control<{ data: { delayMs: number; pathPrefix: string }[] }>(
      'GET',
      'faults',
    );
    if (!data.some((ordered) => ordered.delayMs === delayMs && ordered.pathPrefix === pathPrefix)) {
      return true;
    }
  }
  return false;
}

async function addFault(world: World, fault: StripeFault): Promise<void> {
  await world.control('POST', 'faults', {
    match: { method: fault.method, path_prefix: fault.pathPrefix, path_suffix: fault.pathSuffix ?? '' },
    kind: fault.kind,
    when: fault.when,
    times: fault.times,
    status: fault.status ?? 500,
    delay_ms: fault.delayMs ?? 0,
  });
}

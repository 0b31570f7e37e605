/** Makes the troubles of the plan happen, and counts those that did. */
import { pause } from '../processes.ts';
import { type Plan, type StripeFault, TARGETS, type Target, type Trouble } from './plan.ts';
import type { World } from './world.ts';

/** A process that has been started again lives for so long, at least. */
const LEAST_LIFE_MS = 3_000;

export interface TroubleMaker {
  /** What has happened so far, by kind, e.g. `SIGKILL worker, answer in flight`. */
  counted: Map<string, number>;
  /** Troubles of the plan that are over. */
  over(): number;
  /** Resolves when the last trouble of the plan is over. */
  done: Promise<void>;
  /**
   * Adds Stripe's faults to `counted`, as often as they met a request.
   * @returns those that were ordered and met none so far, with how often they still would
   */
  countStripeFaults(): Promise<Map<string, number>>;
}

export function makeTrouble(
  world: World,
  plan: Plan,
  startedAtMs: number,
  report: (line: string) => void,
): TroubleMaker {
  const counted = new Map<string, number>();
  const count = (what: string, times = 1) => counted.set(what, (counted.get(what) ?? 0) + times);
  const ordered = new Map<string, number>();
  let over = 0;
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
          answerInFlight(trouble.pathPrefix),
        );
      case 'fault':
        await addFault(trouble.fault);
        return;
      case 'webhooks': {
        const { mode, duplicate, shuffle, forMs } = trouble;
        await world.control('POST', 'webhooks', { mode, duplicate, shuffle });
        const what = `webhooks ${[mode, duplicate && 'doubled', shuffle && 'reordered'].filter(Boolean).join(', ')}`;
        count(what);
        report(what);
        await pause(forMs);
        await world.control('POST', 'webhooks', { mode: 'deliver' });
        return;
      }
      default:
        return trouble satisfies never;
    }
  }

  /** Holds the next answer back and waits until a request has met that; false when none came. */
  async function answerInFlight(pathPrefix: string): Promise<boolean> {
    const delayMs = 1_511;
    await addFault({ kind: 'delay', when: 'after', delayMs, times: 1, method: 'POST', pathPrefix });
    for (const until = Date.now() + 4_000; Date.now() < until; await pause(20)) {
      const waiting = await faultsThatWait(world);
      if (!waiting.some((fault) => fault.delayMs === delayMs && fault.pathPrefix === pathPrefix)) {
        return true;
      }
    }
    return false;
  }

  async function addFault(fault: StripeFault): Promise<void> {
    const name = nameOf(fault);
    ordered.set(name, (ordered.get(name) ?? 0) + fault.times);
    await world.control('POST', 'faults', {
      match: { method: fault.method, path_prefix: fault.pathPrefix, path_suffix: fault.pathSuffix ?? '' },
      kind: fault.kind,
      when: fault.when,
      times: fault.times,
      status: fault.status ?? 500,
      delay_ms: fault.delayMs ?? 0,
    });
  }

  async function countStripeFaults(): Promise<Map<string, number>> {
    const left = new Map<string, number>();
    for (const fault of await faultsThatWait(world)) {
      const name = nameOf(fault);
      left.set(name, (left.get(name) ?? 0) + fault.times);
    }
    for (const [name, times] of ordered) {
      const met = times - (left.get(name) ?? 0);
      if (met > 0) {
        count(name, met);
        left.delete(name);
      }
    }
    return left;
  }

  const all = plan.troubles.map(async (trouble) => {
    await pause(Math.max(0, startedAtMs + trouble.atMs - Date.now()));
    await happen(trouble);
    over += 1;
  });
  const done = Promise.all(all).then(() => undefined);
  // Whoever waits for it hears it; until somebody does, it must not end the whole run.
  done.catch(() => undefined);
  return { counted, over: () => over, done, countStripeFaults };
}

/** Those that were ordered at the stand-in and have not met all their requests. */
async function faultsThatWait(world: World): Promise<StripeFault[]> {
  const { data } = await world.control<{ data: StripeFault[] }>('GET', 'faults');
  return data;
}

/** E.g. `Stripe 500 after POST /v1/payment_intents…/cancel`. */
function nameOf({ kind, status, when, method, pathPrefix, pathSuffix = '' }: StripeFault): string {
  const what = kind === 'status' ? status : kind;
  return `Stripe ${what} ${when} ${method ?? 'any'} ${pathPrefix}…${pathSuffix}`;
}

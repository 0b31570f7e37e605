/**
 * The processes of a chaos run: started, killed without warning, and started again on the same state. Called by
 * `world.ts`. However the run itself ends, none of them outlives it.
 */
import {
  describeExit,
  describeFailure,
  type Exit,
  pause,
  type RunningProcess,
  startProcess,
  waitUntilReady,
} from '../processes.ts';
import type { Service } from '../supervisor.ts';
import type { Target } from './plan.ts';

/** A server that was killed may hold its port or memory for a moment, or what it needs is down too. */
const MOST_TRIES = 20;
const BETWEEN_TRIES_MS = 250;
/** The others may still want to tell PostgreSQL and Temporal something. */
const ORDER_OF_STOPPING = ['api', 'worker', 'temporal', 'postgres'] as const satisfies Target[];

export type Parts = ReturnType<typeof createParts>;

export function createParts(report: (line: string) => void) {
  const services = new Map<Target, Service>();
  const running = new Map<Target, RunningProcess>();
  const starting = new Map<Target, Promise<void>>();
  /** Also those that are not ready yet. */
  const alive = new Set<RunningProcess>();
  const killed = new Set<RunningProcess>();
  const deaths: string[] = [];
  let closing = false;
  const killAll = () => {
    closing = true;
    for (const child of alive) {
      child.kill();
    }
  };
  process.on('exit', killAll);

  /** Starts it, or waits for whoever is starting it. @throws Error when it does not come up */
  function start(target: Target): Promise<void> {
    const known = starting.get(target);
    if (known !== undefined) {
      return known;
    }
    const started = launch(target).finally(() => starting.delete(target));
    starting.set(target, started);
    return started;
  }

  async function launch(target: Target): Promise<void> {
    const service = services.get(target);
    if (service === undefined) {
      throw new Error(`${target} is not ready to be started`);
    }
    for (let tries = 1; ; tries += 1) {
      await service.prepare?.();
      const child = await startProcess(service.spec);
      alive.add(child);
      void child.exited.then(() => alive.delete(child));
      try {
        if (closing) {
          throw new Error(`${target}: the run is ending`);
        }
        await waitUntilReady(child, () => service.ready(child), service.readyTimeoutMs);
        running.set(target, child);
        void child.exited.then((exit) => revive(target, child, exit));
        return;
      } catch (error) {
        await child.stop();
        if (closing || tries >= MOST_TRIES) {
          throw error;
        }
        await pause(BETWEEN_TRIES_MS);
      }
    }
  }

  /** As a supervisor does; that it was needed is held against whoever died. */
  async function revive(target: Target, child: RunningProcess, exit: Exit): Promise<void> {
    if (closing || killed.has(child)) {
      return;
    }
    const lastWords = await child.lastWords();
    deaths.push(`${target} ended by itself (${describeExit(exit)}): ${lastWords.slice(-600)}`);
    report(`${target} ended by itself`);
    await start(target).catch((error: unknown) => {
      deaths.push(`${target} could not be started again: ${describeFailure(error)}`);
    });
  }

  return {
    /** What {@link start} starts under that name. */
    define(target: Target, service: Service): void {
      services.set(target, service);
    },

    start,

    async ensureUp(target: Target): Promise<void> {
      if (running.get(target)?.exit() !== null) {
        await start(target);
      }
    },

    /** SIGKILL, without warning, and waits until it is gone. */
    async kill(target: Target): Promise<void> {
      const child = running.get(target);
      if (child !== undefined) {
        killed.add(child);
        child.kill();
        await child.exited;
      }
    },

    /** What ended without being killed, and what did not come back. */
    deaths,

    /** Ends all of them, also those that are being started. */
    async stopAll(): Promise<void> {
      closing = true;
      for (const target of ORDER_OF_STOPPING) {
        await running.get(target)?.stop();
      }
      await Promise.all([...alive].map((child) => child.stop()));
      process.off('exit', killAll);
    },
  };
}

/**
 * Keeps the processes of the local stack running: starts them, starts one again that died, and ends them all in
 * reverse order. It says what it does through `report`, and records who runs through `onChange`.
 */
import {
  describeExit,
  describeFailure,
  type ProcessSpec,
  pause,
  type RunningProcess,
  startProcess,
  waitUntilReady,
} from './processes.ts';

export interface Service {
  spec: ProcessSpec;
  /** True when it is of use; throws or answers false while it is not. */
  ready: (running: RunningProcess) => Promise<boolean>;
  readyTimeoutMs: number;
  /** Called before each start, e.g. to remove what a killed process left. */
  prepare?: () => Promise<void>;
}

export interface SupervisorOptions {
  report: (line: string) => void;
  onChange: (running: readonly RunningProcess[]) => void;
}

const FIRST_BACK_OFF_MS = 500;
const LONGEST_BACK_OFF_MS = 15_000;
/** Whoever lived that long starts again at once. */
const HEALTHY_AFTER_MS = 30_000;

export class Supervisor {
  readonly #options: SupervisorOptions;
  /** In the order of their start. */
  readonly #running = new Map<string, RunningProcess>();
  #stopping = false;

  constructor(options: SupervisorOptions) {
    this.#options = options;
  }

  /** Starts a service and waits until it is of use. @throws Error when it ends first or takes too long. */
  async start(service: Service): Promise<void> {
    const running = await this.#launch(service);
    await untilReady(service, running);
    void this.#watch(service, running);
  }

  /** Ends everything, the last started first. Safe to call twice. */
  async stopAll(): Promise<void> {
    this.#stopping = true;
    for (const running of [...this.#running.values()].reverse()) {
      await running.stop();
      this.#running.delete(running.name);
    }
    this.#options.onChange([]);
  }

  /** Ends everything at once, without asking. */
  killAll(): void {
    this.#stopping = true;
    for (const running of this.#running.values()) {
      running.kill();
    }
  }

  async #launch(service: Service): Promise<RunningProcess> {
    await service.prepare?.();
    const running = await startProcess(service.spec);
    this.#running.set(running.name, running);
    this.#options.onChange([...this.#running.values()]);
    if (this.#stopping) {
      await running.stop();
      throw new Error(`${running.name}: the stack is ending`);
    }
    return running;
  }

  async #watch(service: Service, first: RunningProcess): Promise<void> {
    const { report } = this.#options;
    const { name } = service.spec;
    let running = first;
    let startedAtMs = Date.now();
    let backOffMs = FIRST_BACK_OFF_MS;
    while (true) {
      const exit = await running.exited;
      if (this.#stopping) {
        return;
      }
      // Its own children would keep its port.
      await running.stop();
      backOffMs = Date.now() - startedAtMs > HEALTHY_AFTER_MS ? FIRST_BACK_OFF_MS : backOffMs;
      report(
        `${name} ended unexpectedly (${describeExit(exit)}); starting it again in ${backOffMs / 1000} s.`,
      );
      const lastWords = await running.lastWords();
      if (lastWords && !exit.signal) {
        report(lastWords.replace(/^/gm, `  ${name} | `));
      }
      await pause(backOffMs);
      if (this.#stopping) {
        return;
      }
      backOffMs = Math.min(backOffMs * 2, LONGEST_BACK_OFF_MS);
      startedAtMs = Date.now();
      try {
        running = await this.#launch(service);
        await untilReady(service, running);
        report(`${name} runs again (process ${running.pid}).`);
      } catch (error) {
        if (this.#stopping) {
          return;
        }
        report(describeFailure(error));
        await running.stop();
      }
    }
  }
}

function untilReady(service: Service, running: RunningProcess): Promise<void> {
  return waitUntilReady(running, () => service.ready(running), service.readyTimeoutMs);
}

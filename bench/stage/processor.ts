/** Processor time of processes and of all that they have started. Linux; elsewhere nothing is told. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { signalQuietly } from '../../dev/processes.ts';

/** A tick of `/proc`, in milliseconds: 100 of them a second on every Linux that Node runs on. */
const TICK_MS = 10;

interface Process {
  pid: number;
  parent: number;
  ms: number;
  /** In ticks since the machine began; with the id it names a process for good. */
  started: string;
}

/**
 * Milliseconds of processor that each has used since it began, its children included, also those that have ended and were
 * waited for.
 * @param roots process ids by name; several may have one name
 * @returns null where there is no `/proc`
 */
export function processorMs(roots: readonly { name: string; pid: number }[]): Record<string, number> | null {
  if (!existsSync('/proc/self/stat')) {
    return null;
  }
  const all = readAll();
  const used: Record<string, number> = {};
  for (const { name, pid } of roots) {
    const ms = familyOf(all, pid).reduce((sum, one) => sum + one.ms, 0);
    used[name] = (used[name] ?? 0) + ms;
  }
  return used;
}

/**
 * Whom a process has started, and whom those have: their groups may be their own, as those of `npm run dev` are.
 * @returns kills those that still live when it is called; nobody where there is no `/proc`
 */
export function descendantsOf(pid: number): () => void {
  const before = readAll();
  const family = familyOf(before, pid).filter((one) => one.pid !== pid);
  return () => {
    for (const { pid: each, started } of family) {
      // The id may be another one's by now.
      if (readProcess(String(each))[0]?.started === started) {
        signalQuietly(each, 'SIGKILL');
      }
    }
  };
}

function readAll(): Process[] {
  return existsSync('/proc/self/stat')
    ? readdirSync('/proc')
        .filter((entry) => /^\d+$/.test(entry))
        .flatMap(readProcess)
    : [];
}

/** One, and all that it has started. */
function familyOf(all: readonly Process[], pid: number): Process[] {
  const family = new Set([pid]);
  for (let before = 0; before !== family.size; ) {
    before = family.size;
    for (const one of all.filter(({ parent }) => family.has(parent))) {
      family.add(one.pid);
    }
  }
  return all.filter((one) => family.has(one.pid));
}

function readProcess(pid: string): Process[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name, in parentheses, may hold anything.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // Its own, and that of children which have ended: PostgreSQL has one for each connection.
    const ms = fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) * TICK_MS;
    return [{ pid: Number(pid), parent: Number(fields[1]), ms, started: fields[19] ?? '' }];
  } catch {
    // It has ended meanwhile.
    return [];
  }
}

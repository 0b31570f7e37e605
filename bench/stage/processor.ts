/** Processor time of processes and of all that they have started. Linux; elsewhere nothing is told. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** A tick of `/proc`, in milliseconds: 100 of them a second on every Linux that Node runs on. */
const TICK_MS = 10;

interface Process {
  pid: number;
  parent: number;
  ms: number;
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
  const all = readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .flatMap((pid) => readProcess(pid));
  const used: Record<string, number> = {};
  for (const { name, pid } of roots) {
    const family = new Set([pid]);
    for (let before = 0; before !== family.size; ) {
      before = family.size;
      for (const one of all.filter(({ parent }) => family.has(parent))) {
        family.add(one.pid);
      }
    }
    const ms = all.filter((one) => family.has(one.pid)).reduce((sum, one) => sum + one.ms, 0);
    used[name] = (used[name] ?? 0) + ms;
  }
  return used;
}

function readProcess(pid: string): Process[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name, in parentheses, may hold anything.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // Its own, and that of children which have ended: PostgreSQL has one for each connection.
    const ms = fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) * TICK_MS;
    return [{ pid: Number(pid), parent: Number(fields[1]), ms }];
  } catch {
    // It has ended meanwhile.
    return [];
  }
}

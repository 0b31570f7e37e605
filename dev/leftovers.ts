/** What an earlier run of the local stack, killed without warning, may have left running. */
import { commandLine } from './postgres.ts';
import { isAlive, pause, signalQuietly } from './processes.ts';
import type { ChildRecord, RunningStack } from './state.ts';

/** Whether that very process still runs: the id may have gone to another program. */
export function stillRuns(record: ChildRecord): boolean {
  return isAlive(record.pid) && commandLine(record.pid) === record.commandLine;
}

/** How a process is recognised later. */
export function recordOf(name: string, pid: number): ChildRecord {
  return { name, pid, commandLine: commandLine(pid) };
}

/**
 * Ends the children of a dead supervisor, the last started first.
 * @returns names of those that were still running
 */
export async function endLeftovers(stack: Pick<RunningStack, 'children'>): Promise<string[]> {
  const left = stack.children.filter(stillRuns).reverse();
  for (const record of left) {
    if (!stillRuns(record)) {
      // It ended by itself while the ones before it were ended; its id may be another program's by now.
      continue;
    }
    // PostgreSQL would wait for its clients at SIGTERM.
    signalQuietly(record.pid, record.name === 'postgres' ? 'SIGINT' : 'SIGTERM');
    for (let waitedMs = 0; waitedMs < 10_000 && stillRuns(record); waitedMs += 50) {
      await pause(50);
    }
    if (stillRuns(record)) {
      signalQuietly(-record.pid, 'SIGKILL');
    }
  }
  return left.map((record) => record.name);
}

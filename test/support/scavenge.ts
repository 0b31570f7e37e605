/** What is left of work that is over, when only what is young was collected. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Does the work twice, since what is done first is kept (code, caches, connections), and scavenges after each.
 * @returns bytes that the second time has left in the heap, until the whole of it is collected
 */
export async function leftAfterScavenge(work: () => Promise<void>): Promise<number> {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as (options: { type: 'minor' | 'major' }) => void;
  await work();
  gc({ type: 'major' });
  const before = process.memoryUsage().heapUsed;
  await work();
  // What has survived one is moved among what is old by the second, if it lives.
  gc({ type: 'minor' });
  gc({ type: 'minor' });
  return process.memoryUsage().heapUsed - before;
}

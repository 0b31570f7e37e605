/** Runs `durable-billing` as a person or a script does: as a process of its own, with nothing of this one's environment. */
import { spawn } from 'node:child_process';
import path from 'node:path';

const { PATH, HOME, NODE_COMPILE_CACHE } = process.env;
const PROJECT = path.resolve(import.meta.dirname, '../..');

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
  /** Standard output as JSON; null when it is none. */
  // biome-ignore lint/suspicious/noExplicitAny: tests read answers of many shapes and check what they read.
  json: any;
}

/** @param environment all that the process knows besides PATH, HOME and where compiled code is kept */
export async function durableBilling(args: string[], environment: Record<string, string>): Promise<Ended> {
  const child = spawn(process.execPath, ['--no-warnings', 'cli/main.ts', ...args], {
    cwd: PROJECT,
    env: { PATH, HOME, NODE_COMPILE_CACHE, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => {
    ended.stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    ended.stderr += chunk;
  });
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, ...ended, json: parsed(ended.stdout) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

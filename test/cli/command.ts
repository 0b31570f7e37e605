/**
 * Runs `durable-billing` as a person or a script does: as a process of its own, with nothing of this one's environment. Or
 * in this process, which spares a second of processor time for each of many commands.
 */
import { spawn } from 'node:child_process';
import path from 'node:path';
import { jest } from '@jest/globals';
import type { Command } from 'commander';
import { buildProgram, endOf } from '../../cli/program.ts';

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

/**
 * What `cli/main.ts` does, in this process; one after the other. Not for what asks a person, which needs to know whether
 * somebody sits there, and not for what starts another entry, whose output is nobody's here.
 */
export async function inProcess(args: string[], environment: Record<string, string>): Promise<Ended> {
  const ended = { stdout: '', stderr: '' };
  const say = (where: 'stdout' | 'stderr') => (text: string) => {
    ended[where] += text;
  };
  const out = jest.spyOn(console, 'log').mockImplementation((text) => say('stdout')(`${text}\n`));
  const err = jest.spyOn(console, 'error').mockImplementation((text) => say('stderr')(`${text}\n`));
  const program = buildProgram(environment);
  everyCommand(program, (command) =>
    command.configureOutput({ writeOut: say('stdout'), writeErr: say('stderr') }),
  );
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    process.exitCode = endOf(error, args.includes('--json'));
  } finally {
    out.mockRestore();
    err.mockRestore();
  }
  const code = Number(process.exitCode ?? 0);
  process.exitCode = undefined;
  return { code, ...ended, json: parsed(ended.stdout) };
}

function everyCommand(command: Command, change: (command: Command) => unknown): void {
  change(command);
  for (const below of command.commands) {
    everyCommand(below, change);
  }
}

/**
 * The same in a terminal of its own (`script`, which Linux and macOS bring along), where a person answers the question.
 * @param typed sent once the question is there, e.g. `yes\r`, or `\x03` for Ctrl-C
 * @returns what the terminal showed, and the exit code
 */
export async function inTerminal(
  args: string[],
  environment: Record<string, string>,
  typed: string,
): Promise<{ code: number | null; shown: string }> {
  const command = [process.execPath, '--no-warnings', 'cli/main.ts', ...args];
  const script =
    process.platform === 'darwin'
      ? ['-q', '/dev/null', ...command]
      : ['-qec', command.join(' '), '/dev/null'];
  const child = spawn('script', script, {
    cwd: PROJECT,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, TERM: 'xterm', ...environment },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let shown = '';
  let isAnswered = false;
  child.stdout.on('data', (chunk) => {
    shown += chunk;
    if (!isAnswered && shown.includes('to go on: ')) {
      isAnswered = true;
      child.stdin.write(typed);
    }
  });
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, shown };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

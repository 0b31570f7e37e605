/** The Temporal CLI, as an operator uses it. */
import path from 'node:path';
import { run } from '../../dev/processes.ts';
import { findTemporalProgram } from '../../dev/temporal-cli.ts';

export async function temporalProgram(): Promise<string> {
  const program = await findTemporalProgram({
    cacheDir: path.resolve(import.meta.dirname, '../../.durable-billing/cache'),
    environment: process.env,
    minimumServer: '1.32.0',
    report: () => undefined,
  });
  return program.path;
}

/**
 * @returns the end of what it printed
 * @throws Error with what it printed
 */
export async function temporalCommand(args: string[]): Promise<string> {
  const { ok, output } = await run({ name: 'temporal', command: await temporalProgram(), args }, 30_000);
  if (!ok) {
    throw new Error(`temporal ${args.slice(0, 3).join(' ')}: ${output}`);
  }
  return output || 'done';
}

/** The Temporal CLI, as an operator uses it. */
import path from 'node:path';
import { run } from '../../dev/processes.ts';
import { findTemporalCli } from '../../dev/temporal-cli.ts';

/** @throws Error where only a server is named */
export async function temporalProgram(): Promise<string> {
  const cli = await findTemporalCli({
    cacheDir: path.resolve(import.meta.dirname, '../../.durable-billing/cache'),
    environment: { PATH: process.env.PATH },
    minimumServer: '1.32.0',
    report: () => undefined,
  });
  if (cli.kind !== 'program') {
    throw new Error('TEMPORAL_ADDRESS names a server, and there is no Temporal CLI');
  }
  return cli.path;
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

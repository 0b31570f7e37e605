/** What `npm run bench` is told. What cannot be done is refused here, before anything starts. */
import { closeSync, openSync } from 'node:fs';
import { Command, InvalidArgumentError } from 'commander';
import { MEASUREMENTS } from './run.ts';

export interface Options {
  only: string[];
  quick?: true;
  scale: number;
  json?: string;
  check?: true;
  writeDocs?: true;
}

const NAMES = MEASUREMENTS.map(({ name }) => name);
const usual = MEASUREMENTS.filter(({ onDemand }) => !onDemand).map(({ name }) => name);
const onDemand = MEASUREMENTS.filter((each) => each.onDemand);

/** @param args without the program's name. @throws never: ends the process with a message */
export function optionsOf(args: readonly string[]): Options {
  const program = new Command('bench')
    .description(
      `Measures the service beside its floors in the same run. Measurements: ${usual.join(', ')}. ` +
        `Only when asked for: ${onDemand.map(({ name, title }) => `${name} (${title})`).join(', ')}.`,
    )
    .option('--only <name>', 'one measurement; repeatable', chosen, [])
    .option('--quick', 'small counts, a few minutes')
    .option('--scale <factor>', 'multiplies the counts', factor, 1)
    .option('--json <file>', 'every figure with its samples, and what failed')
    .option('--check', 'fails when a budget is not held')
    .option('--write-docs', 'puts the figures of a whole run into docs/performance.md and draws its charts')
    .parse([...args], { from: 'user' });
  const given = program.opts<Options>();
  const problem = problemOf(given);
  if (problem !== null) {
    program.error(`error: ${problem}`);
  }
  return given;
}

/** What is wrong with options that are right one by one; null when nothing is. */
export function problemOf({ only, quick, scale, json, writeDocs }: Options): string | null {
  const partial = [
    ...(only.length > 0 ? ['--only'] : []),
    ...(quick ? ['--quick'] : []),
    ...(scale !== 1 ? ['--scale'] : []),
  ];
  if (writeDocs && partial.length > 0) {
    return `--write-docs replaces all published figures, so it needs a whole run; expected it without ${partial.join(', ')}`;
  }
  if (json !== undefined) {
    try {
      closeSync(openSync(json, 'a'));
    } catch (error) {
      return `--json ${json} cannot be written: ${error instanceof Error ? error.message : error}`;
    }
  }
  return null;
}

function chosen(name: string, earlier: string[]): string[] {
  if (!NAMES.includes(name)) {
    throw new InvalidArgumentError(`expected one of ${NAMES.join(', ')}`);
  }
  return [...earlier, name];
}

function factor(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value <= 100)) {
    throw new InvalidArgumentError('expected a number above 0, at most 100');
  }
  return value;
}

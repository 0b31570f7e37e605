/**
 * `npm run bench`: measures the service beside its floors, on this machine alone, and prints the figures. Everything it
 * starts is its own and ends with it.
 */
import { writeFileSync } from 'node:fs';
import { Command, InvalidArgumentError } from 'commander';
import { Listr } from 'listr2';
import { describeFailure } from '../dev/processes.ts';
import { writePage } from './report/page.ts';
import { setting, settingInWords } from './report/setting.ts';
import { plainTable } from './report/table.ts';
import { MEASUREMENTS, type Run } from './run.ts';
import { sizesOf } from './sizes.ts';
import { pace } from './stage/pace.ts';
import { openStage } from './stage/stage.ts';

const NAMES = MEASUREMENTS.map(({ name }) => name);

const program = new Command('bench')
  .description(`Measures the service beside its floors in the same run. Measurements: ${NAMES.join(', ')}.`)
  .option('--only <name>', 'one measurement; repeatable', chosen, [])
  .option('--quick', 'small counts, a few minutes')
  .option('--scale <factor>', 'multiplies the counts', factor, 1)
  .option('--json <file>', 'every figure with its samples')
  .option('--write-docs', 'puts the figures into docs/performance.md and draws its charts')
  .parse();
const given = program.opts<{
  only: string[];
  quick?: true;
  scale: number;
  json?: string;
  writeDocs?: true;
}>();

const startedMs = performance.now();
const kind = given.quick ? 'quick' : 'usual';
const run: Run = { kind, setting: setting(), paces: [], seconds: 0, sections: [] };
const wanted = MEASUREMENTS.filter(({ name }) => given.only.length === 0 || given.only.includes(name));
let say: (line: string) => void = () => undefined;
const stage = await openStage((line) => say(line));
const failures: unknown[] = [];
let closing: Promise<void> | null = null;
const close = () => {
  closing ??= stage.close();
  return closing;
};
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => void close().then(() => process.exit(1)));
}

const tasks = new Listr([], {
  renderer: process.stdout.isTTY ? 'default' : 'simple',
  registerSignalListeners: false,
  // What could be measured is told, whatever else failed; the command then fails too.
  exitOnError: false,
});
for (const { name, title, run: measure } of wanted) {
  tasks.add({
    title,
    task: async (_context, task) => {
      say = (line) => {
        task.output = line;
      };
      try {
        run.paces.push(await pace());
        const findings = await measure({ stage, sizes: sizesOf(kind, given.scale), report: say });
        run.sections.push({ name, title, findings });
      } catch (error) {
        failures.push(error);
        throw error;
      }
    },
  });
}

try {
  await tasks.run();
  run.paces.push(await pace());
  run.seconds = (performance.now() - startedMs) / 1000;
  console.log(`\n${settingInWords(run.setting, run.paces)}`);
  for (const { title, findings } of run.sections) {
    console.log(`\n${title}\n\n${[plainTable(findings.figures), ...findings.notes].join('\n')}`);
  }
  console.log(`\n${Math.round(run.seconds)} s.`);
  if (given.json !== undefined) {
    writeFileSync(given.json, `${JSON.stringify(run, null, 2)}\n`);
  }
  for (const error of failures) {
    console.error(`\n${describeFailure(error)}`);
    process.exitCode = 1;
  }
  if (given.writeDocs && failures.length === 0) {
    console.log(`Wrote ${(await writePage(run)).length} files of docs/.`);
  }
} catch (error) {
  console.error(`\n${describeFailure(error)}`);
  process.exitCode = 1;
} finally {
  await close();
}
// Temporal's native part may hold a handle after all is closed.
process.exit();

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

/**
 * `npm run bench`: measures the service beside its floors, on this machine alone, and prints the figures. Everything it
 * starts is its own and ends with it.
 */
import { writeFileSync } from 'node:fs';
import { Listr } from 'listr2';
import { describeFailure } from '../dev/processes.ts';
import { endOnSignals, unlessEnding } from './ending.ts';
import { optionsOf } from './options.ts';
import { writePage } from './report/page.ts';
import { setting, settingInWords } from './report/setting.ts';
import { plainTable } from './report/table.ts';
import { notHeld, verdict } from './report/verdict.ts';
import { MEASUREMENTS, type Run } from './run.ts';
import { sizesOf } from './sizes.ts';
import { pace } from './stage/pace.ts';
import { openStage, type Stage } from './stage/stage.ts';

/** Far above what it takes, for whoever has left it alone. */
const DEADLINE_MS = { usual: 60 * 60_000, quick: 20 * 60_000 };
/** The Worker lets a request to Stripe end first, 45 s at most. */
const CLOSE_WITHIN_MS = 90_000;

const given = optionsOf(process.argv.slice(2));
const startedMs = performance.now();
const kind = given.quick ? 'quick' : 'usual';
const sizes = sizesOf(kind, given.scale);
const wanted = MEASUREMENTS.filter(({ name, onDemand }) =>
  given.only.length === 0 ? !onDemand : given.only.includes(name),
);
let say: (line: string) => void = () => undefined;
let stage: Stage | null = null;
const ending = endOnSignals(async () => stage?.killAll(), DEADLINE_MS[kind] * Math.max(1, given.scale));

try {
  stage = await openStage((line) => say(line), ending.signal);
  await tell(await measured(stage));
} catch (error) {
  console.error(`\n${describeFailure(error)}`);
  process.exitCode = 1;
} finally {
  const late = setTimeout(() => void stage?.killAll().finally(() => process.exit(1)), CLOSE_WITHIN_MS);
  await stage?.close();
  clearTimeout(late);
}
// Temporal's native part may hold a handle after all is closed.
process.exit(ending.exitCode() ?? process.exitCode);

/** What could be measured, whatever else failed. @throws what is needed before anything can be measured */
async function measured(opened: Stage): Promise<Run> {
  const temporal = await unlessEnding(ending.signal, opened.temporalSetting());
  const run: Run = {
    kind,
    setting: setting(temporal, given.scale, sizes),
    paces: [],
    seconds: 0,
    sections: [],
    failures: [],
  };
  const tasks = new Listr([], {
    renderer: process.stdout.isTTY ? 'default' : 'simple',
    registerSignalListeners: false,
    // The command then fails too.
    exitOnError: false,
  });
  for (const { name, title, run: measure } of wanted) {
    tasks.add({
      title,
      skip: () => ending.signal.aborted,
      task: async (_context, task) => {
        say = (line) => {
          task.output = line;
        };
        try {
          run.paces.push(await pace());
          const findings = await unlessEnding(ending.signal, measure({ stage: opened, sizes, report: say }));
          run.sections.push({ name, title, findings });
        } catch (error) {
          run.failures.push({ name, message: describeFailure(error) });
          throw error;
        }
      },
    });
  }
  await tasks.run();
  for (const { name } of wanted.slice(run.sections.length + run.failures.length)) {
    run.failures.push({ name, message: 'was not measured: the run ended before' });
  }
  run.paces.push(await pace());
  run.seconds = (performance.now() - startedMs) / 1000;
  return run;
}

async function tell(run: Run): Promise<void> {
  const figures = run.sections.flatMap(({ findings }) => findings.figures);
  console.log(`\n${settingInWords(run.setting, run.paces)}`);
  for (const { title, findings } of run.sections) {
    console.log(`\n${title}\n\n${[plainTable(findings.figures), ...findings.notes].join('\n')}`);
  }
  console.log(`\n${Math.round(run.seconds)} s. ${verdict(figures)}`);
  for (const { name, message } of run.failures) {
    console.error(`\n${name}: ${message}`);
  }
  if (run.failures.length > 0 || (given.check && notHeld(figures).length > 0)) {
    process.exitCode = 1;
  }
  if (given.json !== undefined) {
    writeFileSync(given.json, `${JSON.stringify(run, null, 2)}\n`);
  }
  if (given.writeDocs) {
    console.log(
      run.failures.length === 0
        ? `Wrote ${(await writePage(run)).length} files of docs/.`
        : 'docs/ is as it was: not all was measured.',
    );
  }
}

/**
 * `npm run audit`: asks the registry for known vulnerabilities of what is installed in production. For a nightly job: 0 none,
 * 1 found, and 2 when the registry could not be asked, which is no finding and must not look like one.
 */
import { Command } from 'commander';
import { run } from './processes.ts';

export type Verdict =
  | { kind: 'none' }
  | { kind: 'found'; packages: string[] }
  | { kind: 'could_not_ask'; why: string };

/** @param output of `npm audit --json`, with whatever npm prints before it */
export function verdictOf(output: string): Verdict {
  const start = output.indexOf('{');
  let answer: {
    error?: { summary?: string };
    message?: string;
    vulnerabilities?: Record<string, { severity: string }>;
  };
  try {
    answer = JSON.parse(output.slice(Math.max(0, start)));
  } catch {
    return { kind: 'could_not_ask', why: output.trim().slice(-300) };
  }
  if (answer.vulnerabilities === undefined) {
    return { kind: 'could_not_ask', why: answer.message ?? answer.error?.summary ?? 'npm gave no answer' };
  }
  const packages = Object.entries(answer.vulnerabilities).map(
    ([name, { severity }]) => `${name} (${severity})`,
  );
  return packages.length === 0 ? { kind: 'none' } : { kind: 'found', packages };
}

if (import.meta.main) {
  new Command('npm run audit')
    .description('Asks the registry for known vulnerabilities of what runs in production.')
    .addHelpText(
      'after',
      '\nEnds with 0: none; 1: some; 2: the registry could not be asked, or it was called wrongly.',
    )
    .showHelpAfterError('(--help shows how it ends)')
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2))
    .parse();
  const audit = { name: 'npm audit', command: 'npm', args: ['audit', '--omit=dev', '--json'] };
  const { output } = await run(audit, 120_000);
  const verdict = verdictOf(output);
  if (verdict.kind === 'none') {
    console.log('No known vulnerability in what runs in production.');
  } else if (verdict.kind === 'found') {
    console.error(`Known vulnerabilities:\n${verdict.packages.join('\n')}\nnpm audit --omit=dev says more.`);
    process.exitCode = 1;
  } else {
    console.error(`The registry could not be asked, so nothing is known: ${verdict.why}`);
    process.exitCode = 2;
  }
}

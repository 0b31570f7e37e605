/** What docs/operations.md says of the code and of the server is tried here. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Command } from 'commander';
import { parse } from 'yaml';
import { SCOPE_MEANINGS } from '../../api/scopes.ts';
import { buildProgram } from '../../cli/program.ts';
import { savedQueries } from '../../cli/queries.ts';
import { SEARCH_ATTRIBUTE_TYPES } from '../../config/search-attributes.ts';
import { STRIPE_EVENT_TYPES } from '../../domain/stripe-event.ts';
import { connectTestTemporal, type TestTemporal } from '../support/temporal.ts';
import { temporalProgram } from '../support/temporal-command.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const read = (file: string) => readFileSync(path.join(ROOT, file), 'utf8');
const TEXT = read('docs/operations.md');
const RUNBOOKS = readdirSync(path.join(ROOT, 'docs/runbooks')).map((name) => `docs/runbooks/${name}`);

describe('docs/operations.md', () => {
  let temporal: TestTemporal;
  beforeAll(async () => {
    temporal = await connectTestTemporal();
  }, 60_000);
  afterAll(() => temporal.close());

  it('lists the event types that the endpoint subscribes to', () => {
    const listed = [...TEXT.matchAll(/^- `([a-z_.]+)`$/gm)].map((match) => match[1]);
    expect(listed).toEqual([...STRIPE_EVENT_TYPES]);
  });

  it('has the scopes of API keys with their meaning', () => {
    const [, section = ''] = TEXT.split('### Scopes of API keys');
    const [table = ''] = section.split('\n## ');
    const rows = [...table.matchAll(/^\| `(\w+)` \| (.+) \|$/gm)].map(([, name, meaning]) => [name, meaning]);
    expect(Object.fromEntries(rows)).toEqual(SCOPE_MEANINGS);
  });

  const queries = [
    ...TEXT.matchAll(/^\| [^|]+\? \| `(?!npx )([^`]+)` \| \[picture\]\(images\/[\w-]+\.png\) \|$/gm),
  ].map((match) => String(match[1]));

  it('has the queries that durable-billing queries prints', () => {
    const dateless = (query: string) => query.replace(/'\d{4}-\d\d-\d\dT00:00:00Z'/, 'a date');
    const printed = savedQueries(new Date()).map(({ query }) => dateless(query));
    expect(queries.map(dateless)).toEqual(printed);
  });

  it('names every search attribute with its type', () => {
    for (const [name, { type }] of Object.entries(SEARCH_ATTRIBUTE_TYPES)) {
      expect(TEXT).toContain(`| \`${name}\` | ${type} |`);
      expect(TEXT).toContain(`--sa "${name}=${type}"`);
    }
  });

  it('shows pictures that are there', () => {
    const pictures = [...TEXT.matchAll(/\[[^\]]+\]\((images\/[^)]+)\)/g)].map((match) => String(match[1]));
    expect(pictures.length).toBeGreaterThan(savedQueries(new Date()).length);
    expect(pictures.filter((name) => !existsSync(path.join(ROOT, 'docs', name)))).toEqual([]);
  });

  it.each(queries)('has a query that the server takes: %s', async (query) => {
    expect((await temporal.client.workflow.count(query)).count).toBeGreaterThanOrEqual(0);
  });
});

/** The command that a line of the docs calls, with its options; what is not known is named. */
function unknownOf(program: Command, line: string): string[] {
  let command = program;
  const words = line.split(/\s+/);
  while (words[0] !== undefined) {
    const next = command.commands.find((known) => known.name() === words[0]);
    if (next === undefined) {
      break;
    }
    command = next;
    words.shift();
  }
  const options = [...program.options, ...command.options].map(({ long }) => long);
  const wrong = words.filter((word) => /^--[a-z]/.test(word) && !options.includes(word));
  const passedOn = command.name() === 'check-books' ? [] : wrong.map((option) => `${line}: ${option}`);
  return command === program && !words[0]?.startsWith('-') ? [line] : passedOn;
}

describe('the commands of the docs', () => {
  it.each(['docs/operations.md', ...RUNBOOKS])('%s calls commands and options that there are', (file) => {
    const text = read(file).replaceAll(/\\\n\s*/g, ' ');
    const lines = [...text.matchAll(/npx durable-billing ([a-z-][^`\n|;]*)/g)].map((match) =>
      String(match[1]).trim(),
    );
    expect(lines.length).toBeGreaterThan(0);
    const program = buildProgram({});
    expect(lines.flatMap((line) => unknownOf(program, line))).toEqual([]);
  });
});

describe('the Temporal commands of the docs', () => {
  const files = [
    'docs/operations.md',
    'docs/encryption.md',
    'CHANGELOG.md',
    'check-books/compare-workflow.ts',
    'deploy/temporal/setup-namespace.sh',
    ...RUNBOOKS,
  ];
  /** Options by the command that they are used with: `worker deployment describe` → `--name`. */
  const used = new Map<string, Set<string>>();
  for (const file of files) {
    const text = read(file).replaceAll(/\\\n\s*/g, ' ');
    for (const [, line = ''] of text.matchAll(
      /\btemporal ((?:activity|operator|task-queue|worker|workflow) [^`\n|;]*)/g,
    )) {
      const words = line.split(/\s+/);
      const end = words.findIndex((word) => !/^[a-z]+(-[a-z]+)*$/.test(word));
      const command = words.slice(0, end === -1 ? words.length : end).join(' ');
      const options = used.get(command) ?? new Set();
      used.set(command, options);
      for (const option of words.filter((word) => /^--[a-z]/.test(word))) {
        options.add(option);
      }
    }
  }
  let program: string;
  beforeAll(async () => {
    program = await temporalProgram();
  });
  const ask = (...args: string[]) => execFileSync(program, args, { encoding: 'utf8' });

  it.each([...used])('%s has the options that it is given', (command, options) => {
    const help = ask(...command.split(' '), '--help');
    // Of a command that it does not know the help is that of the one above.
    expect(help).toContain(`temporal ${command} [flags]`);
    const known = [...optionsIn(help), ...optionsIn(ask('options'))];
    expect([...options].filter((option) => !known.includes(option))).toEqual([]);
  });

  it('are looked for where they are', () => {
    expect([...used.keys()]).toContain('worker deployment describe');
    expect(used.size).toBeGreaterThan(8);
  });

  function optionsIn(help: string): string[] {
    return [...help.matchAll(/^ +(?:-\w, )?(--[a-z-]+)/gm)].map((match) => String(match[1]));
  }
});

describe('the runbooks', () => {
  const { groups } = parse(read('deploy/prometheus/alerts.yml')) as {
    groups: { rules: { alert: string; annotations: { runbook_url: string } }[] }[];
  };
  const alerts = groups.flatMap(({ rules }) => rules);

  it.each(alerts)('there is one for $alert, and the list of alerts leads to it', ({ alert, annotations }) => {
    const { runbook_url: file } = annotations;
    expect(RUNBOOKS).toContain(file);
    const text = read(file);
    expect(text.split('\n')[0]).toContain(`(${alert})`);
    for (const part of ['**Symptom.**', '## Confirm', '## Do', '## Over when']) {
      expect(text).toContain(part);
    }
    expect(read('docs/observability.md')).toContain(`| **${alert}** |`);
    expect(read('docs/observability.md')).toContain(`(${file.replace('docs/', '')})`);
  });

  it('are those of the alerts and no others', () => {
    expect(RUNBOOKS.sort()).toEqual(alerts.map(({ annotations }) => annotations.runbook_url).sort());
  });
});

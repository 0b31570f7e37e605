import { readdirSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { DRAWN } from '../../dev/docs/draw.ts';
import { DECLINE_CODES } from '../../domain/decline-codes.ts';
import { PAYMENT_INTENT_STATUSES, PAYMENT_INTENT_TABLE } from '../../domain/payment-intent.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const read = (file: string) => readFile(path.join(ROOT, file), 'utf8');

describe('the commands of the docs', () => {
  const files = readdirSync(ROOT, { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.md') && !/(^|\/)(node_modules|\.durable-billing)\//.test(file),
  );
  const { scripts } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };

  it.each(files)(
    '%s calls scripts that there are, and no TypeScript on whatever Node is installed',
    (file) => {
      const text = readFileSync(path.join(ROOT, file), 'utf8');
      const called = [...text.matchAll(/npm run (?:--silent )?([a-z][\w:-]*)/g)].map((match) =>
        String(match[1]),
      );
      expect(called.filter((name) => !(name in scripts))).toEqual([]);
      // Node 20 cannot run it; in the image there is the right one.
      const bare = [...text.matchAll(/.*\bnode (?:--\S+ )*[\w./-]+\.ts\b/g)].map(([line]) => line);
      expect(bare.filter((line) => !/in the image|docker compose/i.test(line))).toEqual([]);
    },
  );
});

describe('the pictures of the docs', () => {
  it('are each shown by a page', () => {
    const pages = ['README.md', ...readdirSync(path.join(ROOT, 'docs')).map((name) => `docs/${name}`)]
      .filter((file) => file.endsWith('.md'))
      .map((file) => readFileSync(path.join(ROOT, file), 'utf8'))
      .join('\n');
    const pictures = readdirSync(path.join(ROOT, 'docs/images'));
    expect(pictures.filter((name) => !pages.includes(`images/${name})`))).toEqual([]);
  });
});

describe('the drawn documents', () => {
  it.each(Object.keys(DRAWN))('%s is what `npm run docs:draw` draws', async (path) => {
    expect(await read(path)).toBe(await DRAWN[path]?.());
  });

  it('draw every step of a PaymentIntent and no other', async () => {
    const document = await read('docs/state-machines.md');
    const section = document.slice(document.indexOf('## PaymentIntent'), document.indexOf('## SetupIntent'));
    const drawn = [...section.matchAll(/^ {2}(\w+) --> (\w+)$/gm)].map(([, from, to]) => `${from} ${to}`);
    const steps = PAYMENT_INTENT_STATUSES.flatMap((from) =>
      PAYMENT_INTENT_TABLE[from].next.map((to) => `${from} ${to}`),
    );
    expect(drawn.sort()).toEqual(steps.sort());
  });

  it('have a row for every decline code', async () => {
    const document = await read('docs/declines.md');
    const missing = Object.entries(DECLINE_CODES).filter(
      ([code, row]) => !document.includes(`| \`${code}\` | \`${row.class}\` | \`${row.customerReason}\``),
    );
    expect(missing).toEqual([]);
  });
});

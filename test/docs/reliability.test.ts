/** docs/reliability.md is complete and true: every id has a row, every proof exists, every test with an id is listed. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';

const PROJECT = path.resolve(import.meta.dirname, '../..');
const IDS = [
  ...Array.from({ length: 9 }, (_, index) => `I${index + 1}`),
  ...Array.from({ length: 37 }, (_, index) => `F${index + 1}`),
];

const page = readFileSync(path.join(PROJECT, 'docs/reliability.md'), 'utf8');
const rows = new Map(
  [...page.matchAll(/^\| ([IF]\d+) \| (.+?) \| (.+) \|$/gm)].map((row) => [String(row[1]), String(row[3])]),
);

/** `file › beginning of a title` */
function proofsOf(cell: string): { file: string; title: string }[] {
  return [...cell.matchAll(/`(test\/[^`]+)` › (.+?)(?=; `test\/|$)/g)].map((proof) => ({
    file: String(proof[1]),
    title: String(proof[2]),
  }));
}

function testsWithIds(): { file: string; title: string; id: string }[] {
  return readdirSync(path.join(PROJECT, 'test'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts'))
    .flatMap((name) => {
      const file = path.join('test', name);
      const text = readFileSync(path.join(PROJECT, file), 'utf8');
      return [...text.matchAll(/\bit(?:\.concurrent)?\(\s*['`](([IF]\d+): .+?)['`],/g)].map((title) => ({
        file,
        title: String(title[1]),
        id: String(title[2]),
      }));
    });
}

describe('docs/reliability.md', () => {
  it('has one row for every invariant and every fault', () => {
    expect([...rows.keys()]).toEqual(IDS);
  });

  it.each(IDS)('names a proof of %s, and each that it names exists', (id) => {
    const proofs = proofsOf(rows.get(id) ?? '');
    expect(proofs.length).toBeGreaterThan(0);
    for (const { file, title } of proofs) {
      expect(existsSync(path.join(PROJECT, file))).toBe(true);
      expect(readFileSync(path.join(PROJECT, file), 'utf8')).toContain(title);
    }
  });

  it('lists every test whose title begins with an id', () => {
    const tests = testsWithIds();
    expect(tests.length).toBeGreaterThan(15);
    const unlisted = tests.filter(
      ({ file, title, id }) =>
        !proofsOf(rows.get(id) ?? '').some((proof) => proof.file === file && title.startsWith(proof.title)),
    );
    expect(unlisted.map(({ file, title }) => `${file} › ${title}`)).toEqual([]);
  });
});

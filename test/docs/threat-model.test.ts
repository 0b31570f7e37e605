/** docs/threat-model.md is true where a test can tell: every proof that it names exists and has tests in it. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';

const PROJECT = path.resolve(import.meta.dirname, '../..');
const page = readFileSync(path.join(PROJECT, 'docs/threat-model.md'), 'utf8');
const rows = page.split('\n').filter((line) => /^\| [STRIDE](, [STRIDE])* \|/.test(line));
const named = [...new Set([...page.matchAll(/`(test\/[^`]+)`/g)].map(([, file]) => String(file)))];

describe('docs/threat-model.md', () => {
  it('names a test for every threat', () => {
    expect(rows.length).toBeGreaterThan(20);
    expect(rows.filter((row) => !/`test\/[^`]+\.test\.ts`/.test(row.split('|').at(-2) ?? ''))).toEqual([]);
  });

  it.each(named)('names %s, which exists', (file) => {
    expect(existsSync(path.join(PROJECT, file))).toBe(true);
    expect(readFileSync(path.join(PROJECT, file), 'utf8')).toMatch(/\bit(\.each)?\(/);
  });

  it('has a threat of every kind, and says what is not defended', () => {
    const kinds = new Set(
      rows.flatMap((row) => (row.split('|')[1] ?? '').split(',').map((kind) => kind.trim())),
    );
    expect([...kinds].sort()).toEqual(['D', 'E', 'I', 'R', 'S', 'T']);
    expect(page).toContain('## What is not defended');
    expect(readFileSync(path.join(PROJECT, 'SECURITY.md'), 'utf8')).toContain('docs/threat-model.md');
  });
});

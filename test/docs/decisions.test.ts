/** The index of the decisions and their pages. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';

const FOLDER = path.resolve(import.meta.dirname, '../../docs/decisions');
const read = (file: string) => readFileSync(path.join(FOLDER, file), 'utf8');
const pages = readdirSync(FOLDER).filter((name) => name !== 'README.md');

describe('docs/decisions', () => {
  it.each(pages)('%s has its number and a title at its head, and both in the index', (file) => {
    const [, number, title] = /^# (\d+)\. (.+)\n\n/.exec(read(file)) ?? [];
    expect(file).toMatch(new RegExp(`^${String(number).padStart(4, '0')}-[a-z-]+\\.md$`));
    expect(read('README.md')).toContain(`| ${number} | [${title}](${file}) |`);
  });

  it('are listed once each', () => {
    const listed = [...read('README.md').matchAll(/\]\((\d{4}-[a-z-]+\.md)\)/g)].map((match) => match[1]);
    expect(listed).toEqual([...pages].sort());
  });
});

/** What `workflows/patches.ts` says of versions agrees with the package, the change log and the kept histories. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { PATCHES } from '../../workflows/patches.ts';

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

describe('the patches', () => {
  it('are each told from when on they are there, and by a version that there is', () => {
    const { version } = JSON.parse(read('package.json')) as { version: string };
    const headings = [...read('CHANGELOG.md').matchAll(/^## (\S+)/gm)].map(([, heading]) => heading);
    const source = read('workflows/patches.ts');
    const told = [...source.matchAll(/(After|Since) (\d+\.\d+\.\d+)\. \*\/\n {2}\w+:/g)];
    expect(told).toHaveLength(Object.keys(PATCHES).length);
    for (const [, word, of] of told) {
      // "Since" is of a release; "after" is not released, and later than a version whose histories are kept.
      const known =
        word === 'Since' ? headings : readdirSync(new URL('../replay/histories', import.meta.url));
      expect(known).toContain(of);
      expect(word === 'Since' || of === version).toBe(true);
    }
  });

  it('have ids that are used once', () => {
    const ids = Object.values(PATCHES);
    expect(new Set(ids).size).toBe(ids.length);
  });
});

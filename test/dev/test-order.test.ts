import { readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import LongestFirst, { LONGEST_FIRST } from '../support/longest-first.ts';

const PROJECT = path.resolve(import.meta.dirname, '../..');
const FILES = readdirSync(path.join(PROJECT, 'test'), { recursive: true, encoding: 'utf8' })
  .map((name) => path.posix.join('test', name.replaceAll(path.sep, '/')))
  .filter((name) => name.endsWith('.test.ts') && !name.endsWith('.rehearsal.test.ts'));

/** As Jest hands them to its sequencer in a new clone: no file has failed, and none has a time yet. */
async function inOrder(names: readonly string[], sizes: Record<string, number> = {}): Promise<string[]> {
  const context = {
    config: { rootDir: PROJECT, cache: false },
    hasteFS: { getSize: (file: string) => sizes[path.relative(PROJECT, file)] ?? 1 },
  };
  type Options = ConstructorParameters<typeof LongestFirst>[0];
  type Tests = Parameters<LongestFirst['sort']>[0];
  const tests = names.map((name) => ({ context, path: path.join(PROJECT, name) }));
  const sorted = await new LongestFirst({ contexts: [] } as unknown as Options).sort(
    tests as unknown as Tests,
  );
  return sorted.map((test) => path.relative(PROJECT, test.path));
}

describe('the order of the test files', () => {
  it('names files that there are, each once', () => {
    expect(LONGEST_FIRST.filter((name) => !FILES.includes(name))).toEqual([]);
    expect(new Set(LONGEST_FIRST).size).toBe(LONGEST_FIRST.length);
  });

  it('begins with the named ones in a new clone, however small they are', async () => {
    const order = await inOrder([...FILES].sort());
    expect(order.slice(0, LONGEST_FIRST.length)).toEqual(LONGEST_FIRST);
    expect([...order].sort()).toEqual([...FILES].sort());
  });

  it('leaves the order of the others to Jest: the largest first', async () => {
    const [long = ''] = LONGEST_FIRST;
    const others = ['test/domain/money.test.ts', 'test/domain/ids.test.ts'];
    const sizes = { 'test/domain/money.test.ts': 10, 'test/domain/ids.test.ts': 20 };
    expect(await inOrder([...others, long], sizes)).toEqual([long, ...others.reverse()]);
  });
});

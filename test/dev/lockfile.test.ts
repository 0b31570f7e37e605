import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';

interface Locked {
  version?: string;
  optionalDependencies?: Record<string, string>;
}
const file = path.resolve(import.meta.dirname, '../../package-lock.json');
const { packages } = JSON.parse(readFileSync(file, 'utf8')) as { packages: Record<string, Locked> };

/** Whether `name`, wanted by the package at `from`, is in the lock file: beside it, or in a folder above. */
function isLocked(from: string, name: string): boolean {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/')))) {
    if (`${folder}/node_modules/${name}`.replace(/^\//, '') in packages) {
      return true;
    }
    if (folder === '') {
      return false;
    }
  }
}

describe('package-lock.json', () => {
  it('has an entry for each optional package, of other systems too: npm ci refuses it otherwise', () => {
    const missing = Object.entries(packages).flatMap(([from, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies).filter((name) => !isLocked(from, name)),
    );
    expect(missing).toEqual([]);
    expect(isLocked('node_modules/@swc/core', '@swc/core-darwin-arm64')).toBe(true);
    expect(isLocked('node_modules/@swc/core', '@swc/core-no-such-system')).toBe(false);
  });
});

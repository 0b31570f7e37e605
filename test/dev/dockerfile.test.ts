import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { encryptingBundle } from '../../worker/bundle.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const read = (file: string) => readFileSync(path.join(ROOT, file), 'utf8');

describe('Dockerfile', () => {
  const dockerfile = read('Dockerfile');
  const stages = dockerfile.split(/^(?=FROM )/m).slice(1);
  /** Paths that a COPY without --from takes from the build context, of all stages. */
  const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, sources]) =>
    (sources ?? '').split(' '),
  );
  let image: string;

  beforeAll(() => {
    // What the image holds of ours, and the installed packages beside it.
    image = mkdtempSync(path.join(os.tmpdir(), 'image-'));
    for (const source of copied) {
      const names = source.includes('*')
        ? readdirSync(path.join(ROOT, path.dirname(source)))
            .filter((name) => name.endsWith(path.extname(source)))
            .map((name) => path.join(path.dirname(source), name))
        : [source];
      for (const name of names) {
        cpSync(path.join(ROOT, name), path.join(image, name), { recursive: true });
      }
    }
    symlinkSync(path.join(ROOT, 'node_modules'), path.join(image, 'node_modules'));
  });
  afterAll(() => rmSync(image, { recursive: true, force: true }));

  it('builds on a pinned image with glibc, and runs as somebody other than root', () => {
    expect(stages[0]).toMatch(/^FROM node:\d+\.\d+\.\d+-bookworm-slim AS base/);
    expect(dockerfile).not.toMatch(/alpine/);
    const last = stages.at(-1) ?? '';
    expect(last).toMatch(/^FROM app AS service/);
    for (const stage of stages.filter((each) => each.includes('\nCMD '))) {
      expect(/\nUSER (\S+)/.exec(stage)?.[1]).toBe('node');
    }
  });

  it('runs the Node of the tests', () => {
    const packages = JSON.parse(read('package.json')) as { devDependencies: Record<string, string> };
    expect(stages[0]).toContain(`node:${packages.devDependencies.node}-`);
  });

  it('copies paths that exist and that the build context lets through', () => {
    const allowed = read('.dockerignore')
      .split('\n')
      .filter((line) => line.startsWith('!'))
      .map((line) => line.slice(1));
    expect(read('.dockerignore')).toMatch(/^\*$/m);
    expect([...new Set(copied)].sort()).toEqual([...allowed].sort());
    for (const source of copied.filter((each) => !each.includes('*'))) {
      expect([source, existsSync(path.join(ROOT, source))]).toEqual([source, true]);
    }
  });

  it('needs no package that only development has, and holds none that nobody needs', () => {
    const { dependencies } = JSON.parse(read('package.json')) as { dependencies: Record<string, string> };
    const imported = new Set<string>();
    for (const file of sourcesBelow(image)) {
      const source = readFileSync(file, 'utf8');
      for (const [, name = ''] of source.matchAll(
        /(?:^(?:import|export) (?!type )[^;]*?from |\bimport\()'([^'.][^']*)'/gms,
      )) {
        imported.add(
          name.startsWith('@') ? name.split('/').slice(0, 2).join('/') : (name.split('/')[0] ?? ''),
        );
      }
    }
    const packages = [...imported].filter((name) => !name.startsWith('node:'));
    expect(packages).toContain('fastify');
    expect(packages.filter((name) => !(name in dependencies))).toEqual([]);
    expect(Object.keys(dependencies).filter((name) => !imported.has(name))).toEqual([]);
  });

  it.each([['api/main.ts'], ['worker/main.ts'], ['db/migrate.ts'], ['codec/main.ts']])(
    'holds everything that %s imports: it starts, and asks for its settings',
    (entry) => {
      const failure = runInImage([entry]);
      expect(failure).toMatch(/Settings are missing or wrong/);
    },
  );

  it('bundles the Workflow code', () => {
    const target = path.join(image, 'workflow-bundle.js');
    runInImage(['deploy/bundle-workflows.ts', target]);
    const encodes = 'encodeCommonAttributes: true';
    expect(readFileSync(target, 'utf8')).toContain('enrollmentWorkflow');
    expect(readFileSync(target, 'utf8')).not.toContain(encodes);
    expect(readFileSync(encryptingBundle(target), 'utf8')).toContain(encodes);
  });

  function runInImage(args: string[]): string {
    const environment = { PATH: process.env.PATH ?? '' };
    try {
      return execFileSync(process.execPath, args, {
        cwd: image,
        env: environment,
        encoding: 'utf8',
        stdio: 'pipe',
      });
    } catch (error) {
      return error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error);
    }
  }
});

function sourcesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) {
      return sourcesBelow(file);
    }
    return entry.isFile() && file.endsWith('.ts') ? [file] : [];
  });
}

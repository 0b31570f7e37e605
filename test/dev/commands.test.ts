/** Scripts that take few options, or none, say so when they are asked, and do nothing when they are called wrongly. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from '@jest/globals';

const ROOT = path.resolve(import.meta.dirname, '../..');
const { scripts } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>;
};

interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs a script of package.json as npm does, without npm. */
function run(name: string, ...given: string[]): Promise<Ended> {
  const [, ...args] = scripts[name]?.split(' ') ?? [];
  const { PATH, NODE_COMPILE_CACHE } = process.env;
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [...args, ...given],
      { cwd: ROOT, env: { PATH, NODE_COMPILE_CACHE, NODE_NO_WARNINGS: '1' }, timeout: 30_000 },
      (error, stdout, stderr) => resolve({ code: Number(error?.code ?? 0), stdout, stderr }),
    );
  });
}

it.each(['docs:draw', 'docs:pictures', 'audit', 'mails', 'demo', 'conformance', 'webhook-endpoint'])(
  'npm run %s tells with --help what it does, and does not do it',
  async (name) => {
    const { code, stdout } = await run(name, '--help');
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^Usage: /)]);
  },
  40_000,
);

it.each([
  ['docs:draw', 1],
  // 1 would be a finding.
  ['audit', 2],
  ['mails', 1],
])(
  'npm run %s does nothing when it is called wrongly',
  async (name, code) => {
    for (const wrong of ['--nonsense', 'nonsense']) {
      const ended = await run(name, wrong);
      expect([ended.code, ended.stdout]).toEqual([code, '']);
      expect(ended.stderr).toMatch(/^error: (unknown option|too many arguments)/);
      expect(ended.stderr).not.toMatch(/^ +at /m);
    }
  },
  40_000,
);

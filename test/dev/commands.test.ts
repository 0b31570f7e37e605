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
  const [, ...args] = scripts[name]?.replace(/^exec /, '').split(' ') ?? [];
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

/** What npm runs, but for what only calls other programs: these take the arguments of those. */
const OTHERS = /^(npm |tsc |biome |node --experimental-vm-modules|RECORD_HISTORIES_TO)/;
const OURS = Object.keys(scripts).filter((name) => !OTHERS.test(scripts[name] ?? ''));
/** Those that start something, or change it, without any. */
const TAKE_NONE = ['migrate', 'start:api', 'start:worker', 'start:codec'];
/** Where 1 says that something was found. */
const ENDS_WITH_2 = ['audit', 'chaos', 'check-books', 'sample'];
const SUBCOMMANDS = ['durable-billing', 'api-key', 'inbox', 'simulate'];

it.each(OURS)(
  'npm run %s tells with --help what it does, and does not do it',
  async (name) => {
    const { code, stdout } = await run(name, '--help');
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^Usage: /)]);
  },
  40_000,
);

const COMPLAINT = /nonsense|^error: (too many arguments|required option)|^No settings/im;

it.each(OURS)(
  'npm run %s does nothing when it is called wrongly, and says so',
  async (name) => {
    for (const wrong of ['--nonsense', 'nonsense']) {
      const takesIt = name === 'webhook-endpoint' && wrong === 'nonsense';
      const { code, stdout, stderr } = await run(name, wrong, ...(takesIt ? ['extra'] : []));
      const expected = SUBCOMMANDS.includes(name) ? code : ENDS_WITH_2.includes(name) ? 2 : 1;
      expect([code, stdout]).toEqual([expected, '']);
      expect(code).not.toBe(0);
      expect(stderr).toMatch(TAKE_NONE.includes(name) ? wrong : COMPLAINT);
      expect(stderr).not.toMatch(/^ +at /m);
    }
  },
  60_000,
);

it.each([
  ['check-books', '--settle-ms', 'expected whole milliseconds'],
  ['sample', '--minutes', 'is no number of minutes'],
])(
  'npm run %s takes no word for the number of %s',
  async (name, option, said) => {
    const { code, stdout, stderr } = await run(name, option, 'soon');
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(new RegExp(`${option}.*soon.*${said}`, 's'));
  },
  40_000,
);

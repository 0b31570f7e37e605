import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execa } from 'execa';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'simulate-'));
});
afterAll(() => rm(folder, { recursive: true }));

const simulate = (...given: string[]) =>
  execa('npm', ['run', '--silent', 'simulate', '--', ...given], { reject: false });

describe('npm run simulate', () => {
  it('compares the policies that are named, as a table and as a chart', async () => {
    const svg = join(folder, 'charts', 'dunning.svg');
    const run = await simulate('dunning', '-n', '60', '-p', 'once=2', '-p', 'none=', '--svg', svg);
    expect(run.stderr).toBe('');
    expect(run.exitCode).toBe(0);
    expect(run.stdout).toMatch(/^once +2 +\d+\.\d\d/m);
    expect(run.stdout).toMatch(/^none +never +\d+\.\d\d/m);
    const chart = await readFile(svg, 'utf8');
    expect(chart.startsWith('<svg')).toBe(true);
    expect(chart).toContain('60 declined charges, seed 1');
    expect(chart).toContain('>once<');
  });

  it('prints the same for the same seed, as JSON too', async () => {
    const svg = join(folder, 'same.svg');
    const runs = await Promise.all([1, 2].map(() => simulate('dunning', '-n', '40', '--json', '-o', svg)));
    expect(runs[0]?.stdout).toBe(runs[1]?.stdout);
    const summaries = JSON.parse(runs[0]?.stdout ?? '');
    expect(summaries.map(({ policy }: { policy: string }) => policy)).toContain('default');
  });

  it.each([
    [
      'a policy of nine retries',
      ['dunning', '-p', 'many=1,1,1,1,1,1,1,1,1'],
      '9 retries; expected 8 at most',
    ],
    ['a policy without a name', ['dunning', '-p', '1,2'], 'expected name=days'],
    ['no charges', ['dunning', '-n', '0'], 'expected a whole number, 1 or more'],
    ['a spread over more than a day', ['herd', '--spread', '1,25'], "'25' is longer than the terms allow"],
    ['more enrollments than fit', ['herd', '-n', '10000001'], 'expected 10,000,000 at most'],
    ['a rate of nothing', ['herd', '-r', '0'], 'expected a number above 0'],
  ])('refuses %s and says why', async (_, given, message) => {
    const run = await simulate(...given);
    expect(run.exitCode).not.toBe(0);
    expect(run.stderr).toContain(message);
  });

  it('refuses assumptions that it does not know', async () => {
    const file = join(folder, 'assumptions.json');
    await writeFile(file, '{"moods": 1}');
    const run = await simulate('dunning', '-a', file);
    expect(run.exitCode).not.toBe(0);
    expect(run.stderr).toContain('unknown moods; expected some of causes');
  });

  it.each([
    ['a file that is not there', 'none.json', null, /^error: ENOENT: .*none\.json'$/],
    ['a file that is no JSON', 'words.json', 'moods: 1', /^error: .*words\.json is no JSON: .*$/],
  ])('refuses assumptions from %s in a sentence', async (_, name, text, sentence) => {
    const file = join(folder, name);
    if (text !== null) {
      await writeFile(file, text);
    }
    const run = await simulate('dunning', '-a', file);
    expect([run.exitCode, run.stderr]).toEqual([1, expect.stringMatching(sentence)]);
  });

  it('tells what it found also where the chart cannot be written, and why it cannot', async () => {
    const run = await simulate('herd', '-n', '20', '-r', '10', '--spread', '0', '-o', folder);
    expect(run.stdout).toMatch(/^0 h +10\/s +20 /m);
    expect([run.exitCode, run.stderr]).toEqual([1, expect.stringMatching(/^error: EISDIR: .*$/)]);
  });

  it('draws the backlog of a herd', async () => {
    const svg = join(folder, 'herd.svg');
    const run = await simulate('herd', '-n', '2000', '-r', '10', '--spread', '0,1', '-o', svg);
    expect(run.stdout).toMatch(/^0 h +10\/s +2000 +0\.06 h/m);
    expect(await readFile(svg, 'utf8')).toContain('2000 enrollments, 10 charges a second');
  });
});

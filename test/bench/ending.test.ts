import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, expect, it } from '@jest/globals';
import { isAlive, startProcess } from '../../dev/processes.ts';
import { waitFor } from '../support/wait.ts';

const PROJECT = path.resolve(import.meta.dirname, '../..');
const folder = mkdtempSync(path.join(os.tmpdir(), 'bench-ending-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('is at once and leaves nothing, also while the bench still looks for a Temporal server', async () => {
  const [programs, temporary] = [path.join(folder, 'bin'), path.join(folder, 'tmp')];
  const asked = path.join(folder, 'asked');
  mkdirSync(programs);
  mkdirSync(temporary);
  const temporal = path.join(programs, 'temporal');
  writeFileSync(
    temporal,
    `#!/bin/sh\necho $$ > "${asked}.new" && mv "${asked}.new" "${asked}"\nexec sleep 60\n`,
  );
  chmodSync(temporal, 0o755);
  const bench = await startProcess({
    name: 'bench',
    command: process.execPath,
    args: ['--disable-warning=ExperimentalWarning', 'bench/main.ts', '--quick', '--only', 'webhooks'],
    cwd: PROJECT,
    env: { TMPDIR: temporary, PATH: `${programs}${path.delimiter}${process.env.PATH}` },
  });
  try {
    await waitFor('the question', async () => readdirSync(folder).includes('asked'), { timeoutMs: 60_000 });
    const askedPid = Number(readFileSync(asked, 'utf8'));
    process.kill(bench.pid, 'SIGTERM');
    const exit = await waitFor('the end', async () => bench.exit() ?? false, { timeoutMs: 10_000 });
    expect([exit.code, await bench.lastWords()]).toEqual([143, expect.stringContaining('ended by SIGTERM')]);
    expect(readdirSync(temporary)).toEqual([]);
    await waitFor('the end of the program that was asked', async () => !isAlive(askedPid));
  } finally {
    await bench.stop();
  }
}, 90_000);

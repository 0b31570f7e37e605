import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { descendantsOf, processorMs } from '../../bench/stage/processor.ts';
import { isAlive } from '../../dev/processes.ts';
import { waitFor } from '../support/wait.ts';

const BUSY_MS = 400;
const ON_LINUX = existsSync('/proc/self/stat');

it('counts children that have ended, where that can be read', async () => {
  const busy = `while (process.cpuUsage().user < ${BUSY_MS} * 1_000);`;
  const shell = spawn('sh', ['-c', '"$0" -e "$1"; echo done; read line', process.execPath, busy], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  try {
    await once(shell.stdout, 'data');
    const used = processorMs([{ name: 'shell', pid: shell.pid ?? 0 }]);
    if (ON_LINUX) {
      // Ticks are coarse.
      expect(used?.shell).toBeGreaterThan(BUSY_MS / 2);
    } else {
      expect(used).toBeNull();
    }
  } finally {
    shell.stdin.end('\n');
  }
});

it('ends those that a process has started, also when it is gone itself', async () => {
  const child = 'setInterval(() => undefined, 1_000); console.log(process.pid)';
  const parent = `require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(child)}], { stdio: 'inherit', detached: true })`;
  const started = spawn(process.execPath, ['-e', parent], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [text] = await once(started.stdout, 'data');
  const pid = Number(text);
  const killRest = descendantsOf(started.pid ?? 0);
  started.kill('SIGKILL');
  await once(started, 'exit');
  if (!ON_LINUX) {
    process.kill(pid, 'SIGKILL');
    return;
  }
  expect(isAlive(pid)).toBe(true);
  killRest();
  await waitFor('the end of the child', async () => {
    const stat = existsSync(`/proc/${pid}/stat`) ? readFileSync(`/proc/${pid}/stat`, 'utf8') : ') Z';
    return / Z/.test(stat);
  });
});

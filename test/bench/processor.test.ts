import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { processorMs } from '../../bench/stage/processor.ts';

const BUSY_MS = 400;
const ON_LINUX = existsSync('/proc/self/stat');

it('counts children that have ended, where that can be read', async () => {
  const busy = `for (const end = Date.now() + ${BUSY_MS}; Date.now() < end; );`;
  const shell = spawn('sh', ['-c', '"$0" -e "$1"; echo done; read line', process.execPath, busy], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  try {
    await once(shell.stdout, 'data');
    const used = processorMs([{ name: 'shell', pid: shell.pid ?? 0 }]);
    if (ON_LINUX) {
      // Other processes may have had a part of that time.
      expect(used?.shell).toBeGreaterThan(BUSY_MS / 4);
    } else {
      expect(used).toBeNull();
    }
  } finally {
    shell.stdin.end('\n');
  }
});

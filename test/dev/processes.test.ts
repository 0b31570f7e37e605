import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { isAlive, type ProcessSpec, run, startProcess, waitUntilReady } from '../../dev/processes.ts';
import { waitFor } from '../support/wait.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'processes-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function node(script: string, more: Partial<ProcessSpec> = {}): ProcessSpec {
  return { name: 'child', command: process.execPath, args: ['-e', script], ...more };
}

const FOREVER = 'setInterval(() => {}, 1000);';

describe('startProcess', () => {
  it('says which command cannot be started', async () => {
    const spec = { name: 'child', command: 'no-such-command', args: [] };
    await expect(startProcess(spec)).rejects.toThrow(/child: cannot start no-such-command/);
  });

  it('appends to the log what the child prints', async () => {
    const logFile = path.join(folder, 'deep', 'child.log');
    for (const word of ['one', 'two']) {
      const child = await startProcess(node(`console.log('${word}'); console.error('bad')`, { logFile }));
      await child.exited;
    }
    await waitFor('the log', () => readFileSync(logFile, 'utf8') === 'one\nbad\ntwo\nbad\n');
  });

  it('adds to the environment and removes from it', async () => {
    const script = "console.log(process.env.ADDED, process.env.HOME ?? 'none')";
    const { output } = await run(node(script, { env: { ADDED: 'yes', HOME: undefined } }), 10_000);
    expect(output).toBe('yes none');
  });
});

describe('stop', () => {
  it('lets a polite child end in its own way', async () => {
    const script = `process.on('SIGTERM', () => { console.log('bye'); process.exit(3) }); console.log('up'); ${FOREVER}`;
    const child = await startProcess(node(script));
    await waitUntilReady(child, async () => child.lastLines().includes('up'), 10_000);
    await child.stop();
    expect(child.exit()).toEqual({ code: 3, signal: null });
    await expect(child.stop()).resolves.toBeUndefined();
  });

  it('kills one that does not listen, and what it has started', async () => {
    const script = `
      const { spawn } = require('node:child_process');
      process.on('SIGTERM', () => {});
      const grandchild = spawn(process.execPath, ['-e', ${JSON.stringify(FOREVER)}]);
      console.log('grandchild', grandchild.pid);
      ${FOREVER}`;
    const child = await startProcess(node(script, { stopTimeoutMs: 200 }));
    const grandchild = await waitFor('the grandchild', () => /grandchild (\d+)/.exec(child.lastLines())?.[1]);
    expect(isAlive(Number(grandchild))).toBe(true);
    await child.stop();
    expect(child.exit()?.signal).toBe('SIGKILL');
    await waitFor('the grandchild to be gone', () => hasEnded(Number(grandchild)));
  });
});

describe('waitUntilReady', () => {
  it('gives up as soon as the child has ended, with what it said', async () => {
    const child = await startProcess(node("console.error('port is taken'); process.exit(7)"));
    const failure = waitUntilReady(child, async () => false, 30_000);
    await expect(failure).rejects.toMatchObject({
      message: 'child ended (code 7) before it was ready',
      cause: 'port is taken',
    });
  });

  it('gives up after the time it was given, with what the last look found', async () => {
    const child = await startProcess(node(FOREVER));
    const look = async () => {
      throw new Error('no answer yet');
    };
    await expect(waitUntilReady(child, look, 300)).rejects.toThrow(/not ready within 0 s. no answer yet/);
    await child.stop();
  });
});

describe('what is still to be read when a process has ended', () => {
  // Its end is noticed before its words, as on a busy machine.
  const late = { name: 'child', command: 'sh', args: ['-c', '(sleep 0.3; echo said) & exit 0'] };

  it('is told of a command', async () => {
    expect(await run(late, 10_000)).toEqual({ ok: true, output: 'said' });
  });

  it('is told of a process that was never ready', async () => {
    const failure = waitUntilReady(await startProcess(late), async () => false, 10_000);
    await expect(failure).rejects.toMatchObject({ cause: 'said' });
  });
});

describe('run', () => {
  it('ends a command that takes too long', async () => {
    const { ok, output } = await run(node(FOREVER, { stopTimeoutMs: 500 }), 300);
    expect(ok).toBe(false);
    expect(output).toMatch(/did not end within 0.3 s/);
  });
});

/** A grandchild that nobody waits for stays a zombie where no init process collects it. */
function hasEnded(pid: number): boolean {
  try {
    return !isAlive(pid) || /^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return true;
  }
}

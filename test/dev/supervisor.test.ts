import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { isAlive, type RunningProcess } from '../../dev/processes.ts';
import { type Service, Supervisor } from '../../dev/supervisor.ts';
import { waitFor } from '../support/wait.ts';

let lines: string[] = [];
let running: readonly RunningProcess[] = [];
let supervisor = newSupervisor();

function newSupervisor(): Supervisor {
  lines = [];
  running = [];
  return new Supervisor({
    report: (line) => lines.push(line),
    onChange: (children) => {
      running = [...children];
    },
  });
}

afterEach(async () => {
  await supervisor.stopAll();
  supervisor = newSupervisor();
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A small HTTP server in a process of its own. */
function httpService(name: string, port: number): Service {
  const script = `
    require('node:http').createServer((_, response) => response.end('ok')).listen(${port}, '127.0.0.1');
    process.on('SIGTERM', () => { console.log('${name} ended politely'); process.exit(0); });`;
  return {
    spec: { name, command: process.execPath, args: ['-e', script] },
    ready: async () => (await fetch(`http://127.0.0.1:${port}`)).ok,
    readyTimeoutMs: 10_000,
  };
}

describe('Supervisor', () => {
  it('starts a service again that was killed, and says so', async () => {
    const port = await freePort();
    await supervisor.start(httpService('web', port));
    const first = running[0]?.pid ?? 0;
    process.kill(first, 'SIGKILL');
    await waitFor('the new process', () => lines.some((line) => /^web runs again/.test(line)));
    expect(lines[0]).toBe('web ended unexpectedly (signal SIGKILL); starting it again in 0.5 s.');
    expect(running[0]?.pid).not.toBe(first);
    expect((await fetch(`http://127.0.0.1:${port}`)).ok).toBe(true);
  });

  it('waits longer each time for one that keeps dying', async () => {
    const port = await freePort();
    const service = httpService('frail', port);
    await supervisor.start(service);
    // From now on it cannot live: somebody else has its port.
    service.spec.args = ['-e', "console.error('no memory'); process.exit(9)"];
    process.kill(running[0]?.pid ?? 0, 'SIGKILL');
    const waits = () => lines.flatMap((line) => /again in ([\d.]+) s/.exec(line)?.[1] ?? []);
    await waitFor('three tries', () => waits().length >= 3, { timeoutMs: 15_000 });
    expect(waits().slice(0, 3)).toEqual(['0.5', '1', '2']);
    expect(lines).toContainEqual(expect.stringContaining('frail ended (code 9) before it was ready'));
    expect(lines).toContainEqual(expect.stringContaining('no memory'));
  });

  it('ends all in the reverse order of their start, and starts none again', async () => {
    await supervisor.start(httpService('first', await freePort()));
    await supervisor.start(httpService('second', await freePort()));
    const [first, second] = running;
    const order: string[] = [];
    void first?.exited.then(() => order.push('first'));
    void second?.exited.then(() => order.push('second'));
    await supervisor.stopAll();
    expect(order).toEqual(['second', 'first']);
    expect(await first?.lastWords()).toContain('first ended politely');
    expect(lines).toEqual([]);
    expect(running).toEqual([]);
    expect([first, second].some((child) => child && isAlive(child.pid))).toBe(false);
  });

  it('refuses to start anything once it ends', async () => {
    await supervisor.stopAll();
    await expect(supervisor.start(httpService('late', await freePort()))).rejects.toThrow(/ending/);
    expect(running.filter((child) => child.exit() === null)).toEqual([]);
  });
});

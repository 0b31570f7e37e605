import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { endLeftovers, recordOf, stillRuns } from '../../dev/leftovers.ts';
import { choosePorts, freePort, freePorts } from '../../dev/ports.ts';
import { clearLeftoverServer } from '../../dev/postgres.ts';
import { isAlive, startProcess, waitUntilReady } from '../../dev/processes.ts';
import {
  loadSecrets,
  openStateFolder,
  readJson,
  resetState,
  type StateFolder,
  saveSecrets,
} from '../../dev/state.ts';

let root: string;
let folder: StateFolder;
beforeEach(() => {
  root = mkdtempSync(path.join(os.tmpdir(), 'dev-state-'));
  folder = openStateFolder(root);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

describe('loadSecrets', () => {
  it('makes them once, for the owner alone', () => {
    const made = loadSecrets(folder);
    expect(loadSecrets(folder)).toEqual(made);
    expect(made.customerLinkSecret.length).toBeGreaterThanOrEqual(32);
    expect(made.stripeSecretKey).toMatch(/^sk_test_/);
    expect(statSync(folder.secrets).mode & 0o777).toBe(0o600);
  });

  it('forgets them on a reset', () => {
    const made = loadSecrets(folder);
    saveSecrets(folder, { ...made, apiKey: 'dbk_x' });
    resetState(root);
    expect(loadSecrets(openStateFolder(root))).not.toMatchObject({ databasePassword: made.databasePassword });
  });

  it('is not misled by a file that a crash has cut off', () => {
    writeFileSync(folder.running, '{"supervisor": {');
    expect(readJson(folder.running)).toBeNull();
  });
});

describe('freePort', () => {
  it('is none that a connection which goes out may be given before its server listens', async () => {
    const ports = [await freePort(), ...Object.values(await freePorts())];
    expect(new Set(ports).size).toBe(ports.length);
    expect(ports.filter((port) => port < 10_000 || port >= 32_768)).toEqual([]);
  });
});

describe('choosePorts', () => {
  it('keeps the ports of the last run', async () => {
    const first = await choosePorts(folder);
    expect((await choosePorts(folder)).ports).toEqual(first.ports);
  });

  it('moves on from a port that somebody else listens on, says so, and stays there', async () => {
    const { ports } = await choosePorts(folder);
    const squatter = createServer();
    await new Promise<void>((resolve) => squatter.listen(ports.api, '127.0.0.1', resolve));
    try {
      const moved = await choosePorts(folder);
      expect(moved.ports.api).toBeGreaterThan(ports.api);
      expect(moved.notes).toContain(
        `Port ${ports.api} (api) is taken by another program: using ${moved.ports.api}.`,
      );
      expect(moved.ports.shop).toBe(ports.shop);
    } finally {
      await new Promise((resolve) => squatter.close(resolve));
    }
    expect((await choosePorts(folder)).ports.api).not.toBe(ports.api);
  });
});

describe('leftovers', () => {
  it('ends a child that still runs, and leaves alone whoever has its id by now', async () => {
    const args = ['-e', 'setInterval(() => {}, 1000)'];
    const mine = await startProcess({ name: 'mine', command: process.execPath, args });
    const other = await startProcess({ name: 'other', command: process.execPath, args });
    try {
      const reused = { ...recordOf('reused', other.pid), commandLine: 'something else' };
      expect(stillRuns(reused)).toBe(false);
      const children = [recordOf('mine', mine.pid), reused];
      expect(await endLeftovers({ children })).toEqual(['mine']);
      expect(isAlive(other.pid)).toBe(true);
      expect((await mine.exited).signal).toBe('SIGTERM');
    } finally {
      await other.stop();
    }
  });

  it('passes over one that ended while another was being ended', async () => {
    const victim = await startProcess({
      name: 'victim',
      command: process.execPath,
      args: ['-e', 'setInterval(() => {}, 1000)'],
    });
    // Ends the other when it is told to end itself, as a server's end ends its clients.
    const script = `process.on('SIGTERM', () => { process.kill(${victim.pid}, 'SIGKILL'); setTimeout(process.exit, 300); });
      console.log('ready'); setInterval(() => {}, 1000);`;
    const server = await startProcess({ name: 'server', command: process.execPath, args: ['-e', script] });
    await waitUntilReady(server, async () => server.lastLines().includes('ready'), 10_000);
    const children = [recordOf('victim', victim.pid), recordOf('server', server.pid)];
    expect(await endLeftovers({ children })).toEqual(['server', 'victim']);
    expect((await victim.exited).signal).toBe('SIGKILL');
  });

  it('removes the lock of a killed PostgreSQL whose process id another program has now', async () => {
    writeFileSync(path.join(root, 'postmaster.pid'), `${process.pid}\n${root}\n`);
    expect(await clearLeftoverServer(root)).toBe('stale lock');
    expect(await clearLeftoverServer(root)).toBe('nothing');
  });
});

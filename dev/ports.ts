/**
 * Which ports the local stack uses: the usual ones, the same in every run, and others when those are taken. Tests,
 * chaos and measurements have a stack of their own, on ports that nobody else uses.
 */
import getPort, { clearLockedPorts, portNumbers } from 'get-port';
import { readJson, type StateFolder, writeJson } from './state.ts';

export const USUAL_PORTS = {
  shop: 4000,
  api: 3000,
  temporal: 7233,
  temporalUi: 8233,
  temporalMetrics: 7235,
  postgres: 54320,
  stripe: 12111,
  mailPage: 1080,
  smtp: 1025,
  workerMetrics: 9464,
} as const;

export type PortName = keyof typeof USUAL_PORTS;
export type Ports = Record<PortName, number>;

/**
 * Takes the port of the last run, or the usual one, or the next free one after it, and remembers the choice.
 * Keeping a port matters: links in mails of an earlier run name it.
 * @returns the ports, and a sentence for each that is another one than was wanted
 */
export async function choosePorts(folder: StateFolder): Promise<{ ports: Ports; notes: string[] }> {
  const kept = readJson<Partial<Ports>>(folder.ports) ?? {};
  const ports: Ports = { ...USUAL_PORTS };
  const notes: string[] = [];
  const chosen = new Set<number>();
  for (const name of Object.keys(USUAL_PORTS) as PortName[]) {
    const wanted = kept[name] ?? USUAL_PORTS[name];
    const port = await getPort({
      port: [wanted, ...portNumbers(wanted + 1, wanted + 200)],
      exclude: chosen,
    });
    chosen.add(port);
    ports[name] = port;
    if (port !== wanted) {
      notes.push(`Port ${wanted} (${name}) is taken by another program: using ${port}.`);
    }
  }
  // They are told apart here; for who asks next in this process they are not taken until somebody listens.
  clearLockedPorts();
  writeJson(folder.ports, ports);
  return { ports, notes };
}

/**
 * A port of 127.0.0.1 for a server that may start later, or again and again: below those that systems lend to
 * connections that go out (from 32768 on Linux, from 49152 elsewhere), one of which would have it meanwhile.
 */
export function freePort(): Promise<number> {
  const first = 10_000 + Math.floor(Math.random() * 20_000);
  return getPort({ host: '127.0.0.1', port: portNumbers(first, first + 2_000) });
}

/** As `freePort`, for each part of a stack. */
export async function freePorts(): Promise<Ports> {
  const ports: Ports = { ...USUAL_PORTS };
  for (const name of Object.keys(USUAL_PORTS) as PortName[]) {
    ports[name] = await freePort();
  }
  return ports;
}

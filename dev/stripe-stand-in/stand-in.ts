// Starts a Stripe stand-in. Used by main.ts, by tests (many in one process) and by the local stack.

import type { AddressInfo } from 'node:net';
import { createClock } from './clock.ts';
import { runTimer } from './due.ts';
import { createDeliveries } from './events/deliveries.ts';
import { findObject } from './http/expand.ts';
import { createFaults } from './http/faults.ts';
import { pruneKeys } from './http/idempotency.ts';
import { createRateLimit } from './http/rate-limit.ts';
import { createRouter } from './http/routes.ts';
import { createHttpServer } from './http/server.ts';
import { ROUTES } from './resources/index.ts';
import { DEFAULT_SETTINGS, type Settings } from './settings.ts';
import type { StandIn } from './state.ts';
import { openDatabase } from './store/database.ts';
import { type Mode, openWorld, type World } from './store/world.ts';

export interface StandInOptions extends Partial<Settings> {
  /** @default '127.0.0.1' */
  host?: string;
  /** 0 takes a free one. @default 0 */
  port?: number;
  /** Where the state is kept, across SIGKILL too. Unset: in memory. */
  dataFile?: string;
  /** The host's time in epoch milliseconds. @default Date.now */
  now?: () => number;
  /** The one key that is accepted. Unset: every well-formed sk_ or rk_ key. */
  secretKey?: string;
}

export interface RunningStandIn {
  url: string;
  port: number;
  /** Waits for nothing that is under way; what was answered is on disk. Safe to call twice. */
  close(): Promise<void>;
}

const PRUNE_MS = 60 * 60 * 1000;

/** @throws when the port is taken or the data file cannot be opened */
export async function startStripeStandIn(options: StandInOptions = {}): Promise<RunningStandIn> {
  const { host = '127.0.0.1', port = 0, dataFile, now = Date.now, secretKey, ...chosen } = options;
  const settings: Settings = { ...DEFAULT_SETTINGS, ...chosen };
  const db = openDatabase(dataFile);
  const clock = createClock(now, Number(db.setting('clock_offset_ms') ?? 0));
  let baseUrl = '';
  let wakeTimer: NodeJS.Timeout | undefined;
  let closed = false;

  const report = (error: unknown) => {
    // A request that was held back when the stand-in closed has nobody to answer.
    if (!closed) console.error(error);
  };
  const openWorlds = (): Record<Mode, World> => {
    const worlds = {
      test: openWorld(db, 'test', clock, settings),
      live: openWorld(db, 'live', clock, settings),
    };
    for (const world of Object.values(worlds)) world.events.onQueued(deliveries.wake);
    return worlds;
  };
  const deliveries = createDeliveries(db, clock, settings, () => standIn.worlds, report);
  const standIn: StandIn = {
    db,
    clock,
    settings,
    worlds: openWorlds(),
    deliveries,
    faults: createFaults(),
    rateLimit: createRateLimit(),
    inFlight: new Set(),
    secretKey,
    route: createRouter(ROUTES),
    find: findObject,
    report,
    runDue() {
      db.turn(() => {
        for (const world of Object.values(standIn.worlds)) {
          for (const timer of world.timers.takeDue()) runTimer({ world, cause: null, baseUrl }, timer);
        }
      });
      planWake();
    },
    reset() {
      db.clear();
      standIn.worlds = openWorlds();
      standIn.faults.clear();
      standIn.rateLimit.clear();
      standIn.inFlight.clear();
      deliveries.setOptions({ mode: 'deliver', duplicate: false, shuffle: false });
    },
  };

  /** One host timer for the earliest due instant; new timers are noticed because it wakes every second at most. */
  const planWake = () => {
    clearTimeout(wakeTimer);
    if (closed) return;
    wakeTimer = setTimeout(() => {
      const dues = Object.values(standIn.worlds).map(
        (world) => world.timers.earliestDueMs() ?? Number.POSITIVE_INFINITY,
      );
      if (Math.min(...dues) <= clock.nowMs()) standIn.runDue();
      else planWake();
    }, 1000).unref();
  };
  const prune = () => {
    db.turn(() => {
      for (const world of Object.values(standIn.worlds)) {
        pruneKeys(world);
        world.events.prune();
      }
    });
  };
  const pruneTimer = setInterval(prune, PRUNE_MS).unref();

  const server = createHttpServer(standIn);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const address = server.address();
  const taken = portOf(address);
  baseUrl = `http://${host.includes(':') ? `[${host}]` : host}:${taken}`;
  standIn.runDue();
  deliveries.wake();

  return {
    url: baseUrl,
    port: taken,
    async close() {
      if (closed) return;
      closed = true;
      clearTimeout(wakeTimer);
      clearInterval(pruneTimer);
      await deliveries.close();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      db.close();
    },
  };
}

function portOf(address: string | AddressInfo | null): number {
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return address.port;
}

// What one running stand-in is made of. stand-in.ts builds it; the HTTP parts are given it.

import type { Clock } from './clock.ts';
import type { Deliveries } from './events/deliveries.ts';
import type { Faults } from './http/faults.ts';
import type { RateLimit } from './http/rate-limit.ts';
import type { Match } from './http/routes.ts';
import type { Settings } from './settings.ts';
import type { Database } from './store/database.ts';
import type { Mode, World } from './store/world.ts';

export interface StandIn {
  readonly db: Database;
  readonly clock: Clock;
  readonly settings: Settings;
  /** Replaced as a whole by a reset. */
  worlds: Record<Mode, World>;
  readonly deliveries: Deliveries;
  readonly faults: Faults;
  readonly rateLimit: RateLimit;
  /** Idempotency keys whose answer is still held back. */
  readonly inFlight: Set<string>;
  readonly secretKey: string | undefined;
  route(method: string, path: string): Match | undefined;
  find(world: World, id: string): object | null;
  report(error: unknown): void;
  /** Runs what is due by now: called by the host timer and after the clock moved. */
  runDue(): void;
  reset(): void;
}

// What every operation is given: the world it changes, and the request that asked for it.

import type { Cause } from './events/log.ts';
import type { EventType } from './events/types.ts';
import type { World } from './store/world.ts';

export interface Turn {
  readonly world: World;
  /** null when Stripe itself acts: by time, or for a customer's bank. */
  readonly cause: Cause | null;
  /** Where the customer's browser reaches this stand-in: scheme, host and port of the request, no trailing slash. */
  readonly baseUrl: string;
}

/** Records an event with the object as it is now. `previous` holds what *.updated events say of the old values. */
export function emit(turn: Turn, type: EventType, object: { id: string }, previous?: object): void {
  turn.world.events.add(type, object, turn.cause, previous);
}

// The table of controls. Each is one thing that Stripe, a bank, a customer or the network would do by itself.

import type { StandIn } from '../state.ts';
import type { World } from '../store/world.ts';
import type { Turn } from '../turn.ts';
import { ControlRefusal } from './refusal.ts';

export interface ControlInput {
  standIn: StandIn;
  /** The object that the path names. */
  id: string;
  body: Record<string, unknown>;
  query: URLSearchParams;
  baseUrl: string;
}

export interface Control {
  method: 'GET' | 'POST';
  path: RegExp;
  run(input: ControlInput): object | Promise<object>;
}

/** @param path below /_control/, with at most one `:id` */
export function control(method: 'GET' | 'POST', path: string, run: Control['run']): Control {
  return { method, path: new RegExp(`^/_control/${path.replace(':id', '([^/]+)')}$`), run };
}

/** A control of one object: finds it in whichever mode has it and changes it in one turn, as Stripe's own doing. */
export function objectControl<T>(
  path: string,
  find: (world: World, id: string) => T | undefined,
  act: (turn: Turn, found: T, body: Record<string, unknown>) => object,
): Control {
  return control('POST', path, ({ standIn, id, body, baseUrl }) => {
    for (const world of Object.values(standIn.worlds)) {
      const found = find(world, id);
      if (found !== undefined)
        return standIn.db.turn(() => act({ world, cause: null, baseUrl }, found, body));
    }
    throw new ControlRefusal(404, `No such object: ${id}`);
  });
}

/** @throws ControlRefusal 409 when the object is not in a state for it */
export function orConflict(done: boolean, why: string): void {
  if (!done) throw new ControlRefusal(409, why);
}

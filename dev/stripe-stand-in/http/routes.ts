// The table of /v1 routes. A resource file lists its routes; http/api.ts runs the one that matches.

import type { Turn } from '../turn.ts';
import type { Form } from './form.ts';
import { type Parsed, readShape, type Shape } from './params.ts';

export type Method = 'GET' | 'POST' | 'DELETE';

export interface Route {
  method: Method;
  /** Segments of the path; one that begins with `:` takes any value. */
  segments: string[];
  handle: (turn: Turn, form: Form, ids: readonly string[]) => object;
}

/**
 * @param path e.g. `/v1/customers/:id`
 * @param run is given parameters that were read and checked, and the ids of the path; it returns the object to answer, or throws a StripeFailure
 */
export function route<S extends Shape>(
  method: Method,
  path: string,
  shape: S,
  run: (turn: Turn, params: Parsed<S>, id: string, ids: readonly string[]) => object,
): Route {
  return {
    method,
    segments: path.split('/').slice(1),
    handle: (turn, form, ids) => run(turn, readShape(shape, form), ids[0] ?? '', ids),
  };
}

export interface Match {
  route: Route;
  ids: string[];
}

export function createRouter(routes: readonly Route[]): (method: string, path: string) => Match | undefined {
  const byLength = new Map<string, Route[]>();
  for (const entry of routes) {
    const key = `${entry.method} ${entry.segments.length} ${entry.segments[1]}`;
    byLength.set(key, [...(byLength.get(key) ?? []), entry]);
  }
  // A fixed segment is more exact than one that takes any value: `search` before `:id`.
  for (const list of byLength.values()) list.sort((a, b) => places(a) - places(b));
  return (method, path) => {
    const segments = path.split('/').slice(1);
    for (const candidate of byLength.get(`${method} ${segments.length} ${segments[1]}`) ?? []) {
      if (!candidate.segments.every((segment, i) => segment.startsWith(':') || segment === segments[i]))
        continue;
      const ids = segments.filter((_, i) => candidate.segments[i]?.startsWith(':'));
      return { route: candidate, ids: ids.map(decodeSegment) };
    }
    return undefined;
  };
}

function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

function places(entry: Route): number {
  return entry.segments.filter((segment) => segment.startsWith(':')).length;
}

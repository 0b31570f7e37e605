// What a contract case works with: a Stripe client whose traffic is validated, and what only a stand-in offers.

import assert from 'node:assert/strict';
import Stripe from 'stripe';
import type { Validator } from './validator.ts';

/** Thrown by a case that cannot run against the real test mode; the message is the reason. */
export class Skipped extends Error {}

export interface CaseContext {
  stripe: Stripe;
  /** A client like `stripe` with other settings, e.g. another key. */
  client(config?: { key?: string; maxNetworkRetries?: number; timeout?: number }): Stripe;
  /** The stand-in's address. @throws Skipped against the real Stripe */
  base(): string;
  /** One control of the stand-in. @throws Skipped against the real Stripe, Error when the control refuses */
  control(path: string, body?: object): Promise<Record<string, unknown>>;
  /** Sends a form of a customer's page, without following the redirect. */
  page(url: string, form: Record<string, string>): Promise<Response>;
  /** The types of an object's events, oldest first, once all of `expected` are there. */
  eventTypes(objectId: string, expected: readonly string[]): Promise<string[]>;
}

export interface Contract {
  name: string;
  run(context: CaseContext): Promise<void>;
}

export function contract(name: string, run: Contract['run']): Contract {
  return { name, run };
}

export interface Target {
  key: string;
  /** null is the real Stripe. */
  standIn: string | null;
  validator: Validator;
}

/** @param problems is given every difference from Stripe's description that the traffic shows */
export function createContext(target: Target, problems: string[]): CaseContext {
  const { standIn, validator } = target;
  const startedMs = Date.now();
  const watching: typeof fetch = async (input, init) => {
    const url = new URL(String(input instanceof Request ? input.url : input));
    const method = init?.method ?? 'GET';
    const text = method === 'GET' ? url.search.slice(1) : typeof init?.body === 'string' ? init.body : '';
    const answer = await fetch(input, init);
    if (!url.pathname.startsWith('/v1/')) return answer;
    const body: unknown = await answer.clone().json();
    // What was refused as malformed was sent to be refused.
    if (answer.status < 400 || answer.status === 402) {
      for (const error of validator.request(method, url.pathname, text))
        problems.push(`${method} ${url.pathname}: ${error}`);
    }
    // An address that nobody has is not in the description either.
    for (const error of validator.response(method, url.pathname, answer.status, body)) {
      problems.push(`answer ${answer.status} to ${method} ${url.pathname}: ${error}`);
    }
    return answer;
  };
  const address = standIn === null ? null : new URL(standIn);
  const client: CaseContext['client'] = (config = {}) =>
    new Stripe(config.key ?? target.key, {
      maxNetworkRetries: config.maxNetworkRetries ?? 0,
      ...(config.timeout === undefined ? {} : { timeout: config.timeout }),
      httpClient: Stripe.createFetchHttpClient(watching),
      ...(address === null ? {} : { host: address.hostname, port: Number(address.port), protocol: 'http' }),
    });
  const stripe = client();
  const base = () => {
    if (standIn === null) throw new Skipped('needs the control plane of the stand-in');
    return standIn;
  };

  return {
    stripe,
    client,
    base,
    async control(path, body = {}) {
      const get = path.startsWith('GET ');
      const answer = await fetch(`${base()}/_control/${path.replace('GET ', '')}`, {
        method: get ? 'GET' : 'POST',
        ...(get ? {} : { body: JSON.stringify(body) }),
      });
      const read: Record<string, unknown> = Object.fromEntries(Object.entries(Object(await answer.json())));
      if (!answer.ok) throw new Error(`${path}: ${answer.status} ${JSON.stringify(read)}`);
      return read;
    },
    async page(url, form) {
      base();
      return fetch(url, { method: 'POST', body: new URLSearchParams(form), redirect: 'manual' });
    },
    async eventTypes(objectId, expected) {
      const since = Math.floor(startedMs / 1000) - 60;
      const until = Date.now() + (standIn === null ? 30_000 : 2_000);
      for (;;) {
        const types: string[] = [];
        for await (const event of stripe.events.list({ limit: 100, created: { gte: since } })) {
          if ('id' in event.data.object && event.data.object.id === objectId) types.unshift(event.type);
        }
        if (expected.every((type) => types.includes(type))) return types;
        if (Date.now() > until) assert.fail(`expected ${expected.join(', ')}; got ${types.join(', ')}`);
        await new Promise((resolve) => setTimeout(resolve, standIn === null ? 1000 : 20));
      }
    },
  };
}

export interface ExpectedError {
  status: number;
  code?: string | undefined;
  declineCode?: string | undefined;
  param?: string | undefined;
  type?: string | undefined;
}

/** Runs a call that must be refused, and compares what is given of the refusal. */
export async function refusal(
  call: Promise<unknown>,
  expected: ExpectedError,
): Promise<Stripe.errors.StripeError> {
  const error = await call.then(
    () => assert.fail('the call succeeded'),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof Stripe.errors.StripeError)) throw error;
  const seen: ExpectedError = {
    status: error.statusCode ?? 0,
    code: error.code,
    declineCode: error.decline_code,
    param: error.param,
    type: error.rawType,
  };
  for (const key of ['status', 'code', 'declineCode', 'param', 'type'] as const) {
    if (expected[key] !== undefined) assert.equal(seen[key], expected[key], `${key} (${error.message})`);
  }
  return error;
}

/** An expanded member; fails when it is still an id. */
export function whole<T extends object>(value: string | T | null | undefined): T {
  if (typeof value !== 'object' || value === null) assert.fail(`not expanded: ${value}`);
  return value;
}

/** The id of a member, expanded or not. */
export function idOf(value: string | { id: string } | null | undefined): string {
  if (typeof value === 'string') return value;
  if (value == null) assert.fail('no id');
  return value.id;
}

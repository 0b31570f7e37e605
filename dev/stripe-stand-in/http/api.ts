// Everything under /v1: key, version, idempotency, parameters, the operation, expand, the answer. In that order.
// Called by http/server.ts for each request; it never writes to the socket itself.

import { type ErrorBody, StripeFailure } from '../errors.ts';
import { newId } from '../ids.ts';
import type { StandIn } from '../state.ts';
import type { World } from '../store/world.ts';
import type { Turn } from '../turn.ts';
import { authenticate } from './auth.ts';
import { expandAll, takeExpand } from './expand.ts';
import { type Fault, faultBody } from './faults.ts';
import { flightOf } from './faulty.ts';
import { decodeForm, type Form } from './form.ts';
import { type KeyUse, keepAnswer, keptAnswer, keyInUse, keyUse } from './idempotency.ts';
import { logRequest } from './request-log.ts';
import type { Match } from './routes.ts';
import { API_VERSION } from './version.ts';

export interface ApiRequest {
  method: string;
  /** Without the query. */
  path: string;
  query: string;
  body: string;
  authorization: string | undefined;
  idempotencyKey: string | undefined;
  version: string | undefined;
  /** The header Stripe-Account, of platforms that act for others. */
  account: string | undefined;
  contentType: string | undefined;
  baseUrl: string;
}

export interface ApiAnswer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** One turn: what it changes and what it answers are on disk together. */
export function answerNow(standIn: StandIn, request: ApiRequest, fault: Fault | null): ApiAnswer {
  const id = newId('req', 14);
  return standIn.db.turn(() => {
    const done = run(standIn, request, id, fault);
    logRequest(standIn.db, standIn.clock, request, {
      id,
      status: done.answer.status,
      fault: fault?.kind ?? null,
      replayed: done.replayed,
      errorCode: done.errorCode,
      mode: done.mode,
    });
    return done.answer;
  });
}

interface Done {
  answer: ApiAnswer;
  replayed: boolean;
  errorCode: string | null;
  mode: string;
}

function run(standIn: StandIn, request: ApiRequest, id: string, fault: Fault | null): Done {
  let use: KeyUse | null = null;
  let world: World | null = null;
  let status = 200;
  let body: string;
  let errorCode: string | null = null;
  let stored = true;
  try {
    world = standIn.worlds[authenticate(request.authorization, standIn.secretKey)];
    const { match, form } = read(standIn, request);
    if (request.method === 'POST' && request.idempotencyKey !== undefined) {
      use = keyUse(request.idempotencyKey, request.path, request.body);
      if (standIn.inFlight.has(flightOf(request))) throw keyInUse(use.key);
      const kept = keptAnswer(world, use);
      if (kept !== null) {
        const replay = {
          ...headers(request, id),
          'Idempotent-Replayed': 'true',
          'Original-Request': kept.requestId,
        };
        const answer = { status: kept.status, headers: replay, body: kept.body };
        return { answer, replayed: true, errorCode: null, mode: world.mode };
      }
    }
    if (fault?.when === 'instead') throw new StripeFailure(fault.status, faultBody(fault));
    const cause = { id, idempotencyKey: request.idempotencyKey ?? null };
    const turn: Turn = { world, cause, baseUrl: request.baseUrl };
    const paths = takeExpand(form);
    body = JSON.stringify(expandAll(world, match.route.handle(turn, form, match.ids), paths));
  } catch (error) {
    const failure = error instanceof StripeFailure ? error : ownFault(standIn, error);
    status = failure.status;
    stored = failure.stored;
    errorCode = failure.body.decline_code ?? failure.body.code ?? failure.body.type;
    body = errorJson(elsewhere(standIn, world, failure), id);
  }
  const ordered = fault?.kind === 'status' ? fault : null;
  if (use !== null && world !== null && stored) {
    // A 5xx is what Stripe keeps for the key; any other ordered status hides the answer from this request only.
    const kept = ordered !== null && ordered.status >= 500;
    const answer = kept
      ? { status: ordered.status, body: errorJson(faultBody(ordered), id) }
      : { status, body };
    keepAnswer(world, use, { ...answer, requestId: id });
  }
  if (ordered !== null) {
    status = ordered.status;
    body = errorJson(faultBody(ordered), id);
  }
  const answer = { status, headers: headers(request, id, ordered, status), body };
  return { answer, replayed: false, errorCode, mode: world?.mode ?? 'test' };
}

function read(standIn: StandIn, request: ApiRequest): { match: Match; form: Form } {
  if (request.version !== undefined && !/^\d{4}-\d{2}-\d{2}(\.[a-z]+)?$/.test(request.version)) {
    throw new StripeFailure(
      400,
      { type: 'invalid_request_error', message: `Invalid Stripe API version: ${request.version}` },
      false,
    );
  }
  if (request.account !== undefined) {
    throw new StripeFailure(
      403,
      {
        type: 'invalid_request_error',
        code: 'account_invalid',
        message:
          `The provided key does not have access to account '${request.account}' (or that account does not exist). ` +
          'Application access may have been revoked.',
      },
      false,
    );
  }
  if (request.body !== '' && request.contentType?.startsWith('application/x-www-form-urlencoded') === false) {
    throw new StripeFailure(
      400,
      {
        type: 'invalid_request_error',
        message: 'Invalid request (check that your POST content type is application/x-www-form-urlencoded).',
      },
      false,
    );
  }
  const match = standIn.route(request.method, request.path);
  if (match === undefined) {
    throw new StripeFailure(
      404,
      {
        type: 'invalid_request_error',
        message:
          `Unrecognized request URL (${request.method}: ${request.path}). Please see ` +
          'https://docs.stripe.com/api or, for what this stand-in has, its README.',
      },
      false,
    );
  }
  const form = decodeForm(request.query);
  if (request.method !== 'GET') Object.assign(form, decodeForm(request.body));
  return { match, form };
}

/** A fault of the stand-in itself: told on stderr, answered as Stripe answers its own. */
function ownFault(standIn: StandIn, error: unknown): StripeFailure {
  standIn.report(error);
  const message = error instanceof Error ? error.message : String(error);
  return new StripeFailure(500, { type: 'api_error', message: `The stand-in failed: ${message}` });
}

/** Stripe says so when the id exists in the other mode. */
function elsewhere(standIn: StandIn, world: World | null, failure: StripeFailure): ErrorBody {
  if (world === null || failure.body.code !== 'resource_missing') return failure.body;
  const id = /'([^']+)'/.exec(failure.body.message)?.[1] ?? '';
  const other = world.livemode ? standIn.worlds.test : standIn.worlds.live;
  if (standIn.find(other, id) === null) return failure.body;
  const message =
    `${failure.body.message}; a similar object exists in ${other.mode} mode, ` +
    `but a ${world.mode} mode key was used to make this request.`;
  return { ...failure.body, message };
}

export function headers(
  request: ApiRequest,
  id: string,
  fault: Fault | null = null,
  status = fault?.status ?? 200,
): Record<string, string> {
  const post = request.method === 'POST';
  // Seen on Stripe's answers to POSTs: what was decided is not to be sent again.
  const shouldRetry =
    fault?.shouldRetry ?? (post && status < 500 && status !== 409 && status !== 429 ? false : null);
  return {
    'Content-Type': 'application/json',
    'Cache-Control': 'no-cache, no-store',
    'Request-Id': id,
    'Stripe-Version': API_VERSION,
    ...(shouldRetry === null ? {} : { 'Stripe-Should-Retry': String(shouldRetry) }),
    ...(status === 401 ? { 'WWW-Authenticate': 'Bearer realm="Stripe"' } : {}),
    ...(post && request.idempotencyKey !== undefined
      ? { 'Idempotency-Key': request.idempotencyKey, 'Original-Request': id }
      : {}),
  };
}

export function errorJson(error: ErrorBody, requestId?: string): string {
  const log =
    requestId === undefined ? {} : { request_log_url: `https://dashboard.stripe.com/test/logs/${requestId}` };
  return JSON.stringify({ error: { ...error, ...log } });
}

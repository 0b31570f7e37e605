// Between the socket and the API: faults that were ordered for a request, and keys that are in flight meanwhile.

import type { ErrorBody } from '../errors.ts';
import { newId } from '../ids.ts';
import type { StandIn } from '../state.ts';
import { type ApiAnswer, type ApiRequest, answerNow, errorJson, headers } from './api.ts';
import { type Fault, faultBody } from './faults.ts';
import { RATE_LIMITED } from './rate-limit.ts';
import { logRequest } from './request-log.ts';

/** @returns the answer, or 'cut' when the connection must be closed without one. */
export async function answerApi(standIn: StandIn, request: ApiRequest): Promise<ApiAnswer | 'cut'> {
  const { requestsPerSecond } = standIn.settings;
  // By the host's clock: a clock that a test moves says nothing about how fast requests come.
  if (
    requestsPerSecond !== null &&
    !standIn.rateLimit.admits(request.method, requestsPerSecond, Date.now())
  ) {
    return refused(standIn, request, 429, RATE_LIMITED);
  }
  const fault = standIn.inFlight.has(flightOf(request))
    ? null
    : standIn.faults.take(request.method, request.path);
  if (fault === null) return answerNow(standIn, request, null);
  if (fault.kind === 'delay') return delayed(standIn, request, fault);
  if (fault.when !== 'before') {
    const answer = answerNow(standIn, request, fault);
    return fault.kind === 'cut' ? 'cut' : answer;
  }
  // Nothing was executed, so nothing is kept for the key.
  const id = newId('req', 14);
  const status = fault.kind === 'cut' ? null : fault.status;
  standIn.db.turn(() => logRequest(standIn.db, standIn.clock, request, { id, status, fault: fault.kind }));
  if (fault.kind === 'cut') return 'cut';
  return {
    status: fault.status,
    headers: headers(request, id, fault),
    body: errorJson(faultBody(fault), id),
  };
}

/** Nothing was executed, so nothing is kept for the key. */
function refused(standIn: StandIn, request: ApiRequest, status: number, error: ErrorBody): ApiAnswer {
  const id = newId('req', 14);
  standIn.db.turn(() =>
    logRequest(standIn.db, standIn.clock, request, { id, status, errorCode: error.code ?? null }),
  );
  return { status, headers: headers(request, id, null, status), body: errorJson(error, id) };
}

/** While the answer is held back, its key is in flight: the same key answers 409. */
async function delayed(standIn: StandIn, request: ApiRequest, fault: Fault): Promise<ApiAnswer> {
  const flight = flightOf(request);
  const early = fault.when !== 'before' ? answerNow(standIn, request, fault) : null;
  if (flight !== '') standIn.inFlight.add(flight);
  await new Promise((resolve) => setTimeout(resolve, fault.delayMs));
  standIn.inFlight.delete(flight);
  return early ?? answerNow(standIn, request, null);
}

/** Names a key together with who used it; empty when the request has none. */
export function flightOf(request: ApiRequest): string {
  if (request.method !== 'POST' || request.idempotencyKey === undefined) return '';
  return `${request.authorization} ${request.idempotencyKey}`;
}

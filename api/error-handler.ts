/**
 * The one handler of errors: every reply that is not a success has the shape `{ error: { code, message, … } }`. 4xx
 * are written for the caller; a 5xx says nothing of the inside, which is in the log under the request's id.
 */
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { isDatabaseUnavailable } from '../db/unavailable.ts';
import type { RefusalCode } from '../domain/errors.ts';
import { BillingUnavailable, CommandRefused, EnrollmentNotRunning } from './billing-client.ts';
import { HttpProblem, shown } from './problems.ts';
import { mayBeRepeated } from './repeats.ts';

/** Seconds after which a caller may try again while a part is away. */
const RETRY_AFTER_S = '5';

export function installErrorHandler(app: FastifyInstance): void {
  app.setErrorHandler((error: FastifyError, request, reply) => {
    const problem = problemOf(error, hadNoEffect(error, request) || mayBeRepeated(request));
    if (problem.statusCode >= 500) {
      request.log.error({ err: error }, problem.message);
    }
    return sendProblem(reply, problem);
  });
  app.setNotFoundHandler((request, reply) => sendProblem(reply, unknownAddress(request)));
}

export function sendProblem(reply: FastifyReply, problem: HttpProblem): FastifyReply {
  const { code, message, param, issues } = problem;
  return reply
    .code(problem.statusCode)
    .headers({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff', ...problem.headers })
    .type('application/json; charset=utf-8')
    .serializer(JSON.stringify)
    .send({ error: { code, message, param, issues } });
}

/** Whether it is known that the request was not carried out: who sends it could not even be looked up. */
function hadNoEffect(error: FastifyError, { apiKeyId }: FastifyRequest): boolean {
  return apiKeyId === null && isDatabaseUnavailable(error);
}

/**
 * What the caller is told of an error.
 * @param repeats what a part that is away may have left undone can be sent again
 */
export function problemOf(error: FastifyError | Error, repeats: boolean): HttpProblem {
  if (error instanceof HttpProblem) {
    return error;
  }
  if (error instanceof CommandRefused) {
    const isOfKey = error.code === ('idempotency_mismatch' satisfies RefusalCode);
    return new HttpProblem(409, error.code, error.message, isOfKey ? { param: 'Idempotency-Key' } : {});
  }
  if (error instanceof EnrollmentNotRunning) {
    return new HttpProblem(409, 'enrollment_not_running', error.message);
  }
  if (error instanceof BillingUnavailable) {
    return unavailable('billing_unavailable', 'billing is not available at this moment', repeats);
  }
  if (isDatabaseUnavailable(error)) {
    return unavailable('database_unavailable', 'the database is not available at this moment', repeats);
  }
  return problemOfFastify(error, repeats);
}

function problemOfFastify(error: Partial<FastifyError>, repeats: boolean): HttpProblem {
  const status = error.statusCode ?? 500;
  switch (error.code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new HttpProblem(413, 'payload_too_large', 'the body is larger than this route takes');
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new HttpProblem(415, 'unsupported_media_type', 'expected a body of type application/json');
    case 'FST_ERR_CTP_INVALID_JSON_BODY':
      return new HttpProblem(
        400,
        'malformed_request',
        "the body is not JSON, or has a field '__proto__' or 'constructor.prototype', which no object of ours has",
        { param: 'body' },
      );
    // Fastify's own words repeat the address, which may be as long as a request and hold a customer's token.
    case 'FST_ERR_BAD_URL':
      return new HttpProblem(400, 'malformed_request', 'the address is not percent-encoded UTF-8');
    case 'FST_ERR_MAX_PARAM_LENGTH':
      return new HttpProblem(414, 'address_too_long', 'a part of the address is longer than any id');
    case 'FST_ERR_HANDLER_TIMEOUT':
      return unavailable('overloaded', 'the service is overloaded at this moment', repeats);
    default:
      break;
  }
  if (status === 429) {
    return new HttpProblem(429, 'too_many_requests', error.message ?? 'too many requests');
  }
  if (status >= 400 && status < 500) {
    // What Fastify and its JSON parser say of a malformed request, and its files of a range; never the inside of ours.
    return new HttpProblem(status, codeOf(status), error.message ?? 'malformed');
  }
  return new HttpProblem(500, 'internal_error', 'something went wrong on our side');
}

/** `malformed_request`, or the status in its own words, e.g. `range_not_satisfiable`. */
function codeOf(status: number): string {
  const words = status === 400 ? undefined : STATUS_CODES[status];
  return words?.toLowerCase().replace(/\W+/g, '_') ?? 'malformed_request';
}

/** `Retry-After` only where a repeat is safe: there are clients that send the request again by themselves then. */
function unavailable(code: string, what: string, repeats: boolean): HttpProblem {
  return repeats
    ? new HttpProblem(503, code, `${what}; the same request may be repeated`, {
        headers: { 'retry-after': RETRY_AFTER_S },
      })
    : new HttpProblem(503, code, `${what}; ${EFFECT_UNKNOWN}`);
}

const EFFECT_UNKNOWN =
  'what was asked for may have been done, or be done yet: look before you ask again. With an Idempotency-Key from the start a repeat is made once';

function unknownAddress(request: FastifyRequest): HttpProblem {
  const path = request.url.split('?', 1)[0] ?? '';
  return new HttpProblem(404, 'not_found', `no route ${request.method} ${shown(path)}`);
}

/** Bytes that are no HTTP request: the answer is written by hand, because there is no request to reply to. */
export function answerClientError(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) {
    return;
  }
  const [status, code, message] = CLIENT_ERRORS[error.code ?? ''] ?? [
    '400 Bad Request',
    'malformed_request',
    'the request is not HTTP/1.1',
  ];
  const body = JSON.stringify({ error: { code, message } });
  if (socket.writable) {
    socket.write(
      `HTTP/1.1 ${status}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nContent-Type: application/json; charset=utf-8\r\nConnection: close\r\n\r\n${body}`,
    );
  }
  socket.destroySoon();
}

const CLIENT_ERRORS: Record<string, [string, string, string]> = {
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'timeout', 'the request did not arrive in time'],
  HPE_HEADER_OVERFLOW: [
    '431 Request Header Fields Too Large',
    'headers_too_large',
    'the headers are too large',
  ],
};

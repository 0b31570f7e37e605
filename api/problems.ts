/** Errors that a route answers on purpose; the error handler turns them into replies. Messages are for the caller. */
import { keyWasUsed } from '../domain/keyed-requests.ts';

export interface ProblemIssue {
  /** Path of the field, e.g. `terms.schedule.amount_minor`; the name of a header or query parameter. */
  param: string;
  message: string;
}

export class HttpProblem extends Error {
  readonly statusCode: number;
  readonly code: string;
  readonly param: string | undefined;
  readonly issues: readonly ProblemIssue[] | undefined;
  /** Sent with the reply, e.g. `WWW-Authenticate`. */
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    statusCode: number,
    code: string,
    message: string,
    more: { param?: string; issues?: readonly ProblemIssue[]; headers?: Record<string, string> } = {},
  ) {
    super(message);
    this.name = 'HttpProblem';
    this.statusCode = statusCode;
    this.code = code;
    this.param = more.param;
    this.issues = more.issues;
    this.headers = more.headers ?? {};
  }
}

/** Every field that was wrong, the first one named in the message. @param issues at least one */
export function invalidRequest(issues: readonly ProblemIssue[]): HttpProblem {
  const [first] = issues;
  const more = issues.length > 1 ? `; and ${issues.length - 1} more, see issues` : '';
  return new HttpProblem(400, 'invalid_request', `${first?.message ?? 'the request is not valid'}${more}`, {
    issues,
    ...(first === undefined ? {} : { param: first.param }),
  });
}

/** @param used what for; @param other what a new one is needed for */
export function keyMismatch(used: string, other?: string): HttpProblem {
  return new HttpProblem(409, 'idempotency_mismatch', keyWasUsed(used, other), { param: 'Idempotency-Key' });
}

export function notFound(what: string, id: string): HttpProblem {
  return new HttpProblem(404, 'not_found', `no ${what} '${shown(id)}'`);
}

const MOST_SHOWN = 80;

/** A value of the caller's, short enough and plain enough for a message, however deeply it is nested. */
export function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : (beginningOf(value) ?? 'nothing');
  return text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}…` : text;
}

/** JSON of it, true as far as it is shown: each value that was written before has left a character at least. */
function beginningOf(value: unknown): string | undefined {
  let written = 0;
  return JSON.stringify(value, (_key, part: unknown) => {
    written += 1;
    return written > MOST_SHOWN && typeof part === 'object' ? null : part;
  });
}

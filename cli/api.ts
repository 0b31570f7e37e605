/**
 * The HTTP API as the command line speaks it. Every failure becomes a {@link CommandFailure} that says what to do. It
 * repeats by itself only what asks for it (429 and 503 with `Retry-After`) and is safe to repeat.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { CommandFailure, EXIT } from './failure.ts';

export interface ApiOptions {
  url: string;
  key: string;
  /** Who sits at the command line; the timeline names them. */
  operator: string;
}

export interface ApiRequest {
  query?: Record<string, string | number | undefined>;
  body?: object;
  /** With it, or for a GET, a refusal that passes is waited out. */
  idempotencyKey?: string;
}

const problemBody = z.object({
  error: z.object({
    code: z.string(),
    message: z.string(),
    param: z.string().optional(),
    issues: z.array(z.object({ param: z.string(), message: z.string() })).optional(),
  }),
});

/** Above the longest command of the API. */
const TIMEOUT_MS = 40_000;
const MOST_TRIES = 4;
/** The API counts requests by the minute, and says when the next one begins. */
const LONGEST_WAIT_S = 60;

/** An answer that has come in as a whole. */
interface Answer {
  status: number;
  headers: Headers;
  text: string;
}

export class BillingApi {
  readonly url: string;
  readonly #options: ApiOptions;

  constructor(options: ApiOptions) {
    this.url = options.url;
    this.#options = options;
  }

  /** @throws CommandFailure */
  async get<T>(schema: z.ZodType<T>, route: string, query: ApiRequest['query'] = {}): Promise<T> {
    return this.#send(schema, 'GET', route, { query });
  }

  /** @throws CommandFailure */
  async post<T>(schema: z.ZodType<T>, route: string, request: Omit<ApiRequest, 'query'> = {}): Promise<T> {
    return this.#send(schema, 'POST', route, request);
  }

  async #send<T>(schema: z.ZodType<T>, method: string, route: string, request: ApiRequest): Promise<T> {
    const repeatable = method === 'GET' || request.idempotencyKey !== undefined;
    for (let tries = 1; ; tries += 1) {
      const answer = await this.#once(method, route, request);
      const waitS = Number(answer.headers.get('retry-after') ?? Number.NaN);
      if (repeatable && waitS <= LONGEST_WAIT_S && [429, 503].includes(answer.status) && tries < MOST_TRIES) {
        await sleep(Math.max(waitS, 0.2) * 1_000);
        continue;
      }
      if (answer.status < 200 || answer.status > 299) {
        throw failureOf(answer, this.url);
      }
      const body = parsed(answer.text);
      if (body === undefined) {
        throw foreign(answer.status, this.url, EXIT.usage);
      }
      const read = schema.safeParse(body);
      if (!read.success) {
        throw new CommandFailure(
          EXIT.usage,
          `The API at ${this.url} answers in another shape than this version expects: ${firstOf(read.error)}.`,
          { code: UNREADABLE, status: answer.status },
        );
      }
      return read.data;
    }
  }

  async #once(method: string, route: string, { query, body, idempotencyKey }: ApiRequest): Promise<Answer> {
    const url = new URL(`${this.url}/v1${route}`);
    for (const [name, value] of Object.entries(query ?? {})) {
      if (value !== undefined) {
        url.searchParams.set(name, String(value));
      }
    }
    let answer: Response | null = null;
    try {
      answer = await fetch(url, {
        method,
        headers: {
          authorization: `Bearer ${this.#options.key}`,
          'billing-operator': this.#options.operator,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        // Followed, a POST might become a GET, and the key would be left behind.
        redirect: 'manual',
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      return { status: answer.status, headers: answer.headers, text: await answer.text() };
    } catch (error) {
      throw unanswered(this.url, answer === null ? NOT_REACHED : BROKEN_OFF, error);
    }
  }
}

const NOT_REACHED = {
  said: 'does not answer',
  advice: 'Is it running, and is BILLING_API_URL right?',
  code: 'unreachable',
};
const BROKEN_OFF = {
  said: 'did not finish its answer',
  advice: 'What was asked for may have been done.',
  code: 'broken_off',
};

function unanswered(url: string, { said, advice, code }: typeof BROKEN_OFF, error: unknown): CommandFailure {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const why = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
  return new CommandFailure(EXIT.unavailable, `The API at ${url} ${said} (${why}). ${advice}`, { code });
}

/** Code of an answer that says neither that something was done nor that it was not. */
export const UNREADABLE = 'unreadable';

/** An answer of somebody else: a proxy, or another server at this address. */
function foreign(status: number, url: string, exitCode: number): CommandFailure {
  const message = `${url} answers ${status}, and not as the API does. Is BILLING_API_URL right?`;
  return new CommandFailure(exitCode, message, { code: UNREADABLE, status });
}

/** What an answer that is no success says to a person. */
function failureOf({ status, headers, text }: Answer, url: string): CommandFailure {
  const read = problemBody.safeParse(parsed(text));
  const elsewhere = headers.get('location');
  if (status < 400 && elsewhere !== null) {
    return new CommandFailure(
      EXIT.usage,
      `${url} sends to another address, ${elsewhere}. Set BILLING_API_URL to where the API is.`,
      { code: 'elsewhere', status },
    );
  }
  if (!read.success) {
    return foreign(status, url, status >= 500 ? EXIT.unavailable : EXIT.usage);
  }
  const { code, message, issues } = read.data.error;
  const details = { status, ...read.data.error, request_id: headers.get('x-request-id') };
  const told = `${message.charAt(0).toUpperCase()}${message.slice(1)}`;
  switch (status) {
    case 401:
      return new CommandFailure(
        EXIT.usage,
        `${told}. Make one with: durable-billing api-keys create --name <name>`,
        details,
      );
    case 403:
      return new CommandFailure(EXIT.usage, `${told}. Use a key that has the scope.`, details);
    case 400:
      return new CommandFailure(
        EXIT.usage,
        [told, ...(issues ?? []).slice(1).map((issue) => issue.message)].join('\n'),
        details,
      );
    case 404:
      return new CommandFailure(EXIT.refused, `There is ${message}.`, details);
    case 429:
    case 503: {
      const waitS = headers.get('retry-after');
      // Without the header it may have been done: the API has said to look first.
      const again = waitS === null ? '' : ` Try again in ${waitS} seconds.`;
      return new CommandFailure(EXIT.unavailable, `${told}.${again}`, details);
    }
    default:
      return status >= 500
        ? new CommandFailure(
            EXIT.unavailable,
            `The API failed (${status} ${code}): its log says why.`,
            details,
          )
        : new CommandFailure(EXIT.refused, `Refused: ${message}.`, details);
  }
}

/** The first alone: a list has as many of them as rows. */
function firstOf({ issues: [issue] }: z.ZodError): string {
  return `${issue?.path.join('.')}: ${issue?.message}`;
}

/** @returns undefined for what is no JSON */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

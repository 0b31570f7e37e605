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
      if (repeatable && waitS <= 30 && [429, 503].includes(answer.status) && tries < MOST_TRIES) {
        await answer.arrayBuffer();
        await sleep(Math.max(waitS, 0.2) * 1_000);
        continue;
      }
      const text = await answer.text();
      if (!answer.ok) {
        throw failureOf(answer, text, this.url);
      }
      const read = schema.safeParse(JSON.parse(text));
      if (!read.success) {
        throw new CommandFailure(
          EXIT.refused,
          `The API at ${this.url} answers in another shape than this version expects: ${z.prettifyError(read.error)}`,
        );
      }
      return read.data;
    }
  }

  async #once(method: string, route: string, { query, body, idempotencyKey }: ApiRequest): Promise<Response> {
    const url = new URL(`${this.url}/v1${route}`);
    for (const [name, value] of Object.entries(query ?? {})) {
      if (value !== undefined) {
        url.searchParams.set(name, String(value));
      }
    }
    try {
      return await fetch(url, {
        method,
        headers: {
          authorization: `Bearer ${this.#options.key}`,
          'billing-operator': this.#options.operator,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
    } catch (error) {
      throw unreachable(this.url, error);
    }
  }
}

function unreachable(url: string, error: unknown): CommandFailure {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
  return new CommandFailure(
    EXIT.unavailable,
    `The API at ${url} does not answer (${code}). Is it running, and is BILLING_API_URL right?`,
    { code: 'unreachable' },
  );
}

/** What an answer that is no success says to a person. */
function failureOf(answer: Response, text: string, url: string): CommandFailure {
  const { status, headers } = answer;
  const read = problemBody.safeParse(parsed(text));
  if (!read.success) {
    return new CommandFailure(
      status >= 500 ? EXIT.unavailable : EXIT.usage,
      `${url} answers ${status}, and not as the API does. Is BILLING_API_URL right?`,
      { status },
    );
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
    case 503:
      return new CommandFailure(
        EXIT.unavailable,
        `${told}. Try again in ${headers.get('retry-after') ?? 'a few'} seconds.`,
        details,
      );
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

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

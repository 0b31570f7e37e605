/** Requests at full speed, which autocannon sends, or evenly at a rate, and how long each took. */
import http from 'node:http';
import autocannon from 'autocannon';
import { pause } from '../../dev/processes.ts';

export interface Shot {
  method: 'GET' | 'POST';
  path: string;
  headers?: Record<string, string>;
  body?: string;
}

export interface LoadResult {
  perSecond: number;
  /** Of each answer. */
  latenciesMs: number[];
  /** Answers other than 2xx, and connections that broke. */
  failed: number;
}

export interface Load {
  url: string;
  /** Asked for each request anew. */
  next: () => Shot;
  connections: number;
  /** Ends after so many requests… */
  amount?: number;
  /** …or after so many seconds. */
  seconds?: number;
}

/** As many as are answered: each connection sends its next request when the last one is done. */
export async function fire({ url, next, connections, amount, seconds }: Load): Promise<LoadResult> {
  const latenciesMs: number[] = [];
  const options: autocannon.Options = {
    url,
    connections,
    timeout: 30,
    ...(amount === undefined ? {} : { amount }),
    ...(seconds === undefined ? {} : { duration: seconds }),
    requests: [{ setupRequest: (request) => ({ ...request, ...next() }) }],
  };
  const startedMs = performance.now();
  let lastMs = startedMs;
  const result = await new Promise<autocannon.Result>((resolve, reject) => {
    const instance = autocannon(options, (error, done) => (error ? reject(error) : resolve(done)));
    instance.on('response', (_client, _status, _bytes, responseTimeMs) => {
      latenciesMs.push(responseTimeMs);
      lastMs = performance.now();
    });
  });
  return {
    perSecond: latenciesMs.length / ((lastMs - startedMs) / 1000),
    latenciesMs,
    failed: result.non2xx + result.errors + result.timeouts,
  };
}

/**
 * At a rate, one after the other at even distances, whether or not the ones before are answered: as deliveries come.
 * (autocannon's rate is a burst at the beginning of every second.) Each answer's time runs from the instant at which its
 * request was due, so that a server that falls behind is not asked less.
 * @param rate requests a second
 */
export async function fireEvenly(
  { url, next, connections, amount }: Omit<Load, 'seconds'> & { amount: number },
  rate: number,
): Promise<LoadResult> {
  const agent = new http.Agent({ keepAlive: true, maxSockets: connections });
  const answers: Promise<{ status: number; latencyMs: number }>[] = [];
  const startedMs = performance.now();
  while (answers.length < amount) {
    const dueMs = startedMs + (answers.length * 1_000) / rate;
    if (dueMs > performance.now()) {
      await pause(1);
      continue;
    }
    answers.push(
      send(agent, url, next()).then((status) => ({ status, latencyMs: performance.now() - dueMs })),
    );
  }
  const answered = await Promise.all(answers);
  const seconds = (performance.now() - startedMs) / 1000;
  agent.destroy();
  return {
    perSecond: amount / seconds,
    latenciesMs: answered.map(({ latencyMs }) => latencyMs),
    failed: answered.filter(({ status }) => status < 200 || status > 299).length,
  };
}

/** As autocannon waits. */
const ANSWER_WITHIN_MS = 30_000;

/** @returns the status; 0 when the connection broke, also within an answer, or there was none within `withinMs` */
export function send(
  agent: http.Agent,
  url: string,
  { method, path, headers, body }: Shot,
  withinMs = ANSWER_WITHIN_MS,
): Promise<number> {
  return new Promise((resolve) => {
    const request = http.request(new URL(path, url), { method, agent, ...(headers ? { headers } : {}) });
    const timer = setTimeout(() => request.destroy(), withinMs);
    const settle = (status: number) => {
      clearTimeout(timer);
      resolve(status);
    };
    request.on('error', () => settle(0));
    request.on('response', (response) => {
      response.on('error', () => settle(0));
      response.on('close', () => settle(0));
      response.resume().on('end', () => settle(response.statusCode ?? 0));
    });
    request.end(body);
  });
}

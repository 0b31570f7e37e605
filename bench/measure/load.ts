/** Requests at full speed, or at a rate, and how long each took. autocannon sends them. */
import autocannon from 'autocannon';

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
  /** Requests a second over all connections; absent: as many as are answered. */
  rate?: number;
}

export async function fire({ url, next, connections, amount, seconds, rate }: Load): Promise<LoadResult> {
  const latenciesMs: number[] = [];
  const options: autocannon.Options = {
    url,
    connections,
    timeout: 30,
    ...(amount === undefined ? {} : { amount }),
    ...(seconds === undefined ? {} : { duration: seconds }),
    ...(rate === undefined ? {} : { overallRate: Math.round(rate) }),
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

/**
 * What protects a process of the API from too much: requests by one address are counted, and while the event loop is
 * late everybody is told to come back instead of being kept waiting.
 */
import rateLimit from '@fastify/rate-limit';
import underPressure from '@fastify/under-pressure';
import type { FastifyInstance } from 'fastify';
import { HttpProblem } from './problems.ts';

export interface PressureLimits {
  /** Mean delay of the event loop that counts as overload; a tenth of it is felt. */
  mostDelayMs: number;
  /** Over which the mean is taken: long enough that one slow turn, at the start say, is not overload. @default 5000 */
  sampleMs?: number;
}

/** Refuses work of this scope while the process is overloaded. */
export async function refuseUnderPressure(
  app: FastifyInstance,
  { mostDelayMs, sampleMs = 5_000 }: PressureLimits,
): Promise<void> {
  await app.register(underPressure, {
    maxEventLoopDelay: mostDelayMs,
    sampleInterval: sampleMs,
    pressureHandler: (_request, _reply, _type, delayMs) => {
      if (delayMs === NOTHING_KNOWN) {
        return;
      }
      throw new HttpProblem(503, 'overloaded', 'the service is overloaded at this moment', {
        headers: { 'retry-after': String(Math.ceil(sampleMs / 1_000)) },
      });
    },
  });
}

/** No turn of the event loop was over since the sample before: one that took seconds, at the start say. */
const NOTHING_KNOWN = Number.POSITIVE_INFINITY;

declare module 'fastify' {
  interface FastifyContextConfig {
    /** A route's own, smaller limit for one address; counted apart from the others. */
    requestsPerMinute?: number;
  }
}

/** Counts the requests of this scope by address, in this process. Call before the check of API keys. */
export async function limitRate(app: FastifyInstance, requestsPerMinute: number): Promise<void> {
  await app.register(rateLimit, {
    global: false,
    max: ({ routeOptions }) => routeOptions.config.requestsPerMinute ?? requestsPerMinute,
    keyGenerator: ({ ip, routeOptions }) =>
      routeOptions.config.requestsPerMinute === undefined ? ip : `${routeOptions.url} ${ip}`,
    timeWindow: '1 minute',
    errorResponseBuilder: (_request, { max, after }) =>
      new HttpProblem(
        429,
        'too_many_requests',
        `more than ${max} requests in a minute; try again in ${after}`,
      ),
  });
  app.addHook('onRequest', app.rateLimit());
}

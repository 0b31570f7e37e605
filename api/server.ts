/**
 * A Fastify server as all of ours are: request ids, our log lines and our answers to what is not even a request. Called by
 * `api/app.ts` and `codec/app.ts`, which add their routes. It listens to nothing.
 */
import fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify';
import type { Logger } from 'pino';
import { answerClientError, problemOf, sendProblem } from './error-handler.ts';
import { parseJsonBodies } from './json-body.ts';
import { requestIdOf } from './request-log.ts';
import { closeUnusedConnections } from './unused-connections.ts';
import { validatorCompiler } from './validation.ts';

/** Time in which a request must have arrived as a whole. */
const RECEIVE_TIMEOUT_MS = 15_000;
/** How often connections are looked at for that; by itself Node looks every 30 seconds. */
const LOOK_EVERY_MS = 5_000;
/** Above the idle time of usual load balancers, so that they and not we close connections. */
const KEEP_ALIVE_MS = 75_000;

/**
 * @param options.bodyLimit in bytes
 * @param options.trustedProxies whose word is taken for a caller's address
 */
export function createServer(options: {
  log: Logger;
  bodyLimit: number;
  trustedProxies: string[];
}): FastifyInstance {
  const { log, bodyLimit, trustedProxies } = options;
  const loggerInstance: FastifyBaseLogger = log;
  const app = fastify({
    loggerInstance,
    genReqId: requestIdOf,
    logController: new LogController({ requestIdLogLabel: 'request_id', disableRequestLogging: true }),
    bodyLimit,
    requestTimeout: RECEIVE_TIMEOUT_MS,
    // Of these two Node takes the longer one for the body, and by itself the headers may take a minute.
    http: { headersTimeout: RECEIVE_TIMEOUT_MS, connectionsCheckingInterval: LOOK_EVERY_MS },
    keepAliveTimeout: KEEP_ALIVE_MS,
    trustProxy: trustedProxies.length === 0 ? false : trustedProxies,
    routerOptions: { maxParamLength: 500 },
    frameworkErrors: (error, _request, reply) => {
      sendProblem(reply, problemOf(error, false));
    },
    clientErrorHandler: answerClientError,
  });
  closeUnusedConnections(app, RECEIVE_TIMEOUT_MS);
  parseJsonBodies(app);
  app.setValidatorCompiler(validatorCompiler);
  return app;
}

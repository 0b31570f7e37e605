/**
 * Builds the HTTP server: the API under /v1, Stripe's webhooks, what operators need, and the customer's pages. Called by
 * `api/main.ts` and by tests, which use `inject`. It opens and closes nothing that it was given.
 */
import type { FastifyInstance, FastifyPluginAsync, RouteOptions } from 'fastify';
import { serializerCompiler } from 'fastify-type-provider-zod';
import type { HelmetOptions } from 'helmet';
import { operatorPages } from '../ops/operator-pages.ts';
import { customerPages } from '../web/customer-pages.ts';
import { requireApiKey } from './auth.ts';
import type { ApiDeps } from './deps.ts';
import { installErrorHandler } from './error-handler.ts';
import { traceRequests } from './http-spans.ts';
import { limitRate, refuseUnderPressure } from './limits.ts';
import { measureRequests } from './metrics.ts';
import { describeRoutes, serveDocumentation } from './openapi.ts';
import { invalidRequest } from './problems.ts';
import { requireRepeat } from './repeats.ts';
import { installRequestLog } from './request-log.ts';
import { chargeCommandRoutes } from './routes/charge-commands.ts';
import { chargeRoutes } from './routes/charges.ts';
import { enrollmentCommandRoutes } from './routes/enrollment-commands.ts';
import { enrollmentRoutes } from './routes/enrollments.ts';
import { historyRoutes } from './routes/history.ts';
import { scheduleCommandRoutes } from './routes/schedule-commands.ts';
import { stripeWebhookRoute } from './routes/stripe-webhook.ts';
import { systemRoutes } from './routes/system.ts';
import { webhookRoutes } from './routes/webhooks.ts';
import { sendSecurityHeaders } from './security-headers.ts';
import { createServer } from './server.ts';
import { watchMethods } from './unsupported-methods.ts';

/** The largest request of ours, with every field full, is a third of it. */
const BODY_LIMIT = 65_536;
/** Above the longest command, which waits for the Worker's call to Stripe. */
const HANDLER_TIMEOUT_MS = 30_000;

/** Answers for programs: nothing in them may run, and no page may frame them. */
const API_HEADERS: HelmetOptions = {
  contentSecurityPolicy: {
    useDefaults: false,
    directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
  },
};

export async function buildApp(deps: ApiDeps): Promise<FastifyInstance> {
  const { settings, log, metrics } = deps;
  const app = createServer({ log, bodyLimit: BODY_LIMIT, trustedProxies: settings.API_TRUSTED_PROXIES });
  app.setSerializerCompiler(serializerCompiler);
  if (settings.OTEL_EXPORTER_OTLP_ENDPOINT !== undefined) {
    traceRequests(app);
  }
  installErrorHandler(app);
  installRequestLog(app);
  measureRequests(app, metrics);
  const answerOtherMethods = watchMethods(app);
  await describeRoutes(app, settings.PUBLIC_URL);

  await app.register(operatorRoutes(deps));
  await app.register(guardedRoutes(deps));
  await serveDocumentation(app);
  answerOtherMethods();
  return app;
}

/** Outside of what is refused under pressure: whoever looks after the process must always see it. */
function operatorRoutes(deps: ApiDeps): FastifyPluginAsync {
  return async (scope) => {
    sendSecurityHeaders(scope, API_HEADERS);
    await scope.register(systemRoutes(deps));
  };
}

function guardedRoutes(deps: ApiDeps): FastifyPluginAsync {
  const { settings, db, billing, links, log } = deps;
  const api: FastifyPluginAsync = async (scope) => {
    sendSecurityHeaders(scope, API_HEADERS);
    await scope.register(v1Routes(deps), { prefix: '/v1' });
  };
  const pages: FastifyPluginAsync = async (scope) => {
    scope.addHook('onRoute', boundHandler);
    await limitRate(scope, settings.API_RATE_LIMIT_PER_MINUTE);
    await scope.register(customerPages, { db, billing, links, settings, log });
    await scope.register(operatorPages, { db, settings });
  };
  return async (scope) => {
    await refuseUnderPressure(scope, { mostDelayMs: settings.API_MOST_DELAY_MS });
    // Bare of what browsers need: its answers are for Stripe alone, and it is held to the cost of one insert.
    await scope.register(stripeWebhookRoute(deps));
    await scope.register(api);
    await scope.register(pages);
  };
}

/** Each route on its own: Fastify's timer for it costs a tenth of a webhook. A route's own bound, a stream's, stays. */
function boundHandler(route: RouteOptions): void {
  route.handlerTimeout ??= HANDLER_TIMEOUT_MS;
}

function v1Routes(deps: ApiDeps): FastifyPluginAsync {
  return async (v1) => {
    v1.addHook('onRoute', boundHandler);
    // Before the key is looked up, so that guessing keys is limited too.
    await limitRate(v1, deps.settings.API_RATE_LIMIT_PER_MINUTE);
    requireApiKey(v1, deps.db);
    requireRepeat(v1);
    v1.addHook('onRequest', async (_request, reply) => void reply.header('cache-control', 'no-store'));
    v1.addHook('preValidation', async (request) => {
      // A body may be left out where it is optional; `null` is none.
      if (request.body === null) {
        throw invalidRequest([{ param: 'body', message: 'body: expected an object, got null' }]);
      }
    });
    await v1.register(enrollmentRoutes(deps));
    await v1.register(enrollmentCommandRoutes(deps));
    await v1.register(scheduleCommandRoutes(deps));
    await v1.register(chargeRoutes(deps));
    await v1.register(chargeCommandRoutes(deps));
    await v1.register(historyRoutes(deps));
    await v1.register(webhookRoutes(deps));
  };
}

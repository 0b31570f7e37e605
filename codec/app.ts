/**
 * The codec endpoint: shows what is encrypted in histories to those who may see it, in the Temporal UI and on Temporal's
 * command line. A server of its own, for the operators' network: it holds the payload keys and no others, and must never
 * log what it opens.
 */
import cookie from '@fastify/cookie';
import cors from '@fastify/cors';
import formbody from '@fastify/formbody';
import type { PayloadCodec } from '@temporalio/common';
import type { FastifyInstance, FastifyPluginAsync } from 'fastify';
import type { Kysely } from 'kysely';
import type { Logger } from 'pino';
import { installErrorHandler } from '../api/error-handler.ts';
import { limitRate } from '../api/limits.ts';
import { installRequestLog } from '../api/request-log.ts';
import { sendSecurityHeaders } from '../api/security-headers.ts';
import { createServer } from '../api/server.ts';
import type { CodecSettings } from '../config/env.ts';
import type { Database } from '../db/schema.ts';
import { codecRoutes } from './routes.ts';
import { FORM_LIMIT, SIGN_IN_STYLE_HASH, signInRoutes } from './sign-in.ts';

export interface CodecDeps {
  settings: Pick<
    CodecSettings,
    'API_TRUSTED_PROXIES' | 'CODEC_ALLOWED_ORIGINS' | 'CODEC_ALLOW_ENCODE' | 'TEMPORAL_NAMESPACE'
  >;
  db: Kysely<Database>;
  codec: PayloadCodec;
  log: Logger;
}

/** A history's page asks once for each of its events. */
const REQUESTS_PER_MINUTE = 1_200;
/** Some payloads of the largest size that Temporal takes, in base64. */
const BODY_LIMIT = 16 * 1_048_576;

export async function buildCodec(deps: CodecDeps): Promise<FastifyInstance> {
  const { settings, log } = deps;
  const app = createServer({ log, bodyLimit: BODY_LIMIT, trustedProxies: settings.API_TRUSTED_PROXIES });
  installErrorHandler(app);
  installRequestLog(app);
  app.decorateRequest('apiKeyId', null);
  sendSecurityHeaders(app, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        styleSrc: [`'${SIGN_IN_STYLE_HASH}'`],
        formAction: ["'self'"],
        baseUri: ["'none'"],
        frameAncestors: ["'none'"],
      },
    },
  });
  app.addHook('onRequest', async (_request, reply) => void reply.header('cache-control', 'no-store'));
  await app.register(cors, {
    origin: settings.CODEC_ALLOWED_ORIGINS,
    methods: ['POST'],
    allowedHeaders: ['authorization', 'content-type', 'x-namespace'],
    credentials: true,
    maxAge: 600,
  });
  app.get('/healthz', async () => ({ status: 'ok' as const }));
  const endpoint: FastifyPluginAsync = async (scope) => {
    // Before the key is looked up, so that guessing keys is limited too.
    await limitRate(scope, REQUESTS_PER_MINUTE);
    await scope.register(cookie);
    await scope.register(formbody, { bodyLimit: FORM_LIMIT });
    await scope.register(signInRoutes(deps));
    await scope.register(codecRoutes(deps));
  };
  await app.register(endpoint, { prefix: '/codec' });
  return app;
}

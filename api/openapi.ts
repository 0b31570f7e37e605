/** The OpenAPI document, made from the schemas that requests are checked with, and a page to try it. */
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import { createJsonSchemaTransform, createJsonSchemaTransformObject } from 'fastify-type-provider-zod';
import type { z } from 'zod';

/** Call before routes are registered: it watches them come. */
export async function describeRoutes(app: FastifyInstance, publicUrl: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'durable-billing',
        version: '1',
        description:
          'Enroll customers, who save a payment method on Stripe Checkout and are charged off-session on the agreed schedule. Amounts are integers in the smallest unit of their currency, instants are ISO 8601 in UTC. A request that a person makes may name them in the header `Billing-Operator`: the timeline then says `operator:<name>` beside the API key.',
      },
      servers: [{ url: publicUrl }],
      components: {
        securitySchemes: {
          apiKey: { type: 'http', scheme: 'bearer', description: 'An API key, dbk_…' },
        },
      },
      tags: [
        { name: 'enrollments', description: 'Agreements to be charged' },
        { name: 'charges', description: 'Amounts owed' },
        { name: 'history', description: 'What happened' },
        { name: 'webhooks', description: 'What Stripe told, and what became of it' },
        { name: 'system', description: 'For operators' },
      ],
    },
    // Pages for customers are no part of the API.
    hideUntagged: true,
    transform: createJsonSchemaTransform({ zodToJsonConfig }),
    transformObject: (document) => tidied(toObject(document)),
  });
}

/** `/openapi.json` and `/docs`. Call after routes are registered. */
export async function serveDocumentation(app: FastifyInstance): Promise<void> {
  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger());
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: true,
    uiConfig: { docExpansion: 'list', tryItOutEnabled: true, persistAuthorization: false },
  });
}

/** Leaves out what zod says for itself and readers do not need: the regular expression of dates, the safe integers. */
const zodToJsonConfig = {
  override: ({ jsonSchema }: { jsonSchema: z.core.JSONSchema.BaseSchema }) => {
    if (jsonSchema.format === 'date-time' && (jsonSchema.pattern ?? '').length > 100) {
      delete jsonSchema.pattern;
    }
    if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) {
      delete jsonSchema.minimum;
    }
    if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) {
      delete jsonSchema.maximum;
    }
  },
};

const toObject = createJsonSchemaTransformObject({ zodToJsonConfig });

type Document = ReturnType<typeof toObject>;

/**
 * Without the components that nothing refers to; a body that may be left out is said to be optional, and each answer has
 * the headers that are sent with it.
 */
function tidied(document: Document): Document {
  if (!('openapi' in document)) {
    return document;
  }
  const { schemas = {} } = document.components ?? {};
  for (const name of Object.keys(schemas).filter((known) => known.endsWith('Input'))) {
    delete schemas[name];
  }
  for (const operation of Object.values(document.paths ?? {}).flatMap((path) => Object.values(path ?? {}))) {
    const { requestBody: body, responses = {} } = operation as TidiedOperation;
    for (const [status, response] of Object.entries(responses)) {
      response.headers = WAITS.includes(status) ? { ...SENT, 'Retry-After': RETRY_AFTER } : SENT;
    }
    const content = body?.content?.['application/json'];
    const [given, nothing] = content?.schema?.anyOf ?? [];
    if (body !== undefined && content !== undefined && nothing?.type === 'null') {
      body.required = false;
      content.schema = { ...given };
    }
  }
  return document;
}

interface TidiedOperation {
  requestBody?: {
    required?: boolean;
    content?: Record<string, { schema?: { type?: string; anyOf?: { type?: string }[] } }>;
  };
  responses?: Record<string, { headers?: object }>;
}

const SENT = {
  'X-Request-Id': {
    description: 'Names the request in the logs; the one that was sent, if it was harmless',
    schema: { type: 'string' },
  },
};

const WAITS = ['429', '503'];
const RETRY_AFTER = {
  description: 'Seconds after which the same request may be sent again; absent from a 503 where it may not',
  schema: { type: 'integer' },
};

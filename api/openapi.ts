/** The OpenAPI document, made from the schemas that requests are checked with, and a page to try it. */
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod';

/** Call before routes are registered: it watches them come. */
export async function describeRoutes(app: FastifyInstance, publicUrl: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'durable-billing',
        version: '1',
        description:
          'Enroll customers, who save a payment method on Stripe Checkout and are charged off-session on the agreed schedule. Amounts are integers in the smallest unit of their currency, instants are ISO 8601 in UTC.',
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
        { name: 'webhooks', description: 'For Stripe' },
        { name: 'system', description: 'For operators' },
      ],
    },
    // Pages for customers are no part of the API.
    hideUntagged: true,
    transform: jsonSchemaTransform,
    transformObject: jsonSchemaTransformObject,
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

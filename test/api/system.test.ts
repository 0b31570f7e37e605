import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { sql } from 'kysely';
import { scrape } from '../ops/scrape.ts';
import { createTestDatabase } from '../support/database.ts';
import { waitFor } from '../support/wait.ts';
import { startApi, type TestApi } from './test-api.ts';
import { sessionEvent } from './webhook-events.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.close());

const WRITES = { source: 'writes' };
const get = (url: string) => api.app.inject({ url });

describe('GET /healthz and /readyz', () => {
  it('is healthy and ready while database and Temporal answer', async () => {
    expect((await get('/healthz')).json()).toEqual({ status: 'ok' });
    const ready = await get('/readyz');
    expect(ready.statusCode).toBe(200);
    expect(ready.json()).toEqual({ status: 'ready', checks: { database: 'ok', temporal: 'ok' } });
  });

  it('says that Temporal cannot be reached, and stays ready: webhooks are kept, pages show the rows', async () => {
    api.temporal.ping = async () => {
      throw new Error('14 UNAVAILABLE 10.0.0.7');
    };
    const reply = await get('/readyz');
    expect(reply.statusCode).toBe(200);
    expect(reply.json()).toEqual({ status: 'ready', checks: { database: 'ok', temporal: 'unreachable' } });
    api.temporal.ping = async () => {};
  });

  it('says that the database cannot be reached, and stays healthy', async () => {
    const away = await startApi({ databaseUrl: 'postgres://nobody@127.0.0.1:9/none' });
    try {
      const reply = await away.app.inject({ url: '/readyz' });
      expect([reply.statusCode, reply.json()]).toEqual([
        503,
        { status: 'not_ready', checks: { database: 'unreachable', temporal: 'ok' } },
      ]);
      expect((await away.app.inject({ url: '/healthz' })).statusCode).toBe(200);
    } finally {
      await away.close();
    }
  });

  it('counts a database that does not write as unreachable, until it does', async () => {
    const database = await createTestDatabase();
    const readOnly = (value: 'on' | 'off') =>
      sql`alter database ${sql.id(new URL(database.url).pathname.slice(1))}
        set default_transaction_read_only = ${sql.lit(value)}`.execute(api.db);
    await readOnly('on');
    const over = await startApi({ databaseUrl: database.url });
    try {
      const look = async () => {
        const { body, statusCode } = await over.app.inject({ url: '/readyz' });
        const scraped = scrape((await over.app.inject({ url: '/metrics' })).body);
        return [statusCode, JSON.parse(body).checks.database, scraped.value('billing_source_up', WRITES)];
      };
      expect(await look()).toEqual([503, 'unreachable', 0]);
      await readOnly('off');
      // Each of the connections has to find out.
      await waitFor('it to be ready', async () => String(await look()) === '200,ok,1');
    } finally {
      await over.close();
      await database.drop();
    }
  });

  it('does not wait for ever for a part that hangs', async () => {
    api.temporal.ping = () => new Promise(() => {});
    const reply = await get('/readyz');
    expect(reply.json().checks.temporal).toBe('unreachable');
    api.temporal.ping = async () => {};
  });
});

describe('GET /metrics', () => {
  it('counts requests by route, webhooks and deliveries by outcome, and what waits', async () => {
    await api.request('GET', `/v1/enrollments/enr_${'0'.repeat(26)}`);
    const event = sessionEvent('completed', 'cs_test_of_nobody');
    await api.webhook(event);
    await api.webhook(event);
    await api.webhook(event, { header: null });
    await api.inbox.idle();
    const { body, headers } = await get('/metrics');
    expect(headers['content-type']).toContain('text/plain');
    expect(body).toContain(
      'billing_http_request_seconds_count{method="GET",route="/v1/enrollments/:id",status="404"} 1',
    );
    expect(body).toContain('billing_webhooks_total{outcome="accepted"} 1');
    expect(body).toContain('billing_webhooks_total{outcome="repeated"} 1');
    expect(body).toContain('billing_webhooks_total{outcome="refused"} 1');
    expect(body).toContain('billing_inbox_deliveries_total{outcome="ignored"} 1');
    expect(body).toContain('billing_inbox_pending 0');
    expect(body).not.toContain('enr_');
  });
});

describe('documentation', () => {
  it('describes every route under /v1, with all statuses, in OpenAPI 3.1', async () => {
    const reply = await get('/openapi.json');
    expect(reply.statusCode).toBe(200);
    const document = reply.json();
    expect(document.openapi).toBe('3.1.0');
    expect(document.servers).toEqual([{ url: 'https://billing.example.com' }]);
    const operations = Object.entries<Record<string, Operation>>(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ name: `${method} ${path}`, path, operation })),
    );
    expect(operations.map(({ name }) => name).sort()).toEqual([
      'get /healthz',
      'get /readyz',
      'get /v1/enrollments',
      'get /v1/enrollments/{id}',
      'get /v1/enrollments/{id}/cancel-preview',
      'get /v1/enrollments/{id}/charges',
      'get /v1/enrollments/{id}/charges/{chargeId}',
      'get /v1/enrollments/{id}/charges/{chargeId}/refunds',
      'get /v1/enrollments/{id}/notifications',
      'get /v1/enrollments/{id}/timeline',
      'get /v1/webhooks',
      'get /v1/webhooks/{eventId}',
      'post /v1/enrollments',
      'post /v1/enrollments/{id}/amount',
      'post /v1/enrollments/{id}/cancel',
      'post /v1/enrollments/{id}/cancel-at-period-end',
      'post /v1/enrollments/{id}/charge-now',
      'post /v1/enrollments/{id}/charges',
      'post /v1/enrollments/{id}/charges/{chargeId}/authenticate',
      'post /v1/enrollments/{id}/charges/{chargeId}/cancel',
      'post /v1/enrollments/{id}/charges/{chargeId}/capture',
      'post /v1/enrollments/{id}/charges/{chargeId}/extend-dunning',
      'post /v1/enrollments/{id}/charges/{chargeId}/forgive',
      'post /v1/enrollments/{id}/charges/{chargeId}/refunds',
      'post /v1/enrollments/{id}/charges/{chargeId}/resume',
      'post /v1/enrollments/{id}/charges/{chargeId}/retry',
      'post /v1/enrollments/{id}/charges/{chargeId}/stop-dunning',
      'post /v1/enrollments/{id}/checkout-sessions',
      'post /v1/enrollments/{id}/move-next',
      'post /v1/enrollments/{id}/notifications/{notificationId}/read',
      'post /v1/enrollments/{id}/pause',
      'post /v1/enrollments/{id}/resume',
      'post /v1/enrollments/{id}/skip-next',
      'post /v1/enrollments/{id}/undo-cancel',
      'post /v1/webhooks/{eventId}/redeliver',
    ]);
    for (const { path, operation } of operations.filter(({ path: at }) => at.startsWith('/v1/'))) {
      const statuses = Object.keys(operation.responses);
      expect(statuses).toEqual(expect.arrayContaining(['400', '401', '403', '429', '500', '503']));
      expect(statuses.includes('404')).toBe(path.includes('{'));
      expect(operation.security).toEqual([{ apiKey: [expect.any(String)] }]);
      expect(operation.summary).toEqual(expect.any(String));
    }
  });

  it('names each operation, its headers, and every code of a refusal', async () => {
    const document = (await get('/openapi.json')).json();
    const operations = Object.entries<Record<string, Operation>>(document.paths)
      .filter(([path]) => path.startsWith('/v1/'))
      .flatMap(([path, methods]) =>
        Object.entries(methods).map(([method, operation]) => ({ name: `${method} ${path}`, ...operation })),
      );
    const ids = operations.map(({ operationId }) => operationId);
    expect(ids.filter((id) => !/^[a-z]+[A-Za-z]+$/.test(id ?? ''))).toEqual([]);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { name, parameters = [], responses } of operations) {
      const headers = parameters.filter((one) => one.in === 'header').map((one) => one.name);
      const isCommand = name.startsWith('post') && !name.endsWith('read');
      expect([name, headers.includes('billing-operator')]).toEqual([name, isCommand]);
      for (const [status, { headers: sent = {} }] of Object.entries(responses)) {
        const waits = ['429', '503'].includes(status);
        expect([name, status, Object.keys(sent).sort()]).toEqual([
          name,
          status,
          waits ? ['Retry-After', 'X-Request-Id'] : ['X-Request-Id'],
        ]);
      }
    }
    const codes: string[] =
      document.components.schemas.Error.properties.error.properties.code['x-extensible-enum'];
    expect(codes).toEqual([...new Set(codes)].sort());
    expect(codes).toEqual(
      expect.arrayContaining(['idempotency_mismatch', 'charge_busy', 'capture_too_large']),
    );
    const root = path.resolve(import.meta.dirname, '../..');
    const sources = ['api', 'api/routes'].flatMap((folder) =>
      readdirSync(path.join(root, folder))
        .filter((file) => file.endsWith('.ts'))
        .map((file) => readFileSync(path.join(root, folder, file), 'utf8')),
    );
    const answered = sources.flatMap((source) =>
      [...source.matchAll(/(?:new HttpProblem\(\s*\w+,|unavailable\()\s*'(\w+)'/g)].map(([, code]) => code),
    );
    expect(answered.length).toBeGreaterThan(20);
    // Stripe alone is answered with these.
    const ofWebhooks = ['invalid_signature', 'not_an_event'];
    expect(answered.filter((code) => ![...codes, ...ofWebhooks].includes(String(code)))).toEqual([]);
  });

  it('answers as its own document says', async () => {
    const document = (await get('/openapi.json')).json();
    const ajv = new Ajv2020({ strict: false });
    addFormats.default(ajv);
    ajv.addSchema({ ...document, $id: 'api' });
    const { body: made } = await api.request('POST', '/v1/enrollments', {
      idempotencyKey: 'documented',
      body: { terms: { currency: 'jpy', schedule: { type: 'once', amount_minor: 500 } } },
    });
    const { body: wrong } = await api.request('GET', '/v1/enrollments/17');
    for (const [name, value] of [
      ['Enrollment', made],
      ['Error', wrong],
    ] as const) {
      const valid = ajv.compile({ $ref: `api#/components/schemas/${name}` });
      expect([name, valid(value), valid.errors]).toEqual([name, true, null]);
      expect(valid({})).toBe(false);
    }
  });

  it('refers to nothing that it does not define, and says which bodies are optional', async () => {
    const text = (await get('/openapi.json')).body;
    const { components, paths } = JSON.parse(text);
    const referred = [...text.matchAll(/#\/components\/schemas\/(\w+)/g)].map(([, name]) => name ?? '');
    expect([...new Set(referred)].sort()).toEqual(Object.keys(components.schemas).sort());
    expect(paths['/v1/enrollments/{id}/cancel'].post.requestBody.required).toBe(false);
    expect(paths['/v1/enrollments'].post.requestBody.required).toBe(true);
  });

  it('has examples that are taken as they are', async () => {
    const { paths } = (await get('/openapi.json')).json();
    const examplesOf = (path: string): { value: object }[] =>
      Object.values(paths[path].post.requestBody.content['application/json'].examples);
    for (const [index, { value: body }] of examplesOf('/v1/enrollments').entries()) {
      const idempotencyKey = `example ${index}`;
      const enrolled = await api.request('POST', '/v1/enrollments', { idempotencyKey, body });
      expect(enrolled).toMatchObject({ status: 201, body });
      for (const { value } of examplesOf('/v1/enrollments/{id}/charges')) {
        const url = `/v1/enrollments/${enrolled.body.id}/charges`;
        const charged = await api.request('POST', url, { idempotencyKey, body: value });
        expect(charged).toMatchObject({ status: 202, body: value });
      }
    }
  });

  it('has a page to try it', async () => {
    const page = await get('/docs/');
    expect(page.statusCode).toBe(200);
    expect(page.headers['content-security-policy']).toContain("default-src 'self'");
    expect(page.body).toContain('swagger-ui');
  });
});

interface Operation {
  operationId?: string;
  summary: string;
  parameters?: { name: string; in: string }[];
  responses: Record<string, { headers?: object }>;
  security?: unknown;
}

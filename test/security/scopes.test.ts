/**
 * Which scope each route needs, as it was decided; the OpenAPI document must say the same, and the API must keep it. A
 * new route fails here until somebody decides.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fastify from 'fastify';
import { requireApiKey } from '../../api/auth.ts';
import { SCOPES, type Scope } from '../../api/scopes.ts';
import { startApi, type TestApi } from '../api/test-api.ts';
import { concrete, type NamedOperation, operationsOf } from './operations.ts';

const ENROLLMENT = '/v1/enrollments/{id}';
const CHARGE = `${ENROLLMENT}/charges/{chargeId}`;
const DECIDED: Record<Exclude<Scope, 'payloads'>, readonly string[]> = {
  read: [
    'GET /v1/enrollments',
    `GET ${ENROLLMENT}`,
    `GET ${ENROLLMENT}/cancel-preview`,
    `GET ${ENROLLMENT}/charges`,
    `GET ${CHARGE}`,
    `GET ${CHARGE}/refunds`,
    `GET ${ENROLLMENT}/notifications`,
    `GET ${ENROLLMENT}/timeline`,
  ],
  write: [
    'POST /v1/enrollments',
    `POST ${ENROLLMENT}/amount`,
    `POST ${ENROLLMENT}/cancel`,
    `POST ${ENROLLMENT}/cancel-at-period-end`,
    `POST ${ENROLLMENT}/charge-now`,
    `POST ${ENROLLMENT}/charges`,
    `POST ${CHARGE}/authenticate`,
    `POST ${ENROLLMENT}/checkout-sessions`,
    `POST ${ENROLLMENT}/move-next`,
    `POST ${ENROLLMENT}/notifications/{notificationId}/read`,
    `POST ${ENROLLMENT}/pause`,
    `POST ${ENROLLMENT}/resume`,
    `POST ${ENROLLMENT}/skip-next`,
    `POST ${ENROLLMENT}/undo-cancel`,
  ],
  operate: [
    `POST ${CHARGE}/cancel`,
    `POST ${CHARGE}/capture`,
    `POST ${CHARGE}/extend-dunning`,
    `POST ${CHARGE}/forgive`,
    `POST ${CHARGE}/refunds`,
    `POST ${CHARGE}/resume`,
    `POST ${CHARGE}/retry`,
    `POST ${CHARGE}/stop-dunning`,
    'POST /v1/webhooks/{eventId}/redeliver',
  ],
  webhooks: ['GET /v1/webhooks', 'GET /v1/webhooks/{eventId}'],
};
/** Nothing of a customer's is behind them. */
const OPEN = ['GET /healthz', 'GET /readyz'];
const ROUTES = Object.entries(DECIDED).flatMap(([scope, names]) =>
  names.map((name): [string, Scope] => [name, scope as Scope]),
);

let api: TestApi;
let operations: NamedOperation[];
beforeAll(async () => {
  api = await startApi();
  operations = await operationsOf(api.app);
});
afterAll(() => api.close());

const operationNamed = (name: string) => operations.find((one) => one.name === name);

function ask(name: string, authorization?: string) {
  const operation = operationNamed(name);
  if (operation === undefined) {
    throw new Error(`${name} is not documented`);
  }
  return api.app.inject({
    method: operation.method,
    url: concrete(operation.path),
    ...(authorization === undefined ? {} : { headers: { authorization } }),
  });
}

describe('scopes', () => {
  it('are decided for every documented route, and for no other', () => {
    const names = operations.map(({ name }) => name);
    expect(names.sort()).toEqual([...ROUTES.map(([name]) => name), ...OPEN].sort());
  });

  it.each(ROUTES)('%s is documented to need %s', (name, scope) => {
    const { operation } = operationNamed(name) ?? {};
    expect(operation?.security).toEqual([{ apiKey: [scope] }]);
    expect(operation?.description).toContain(`\`${scope}\``);
  });

  it.each(ROUTES)('%s asks for a key, then for %s, and for nothing more', async (name, scope) => {
    expect((await ask(name)).statusCode).toBe(401);
    const others = await api.keyWith(SCOPES.filter((one) => one !== scope));
    const refused = await ask(name, `Bearer ${others.key}`);
    expect([refused.statusCode, refused.json().error.code]).toEqual([403, 'forbidden']);
    expect(refused.json().error.message).toContain(`'${scope}'`);
    const enough = await api.keyWith([scope]);
    expect([401, 403]).not.toContain((await ask(name, `Bearer ${enough.key}`)).statusCode);
  });

  it('are named by a route before it may be served', async () => {
    const app = fastify();
    requireApiKey(app, api.db);
    expect(() => app.get('/forgotten', async () => 'open')).toThrow('GET /forgotten names no scope');
  });
});

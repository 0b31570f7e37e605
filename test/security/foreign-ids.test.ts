/**
 * Every documented route that names something of an enrollment's, and every customer page, with another customer's ids:
 * 404, in the same words as for what does not exist. Made from the routes themselves, so a new one is covered by itself.
 */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createApiKey } from '../../api/api-keys.ts';
import { SCOPES } from '../../api/scopes.ts';
import { startApi, type TestApi } from '../api/test-api.ts';
import { type Customer, newCustomer } from './customers.ts';
import { concrete, type NamedOperation, operationsOf } from './operations.ts';

let api: TestApi;
let operations: NamedOperation[];
let mine: Customer;
let other: Customer;
let authorization: string;

beforeAll(async () => {
  api = await startApi();
  operations = await operationsOf(api.app);
  [mine, other] = [await newCustomer(api, 'mine'), await newCustomer(api, 'other')];
  const { key } = await createApiKey(api.db, { name: 'all', scopes: SCOPES });
  authorization = `Bearer ${key}`;
});
afterAll(() => api.close());

const paramsOf = (template: string) => [...template.matchAll(/\{(\w+)\}/g)].map(([, name]) => String(name));

/** The least body that a route takes, so that it is the id that is refused. */
const BODIES: Record<string, object> = {
  'extend-dunning': { days: 1 },
  amount: { amount_minor: 500 },
  'move-next': { due_at: '2030-01-01T00:00:00Z' },
  charges: { amount_minor: 500 },
};

function ask({ method, path: template }: NamedOperation, ids: Record<string, string>) {
  const body = BODIES[template.split('/').at(-1) ?? ''];
  return api.app.inject({
    method,
    url: concrete(template, ids),
    headers: { authorization, 'idempotency-key': 'foreign' },
    ...(method === 'POST' ? { payload: body ?? {} } : {}),
  });
}

describe('another customer’s ids', () => {
  it('are 404 in every route under an enrollment, as ids that do not exist are, and nothing is asked of Workflows', async () => {
    const nested = operations.filter((one) => paramsOf(one.path).length > 1);
    expect(nested.length).toBeGreaterThan(10);
    api.asked.length = 0;
    for (const operation of nested) {
      const answers = [];
      for (const ids of [other.owned, {}]) {
        const reply = await ask(operation, { ...ids, id: mine.enrollmentId });
        const { error } = reply.json();
        const named = Object.values({ ...other.owned }).reduce(
          (text, id) => text.replace(id, 'ID'),
          error.message,
        );
        const words = named.replace(/'(chg|ntf)_[^']+'/, "'ID'");
        answers.push([operation.name, reply.statusCode, error.code, words]);
      }
      const [foreign, unknown] = answers;
      expect(foreign?.[1]).toBe(404);
      expect(foreign).toEqual(unknown);
    }
    expect(api.asked).toEqual([]);
  });

  it('are found by their owner, so that it is the owner that is looked at', async () => {
    const nested = operations.filter((one) => paramsOf(one.path).length > 1);
    for (const operation of nested) {
      const reply = await ask(operation, { ...mine.owned, id: mine.enrollmentId });
      expect([operation.name, reply.statusCode]).not.toEqual([operation.name, 404]);
    }
  });

  it('an enrollment that does not exist is 404 in every route', async () => {
    api.asked.length = 0;
    for (const operation of operations.filter((one) => paramsOf(one.path).includes('id'))) {
      const reply = await ask(operation, {});
      expect([operation.name, reply.statusCode, Object.keys(reply.json().error)]).toEqual([
        operation.name,
        404,
        ['code', 'message'],
      ]);
    }
    expect(api.asked).toEqual([]);
  });

  it.each(customerPages())('answer %s %s as ids that do not exist do', async (method, route) => {
    const answer = async (ids: Record<string, string>) => {
      const url = route
        .replace('/:token', mine.home)
        .replace(/:(\w+)/g, (_, name: string) => ids[name] ?? `no-${name}`);
      const reply = await api.app.inject({ method, url, headers: { 'sec-fetch-site': 'same-origin' } });
      expect(reply.body).not.toContain(other.enrollmentId.slice(4));
      return [reply.statusCode, reply.headers.location, reply.body.replaceAll(url, '')];
    };
    api.asked.length = 0;
    const foreign = await answer({ ...other.owned, noticeId: String(other.owned.notificationId) });
    expect(foreign).toEqual(await answer({}));
    expect(api.asked).toEqual([]);
  });

  it('are refused on the return page', async () => {
    const reply = await api.app.inject({ url: `${mine.home}/return?session_id=${other.owned.sessionId}` });
    expect(reply.statusCode).toBe(404);
    // What was asked for is in the links to other languages, and nothing else of it.
    expect(reply.body.replaceAll(String(other.owned.sessionId), '')).not.toContain(
      other.enrollmentId.slice(4),
    );
  });
});

/** Pages that name something besides the token, as `web/` registers them. */
function customerPages(): ['GET' | 'POST', string][] {
  const folder = path.resolve(import.meta.dirname, '../../web');
  const found = readdirSync(folder)
    .filter((name) => name.endsWith('.ts'))
    .flatMap((name) => [
      ...readFileSync(path.join(folder, name), 'utf8').matchAll(
        /app\.(get|post)\(\s*'(\/:token\/[^']*:[^']*)'/g,
      ),
    ])
    .map(([, method, url]): ['GET' | 'POST', string] => [method === 'get' ? 'GET' : 'POST', String(url)]);
  if (found.length < 3) {
    throw new Error('the pages of web/ are registered in a way that this test does not read');
  }
  return found;
}

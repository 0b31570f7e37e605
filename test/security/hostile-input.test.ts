/**
 * Every operation of the OpenAPI document with valid, spoiled and hostile input, made from its own schemas. Whatever comes:
 * never a 5xx, an answer as it is documented, and nothing taken that the document forbids. A new route is covered by itself.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import fc from 'fast-check';
import { createApiKey } from '../../api/api-keys.ts';
import { SCOPES } from '../../api/scopes.ts';
import { startApi, type TestApi } from '../api/test-api.ts';
import { sessionEvent } from '../api/webhook-events.ts';
import { newCustomer } from './customers.ts';
import { concrete, type NamedOperation, operationsOf, type Parameter } from './operations.ts';
import { HOSTILE_TEXTS, spoiled, valuesOf } from './schema-values.ts';

const SEED = 20_261_123;
const RUNS = 12;

let api: TestApi;
let operations: NamedOperation[];
let owned: Record<string, string>;
let authorization: string;
const ajv = new Ajv2020({ strict: false, coerceTypes: false });
addFormats.default(ajv);

beforeAll(async () => {
  // More than one address may send in a minute.
  api = await startApi({ environment: { API_RATE_LIMIT_PER_MINUTE: '1000000' } });
  operations = await operationsOf(api.app);
  ajv.addSchema(JSON.parse(JSON.stringify(api.app.swagger())), 'api');
  const customer = await newCustomer(api, 'hostile');
  const event = sessionEvent('completed', 'cs_test_of_nobody');
  await api.webhook(event);
  owned = { ...customer.owned, id: customer.enrollmentId, eventId: event.id };
  const { key } = await createApiKey(api.db, { name: 'all', scopes: SCOPES });
  authorization = `Bearer ${key}`;
});
afterAll(() => api.close());

/** What is sent; `wrong` names the part that the document forbids, null when all of it is as documented. */
interface Sent {
  url: string;
  headers: Record<string, string>;
  payload?: string | Buffer;
  wrong: string | null;
}

describe('every documented operation', () => {
  it('answers hostile input as documented, and takes nothing that the document forbids', async () => {
    expect(operations.length).toBeGreaterThan(30);
    for (const operation of operations) {
      const property = fc.asyncProperty(requestsOf(operation), (sent) => hold(operation, sent));
      // A failure names the seed and the smallest request that shows it.
      await fc.assert(property, { seed: SEED, numRuns: RUNS, maxSkipsPerRun: 0 });
    }
  }, 60_000);

  it('refuses bodies that are no JSON object in UTF-8', async () => {
    for (const operation of operations.filter((one) => one.operation.requestBody !== undefined)) {
      for (const { payload, headers, wrong } of RAW) {
        const key = { 'idempotency-key': 'raw' };
        const url = concrete(operation.path, owned);
        await hold(operation, { url, headers: { ...key, ...headers }, payload, wrong });
      }
    }
  });

  it('declares what every route may answer before its own code runs', () => {
    const undeclared = operations
      .filter(({ path }) => path.startsWith('/v1/'))
      .flatMap(({ name, path, operation }) => {
        const always = [400, 401, 403, 429, 500, 503];
        const expected = [
          ...always,
          ...(operation.requestBody === undefined ? [] : [413, 415]),
          ...(path.includes('{') ? [404, 414] : []),
        ];
        return expected
          .filter((status) => !(status in operation.responses))
          .map((status) => `${name}: ${status}`);
      });
    expect(undeclared).toEqual([]);
  });
});

async function hold(named: NamedOperation, { url, headers, payload, wrong }: Sent): Promise<void> {
  const { name, method, operation } = named;
  const reply = await api.app.inject({
    method,
    url,
    headers: { authorization, ...headers },
    ...(payload === undefined ? {} : { payload }),
  });
  const status = reply.statusCode;
  const seen = `${name} answered ${status} ${reply.body.slice(0, 300)}`;
  assert(status < 500, seen);
  const content = operation.responses[status]?.content?.['application/json'];
  assert(content !== undefined, `${seen}, which is not declared`);
  assert(reply.headers['content-type'] === 'application/json; charset=utf-8', `${seen} as another type`);
  const valid = schemaAt(named, `responses/${status}/content/application~1json/schema`);
  assert(valid(reply.json()), `${seen}, unlike its schema: ${ajv.errorsText(valid.errors)}`);
  assert(wrong === null || (status >= 400 && status < 500), `${seen}, although ${wrong} is wrong`);
  assert(status < 400 || reply.json().error.message.length > 10, `${seen} and does not say what was wrong`);
}

function assert(holds: boolean, message: string): void {
  if (!holds) {
    throw new Error(message);
  }
}

function schemaAt({ method, path }: NamedOperation, place: string): ValidateFunction {
  const escaped = path.replaceAll('~', '~0').replaceAll('/', '~1').replace(/[{}]/g, encodeURIComponent);
  const valid = ajv.getSchema(`api#/paths/${escaped}/${method.toLowerCase()}/${place}`);
  if (valid === undefined) {
    throw new Error(`${method} ${path} has no ${place}`);
  }
  return valid;
}

function requestsOf(named: NamedOperation): fc.Arbitrary<Sent> {
  const { parameters = [], requestBody } = named.operation;
  const given = (place: string) => parameters.filter((one) => one.in === place);
  const body = requestBody === undefined ? fc.constant(NO_BODY) : bodiesOf(named);
  return fc
    .tuple(fc.tuple(...given('path').map(idsOf)), queriesOf(given('query')), headersOf(given('header')), body)
    .map(([ids, query, header, sent]) => {
      const inPath = Object.fromEntries(ids.map(({ name, text }) => [name, encodeURIComponent(text)]));
      return {
        url: `${concrete(named.path, inPath)}${query.text}`,
        headers: { ...header.headers, ...sent.headers },
        ...(sent.payload === undefined ? {} : { payload: sent.payload }),
        wrong: ids.find(({ wrong }) => wrong)?.name ?? query.wrong ?? header.wrong ?? sent.wrong,
      };
    });
}

function idsOf({ name, schema }: Parameter): fc.Arbitrary<{ name: string; text: string; wrong: boolean }> {
  const valid = ajv.compile(schema);
  const ours = fc.constant(owned[name] ?? '');
  const others = fc.oneof(valuesOf(schema).map(String), fc.constantFrom(...HOSTILE_TEXTS));
  return fc
    .oneof({ weight: 9, arbitrary: ours }, { weight: 1, arbitrary: others })
    .map((text) => ({ name, text: wellFormed(text), wrong: !valid(text) }));
}

/** An address holds no half of a surrogate pair. */
const wellFormed = (text: string) => Buffer.from(text).toString();

function queriesOf(parameters: Parameter[]): fc.Arbitrary<{ text: string; wrong: string | null }> {
  const one = ({ name, schema }: Parameter) => {
    const valid = new Ajv2020({ strict: false, coerceTypes: true });
    addFormats.default(valid);
    const holds = valid.compile({ properties: { value: schema } });
    return fc.oneof(valuesOf(schema).map(String), fc.constantFrom(...HOSTILE_TEXTS)).map((text) => ({
      name,
      text: wellFormed(text),
      wrong: !holds({ value: wellFormed(text) }),
    }));
  };
  const unknown = fc
    .constantFrom('unknown', '__proto__', 'constructor', 'LIMIT', 'limit[]')
    .map((name) => ({ name, text: '1', wrong: true }));
  return fc
    .tuple(...parameters.map((parameter) => fc.option(one(parameter))), fc.option(unknown, { freq: 12 }))
    .map((all) => {
      const present = all.filter((each) => each !== null);
      const pairs = present.map(
        ({ name, text }) => `${encodeURIComponent(name)}=${encodeURIComponent(text)}`,
      );
      // A route without parameters reads none of them.
      const wrong = parameters.length === 0 ? undefined : present.find((each) => each.wrong);
      return { text: pairs.length === 0 ? '' : `?${pairs.join('&')}`, wrong: wrong?.name ?? null };
    });
}

function headersOf(
  parameters: Parameter[],
): fc.Arbitrary<{ headers: Record<string, string>; wrong: string | null }> {
  const key = parameters.find(({ name }) => name === 'idempotency-key');
  if (key === undefined) {
    return fc.constant({ headers: {}, wrong: null });
  }
  const valid = ajv.compile(key.schema);
  // What a header can hold at all.
  const hostile = fc.constantFrom('x'.repeat(256), '\u00e9', '\t', '', '__proto__');
  const keys = fc.oneof(
    { weight: 8, arbitrary: fc.uuid() },
    { weight: 1, arbitrary: hostile },
    { weight: 1, arbitrary: fc.constant(null) },
  );
  return keys.map((value) => {
    const wrong = value === null ? key.required === true : !valid(value);
    return {
      headers: value === null ? {} : { 'idempotency-key': value },
      wrong: wrong ? 'idempotency-key' : null,
    };
  });
}

interface Body {
  payload?: string | Buffer;
  headers: Record<string, string>;
  wrong: string | null;
}

const NO_BODY: Body = { headers: {}, wrong: null };
const JSON_TYPE = { 'content-type': 'application/json' };

/** No JSON, no object, another type, another encoding, too much. */
/** As deep as the largest body allows. */
const NESTED = `${'['.repeat(30_000)}${']'.repeat(30_000)}`;
const RAW: Required<Body>[] = [
  ...[NESTED, ...['customer', 'terms', 'amount_minor', 'reason'].map((name) => `{"${name}":${NESTED}}`)].map(
    (payload) => ({ payload, headers: JSON_TYPE, wrong: 'a value that is nested without end' }),
  ),
  ...['{', '[]', '5', '"text"', 'null', '{"a":1,}', "{'a':1}", '{"__proto__":{}}', '['.repeat(9_000)].map(
    (payload) => ({ payload, headers: JSON_TYPE, wrong: 'the body' }),
  ),
  { payload: '', headers: JSON_TYPE, wrong: 'an empty body that is said to be JSON' },
  { payload: `{"reason":"${'x'.repeat(70_000)}"}`, headers: JSON_TYPE, wrong: 'the size' },
  { payload: Buffer.from('{"reason":"\u65e5\u672c"}', 'utf16le'), headers: JSON_TYPE, wrong: 'the encoding' },
  {
    payload: Buffer.from('{"reason":"\u00e9"}', 'latin1'),
    headers: JSON_TYPE,
    wrong: 'the encoding',
  },
  ...[
    'text/plain',
    'application/xml',
    'nonsense',
    'multipart/form-data',
    'application/json; charset=utf-16',
  ].map((type) => ({ payload: '{}', headers: { 'content-type': type }, wrong: 'the type' })),
  {
    payload: '{}',
    headers: { ...JSON_TYPE, 'content-encoding': 'gzip' },
    wrong: 'the coding',
  },
];

function bodiesOf(named: NamedOperation): fc.Arbitrary<Body> {
  const { requestBody } = named.operation;
  const schema = requestBody?.content['application/json']?.schema ?? {};
  const valid = schemaAt(named, 'requestBody/content/application~1json/schema');
  const values = valuesOf(schema);
  return fc.oneof(
    { weight: 3, arbitrary: values.map((value) => json(value, valid)) },
    { weight: 5, arbitrary: spoiled(values).map((value) => json(value, valid)) },
  );
}

function json(value: unknown, valid: ValidateFunction): Body {
  const payload = JSON.stringify(value) ?? 'null';
  return { payload, headers: JSON_TYPE, wrong: valid(JSON.parse(payload)) ? null : 'the body' };
}

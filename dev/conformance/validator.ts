// Validates requests to Stripe's API, and its answers, against Stripe's own description.
// Answers are read strictly: a member that the description does not name is an error.

import { Ajv, type ValidateFunction } from 'ajv';
import { decodeForm } from '../stripe-stand-in/http/form.ts';
import { inEndive } from './differences.ts';
import { checkForm } from './form-check.ts';
import type { Description, Operation, Schema } from './openapi.ts';

export interface Validator {
  /** @param text the query of a GET, the body of a POST @returns what is wrong, one sentence each */
  request(method: string, path: string, text: string): string[];
  /** @param body the parsed JSON of the answer */
  response(method: string, path: string, status: number, body: unknown): string[];
  /** Any object by itself, told by its `object` member; used for what is inside events. */
  object(body: unknown): string[];
}

export function createValidator(description: Description): Validator {
  const endive = inEndive(description);
  const ajv = new Ajv({ strict: false, allErrors: true });
  const definitions: Record<string, object> = {};
  for (const [name, schema] of Object.entries(endive.components.schemas))
    definitions[name] = toJsonSchema(schema);
  ajv.addSchema({ $id: 'stripe', definitions });
  const compiled = new Map<string, ValidateFunction>();
  const check = (key: string, schema: object, body: unknown): string[] => {
    let validate = compiled.get(key);
    if (validate === undefined) {
      validate = ajv.compile(schema);
      compiled.set(key, validate);
    }
    if (validate(body)) return [];
    return (validate.errors ?? [])
      .filter((error) => error.keyword !== 'anyOf' || error.schemaPath.split('anyOf').length === 2)
      .slice(0, 8)
      .map((error) => `${error.instancePath || '/'} ${error.message ?? ''} ${JSON.stringify(error.params)}`);
  };
  const named = (name: string) => ({ $ref: `stripe#/definitions/${name}` });
  const names = new Map<string, string>();
  for (const [name, schema] of Object.entries(endive.components.schemas)) {
    const kind = schema.properties?.object?.enum?.[0];
    const deleted = schema.properties?.deleted?.enum?.[0] === true ? 'deleted ' : '';
    if (typeof kind === 'string') names.set(`${deleted}${kind}`, name);
  }

  const validator: Validator = {
    request(method, path, text) {
      const operation = operationOf(endive, method, path)?.operation;
      if (operation === undefined) return [`${method} ${path} is not in the description`];
      const form = decodeForm(text);
      if (method === 'GET') return checkForm(querySchema(operation), form);
      const schema = operation.requestBody?.content['application/x-www-form-urlencoded']?.schema;
      return schema === undefined ? [] : checkForm(schema, form);
    },
    response(method, path, status, body) {
      if (status >= 400) return check('error', named('error'), body);
      const found = operationOf(endive, method, path);
      const schema = found?.operation.responses['200']?.content?.['application/json']?.schema;
      if (found === undefined || schema === undefined)
        return [`${method} ${path} has no answer in the description`];
      const errors = check(`${method} ${found.path}`, toJsonSchema(schema), body);
      return [...errors, ...insideEvents(validator, body)];
    },
    object(body) {
      const given: Record<string, unknown> = Object(body);
      const kind = `${given.deleted === true ? 'deleted ' : ''}${given.object}`;
      const name = names.get(kind);
      if (name === undefined) return [`no schema for an object "${kind}"`];
      return [...check(name, named(name), body), ...insideEvents(validator, body)];
    },
  };
  return validator;
}

/** An event's own schema leaves open what its object is. */
function insideEvents(validator: Validator, body: unknown): string[] {
  if (typeof body !== 'object' || body === null || !('object' in body)) return [];
  if (body.object === 'list' && 'data' in body && Array.isArray(body.data)) {
    return body.data.flatMap((item) => insideEvents(validator, item));
  }
  if (body.object !== 'event' || !('data' in body)) return [];
  const { data } = body;
  const inner = typeof data === 'object' && data !== null && 'object' in data ? data.object : null;
  return validator.object(inner).map((error) => `event: ${error}`);
}

function operationOf(
  description: Description,
  method: string,
  path: string,
): { operation: Operation; path: string } | undefined {
  const parts = path.split('/');
  let best: { operation: Operation; path: string; open: number } | undefined;
  for (const [candidate, item] of Object.entries(description.paths)) {
    const operation = item[method.toLowerCase()];
    const segments = candidate.split('/');
    if (operation === undefined || segments.length !== parts.length) continue;
    if (!segments.every((segment, i) => segment.startsWith('{') || segment === parts[i])) continue;
    const open = segments.filter((segment) => segment.startsWith('{')).length;
    if (best === undefined || open < best.open) best = { operation, path: candidate, open };
  }
  return best;
}

function querySchema(operation: Operation): Schema {
  const parameters = (operation.parameters ?? []).filter((parameter) => parameter.in === 'query');
  return {
    type: 'object',
    additionalProperties: false,
    properties: Object.fromEntries(parameters.map(({ name, schema }) => [name, schema])),
    required: parameters.filter(({ required }) => required).map(({ name }) => name),
  };
}

/** OpenAPI 3.0 as JSON Schema: null where nullable, and no members but those that are named. */
function toJsonSchema(schema: Schema): object {
  if (schema.$ref !== undefined) return { $ref: `stripe#/definitions/${schema.$ref.split('/').at(-1)}` };
  const out: Record<string, unknown> = {};
  if (schema.type !== undefined) out.type = schema.type;
  if (schema.enum !== undefined) out.enum = schema.enum;
  if (schema.maxLength !== undefined) out.maxLength = schema.maxLength;
  if (schema.required !== undefined) out.required = schema.required;
  if (schema.anyOf !== undefined) out.anyOf = schema.anyOf.map(toJsonSchema);
  if (schema.items !== undefined) out.items = toJsonSchema(schema.items);
  if (schema.properties !== undefined) {
    out.properties = Object.fromEntries(
      Object.entries(schema.properties).map(([name, inner]) => [name, toJsonSchema(inner)]),
    );
    out.additionalProperties =
      typeof schema.additionalProperties === 'object' ? toJsonSchema(schema.additionalProperties) : false;
  } else if (typeof schema.additionalProperties === 'object') {
    out.additionalProperties = toJsonSchema(schema.additionalProperties);
  }
  return schema.nullable ? { anyOf: [{ type: 'null' }, out] } : out;
}

// Cuts Stripe's OpenAPI description down to the endpoints and objects that the stand-in has: what is left is small
// enough to be committed, so that validation needs no Go. Run by `npm run conformance -- --write-extract`.

import type { Description, PathItem, Schema } from './openapi.ts';

/** Objects whose schemas are kept whole; a reference to any other expandable object is kept as its id only. */
const ROOTS = [
  'balance_transaction',
  'charge',
  'checkout.session',
  'customer',
  'deleted_customer',
  'deleted_webhook_endpoint',
  'dispute',
  'error',
  'event',
  'mandate',
  'payment_intent',
  'payment_method',
  'radar.early_fraud_warning',
  'refund',
  'setup_attempt',
  'setup_intent',
  'webhook_endpoint',
];

/** Kinds of payment methods that are kept; members named after other kinds are cut out everywhere. */
const KEPT_METHODS = ['card', 'us_bank_account', 'sepa_debit', 'link'];
/** Members of the kept schemas that belong to parts of Stripe which are not here. */
const CUT_MEMBERS = ['subscriptions', 'sources', 'cash_balance'];

/** @param paths the paths to keep, as the description spells them, with the methods that are used */
export function extractDescription(
  full: Description,
  paths: ReadonlyMap<string, readonly string[]>,
): Description {
  const methods = full.components.schemas.payment_method?.properties?.type?.enum ?? [];
  const cut = new Set(
    [...methods.filter((name) => !KEPT_METHODS.includes(String(name))), ...CUT_MEMBERS].map(String),
  );
  const schemas: Record<string, Schema> = {};
  const waiting = [...ROOTS];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    const schema = full.components.schemas[name];
    if (schemas[name] !== undefined || schema === undefined) continue;
    schemas[name] = slim(schema, cut, (found) => waiting.push(found));
  }
  const kept: Record<string, PathItem> = {};
  for (const [path, verbs] of paths) {
    const item = full.paths[path];
    if (item === undefined) continue;
    kept[path] = {};
    for (const verb of verbs) {
      const operation = item[verb];
      if (operation === undefined) continue;
      const form = operation.requestBody?.content['application/x-www-form-urlencoded']?.schema;
      kept[path][verb] = {
        parameters: (operation.parameters ?? [])
          .filter((parameter) => parameter.in === 'query')
          .map(({ in: place, name, required, schema }) => ({
            in: place,
            name,
            ...(required ? { required } : {}),
            schema: slim(schema, cut, () => {}),
          })),
        ...(form === undefined
          ? {}
          : {
              requestBody: {
                content: { 'application/x-www-form-urlencoded': { schema: slim(form, cut, () => {}) } },
              },
            }),
        responses: slimResponses(operation.responses),
      };
    }
  }
  return {
    openapi: full.openapi,
    info: { version: full.info.version },
    components: { schemas },
    paths: kept,
  };
}

function slimResponses(responses: PathItem[string]['responses']): PathItem[string]['responses'] {
  const schema = responses['200']?.content?.['application/json']?.schema;
  return schema === undefined
    ? {}
    : { '200': { content: { 'application/json': { schema: slim(schema, new Set(), () => {}) } } } };
}

/** Without prose and extensions, without members that are cut. `onReference` hears of every schema that is needed. */
function slim(schema: Schema, cut: ReadonlySet<string>, onReference: (name: string) => void): Schema {
  const out: Schema = {};
  const name = schema.$ref?.split('/').at(-1);
  if (name !== undefined) {
    onReference(name);
    return { $ref: schema.$ref ?? '' };
  }
  const expandable = schema['x-expansionResources'] !== undefined;
  for (const key of [
    'type',
    'enum',
    'nullable',
    'required',
    'format',
    'maxLength',
    'pattern',
    'minimum',
  ] as const) {
    if (schema[key] !== undefined) Object.assign(out, { [key]: schema[key] });
  }
  if (schema.anyOf !== undefined) {
    const options = expandable ? schema.anyOf.filter((option) => keepReference(option)) : schema.anyOf;
    out.anyOf = options.map((option) => slim(option, cut, onReference));
  }
  if (schema.items !== undefined) out.items = slim(schema.items, cut, onReference);
  if (typeof schema.additionalProperties === 'object') {
    out.additionalProperties = slim(schema.additionalProperties, cut, onReference);
  } else if (schema.additionalProperties !== undefined)
    out.additionalProperties = schema.additionalProperties;
  if (schema.properties !== undefined) {
    out.properties = {};
    for (const [member, inner] of Object.entries(schema.properties)) {
      if (!cut.has(member)) out.properties[member] = slim(inner, cut, onReference);
    }
  }
  return out;
}

function keepReference(option: Schema): boolean {
  return option.$ref === undefined || ROOTS.includes(option.$ref.split('/').at(-1) ?? '');
}

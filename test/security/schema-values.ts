/**
 * Values for the JSON schemas of the OpenAPI document: such as they ask for, and such as somebody sends who wishes us ill.
 * Whether a value is valid is not said here: that is asked of the schema itself.
 */
import fc from 'fast-check';

export interface Schema {
  type?: string;
  enum?: unknown[];
  anyOf?: Schema[];
  oneOf?: Schema[];
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: boolean | Schema;
  propertyNames?: Schema;
  items?: Schema;
  minItems?: number;
  maxItems?: number;
  minimum?: number;
  exclusiveMinimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  pattern?: string;
  format?: string;
}

/** @throws Error for a kind of schema that it knows no values of */
export function valuesOf(schema: Schema): fc.Arbitrary<unknown> {
  const { enum: known, anyOf, oneOf, type } = schema;
  if (known !== undefined) {
    return fc.constantFrom(...known);
  }
  const branches = type === undefined ? (anyOf ?? oneOf) : undefined;
  if (branches !== undefined) {
    return fc.oneof(...branches.map(valuesOf));
  }
  switch (type) {
    case 'null':
      return fc.constant(null);
    case 'boolean':
      return fc.boolean();
    case 'integer':
      return fc.integer({ min: schema.minimum ?? 0, max: Math.min(schema.maximum ?? 1_000, 1_000_000) });
    case 'number':
      return fc.double({ min: schema.exclusiveMinimum ?? 0, max: schema.maximum ?? 1_000, noNaN: true });
    case 'string':
      return textsOf(schema);
    case 'array':
      return fc.array(valuesOf(schema.items ?? { type: 'null' }), {
        minLength: schema.minItems ?? 0,
        maxLength: Math.min(schema.maxItems ?? 5, 5),
      });
    case 'object':
      return objectsOf(schema);
    default:
      throw new Error(`no values are known for ${JSON.stringify(schema)}`);
  }
}

function textsOf(schema: Schema): fc.Arbitrary<string> {
  const { format, pattern = '', minLength = 0, maxLength } = schema;
  const known = schema.anyOf?.flatMap((branch) => branch.enum ?? []) ?? [];
  if (known.length > 0) {
    return fc.constantFrom(...known.map(String));
  }
  switch (format) {
    case 'date-time':
      return fc
        .date({ min: new Date('2000-01-01'), max: new Date('2199-01-01'), noInvalidDate: true })
        .map((date) => date.toISOString());
    case 'email':
      return fc.constantFrom('hanako@example.com', `${'a'.repeat(60)}@example.co.jp`);
    case 'uri':
      return fc.constantFrom(
        'https://shop.example.com/thanks',
        'https://elsewhere.example.com',
        'http://[::1]/',
      );
    default:
      break;
  }
  const expected = new RegExp(pattern, 'u');
  return maxLength === undefined && pattern !== ''
    ? fc.stringMatching(expected)
    : fc
        .string({ minLength, maxLength: Math.min(maxLength ?? 50, 50), unit: 'grapheme' })
        .filter((text) => expected.test(text));
}

function objectsOf(schema: Schema): fc.Arbitrary<unknown> {
  const { properties, required = [], additionalProperties, propertyNames } = schema;
  if (properties === undefined && typeof additionalProperties === 'object') {
    return fc.dictionary(textsOf(propertyNames ?? {}), valuesOf(additionalProperties), { maxKeys: 3 });
  }
  const members = Object.entries(properties ?? {}).map(([name, one]) => [name, valuesOf(one)] as const);
  return fc.record(Object.fromEntries(members), { requiredKeys: required });
}

/** Texts that a parser, a database, a log or a page may stumble over. */
export const HOSTILE_TEXTS = [
  '\u0000',
  'a\u0000b',
  '\ud800',
  '\u202egnp.exe',
  '𝒳'.repeat(100),
  ' ',
  'x'.repeat(600),
  '-1',
  '1e400',
  '9'.repeat(400),
  'NaN',
  'null',
  '__proto__',
  '../../etc/passwd',
  '%00',
  '%zz',
  'a\r\nX-Injected: b',
  "'; drop table enrollments; --",
  '{{7*7}}',
  '<script>alert(1)</script>',
];

const HOSTILE: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(...HOSTILE_TEXTS, '', 'x'.repeat(70_000)),
  fc.constantFrom<unknown>(null, true, 0, -1, 1.5, 2 ** 53, -(2 ** 63), 1e308, -0, [], {}, [[[[]]]], {
    a: { b: 1 },
  }),
  fc.jsonValue({ maxDepth: 2 }),
);

/** A value with one place changed for the worse: another value in it, a field more, or a field less. */
export function spoiled(values: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  const change = fc.constantFrom('replace', 'add', 'remove');
  return fc
    .tuple(values, change, fc.nat(), HOSTILE, fc.constantFrom('unknown', 'Amount_minor', 'toString', ''))
    .map(([value, how, at, hostile, name]) => {
      const copy = structuredClone({ value });
      const places = placesIn(copy);
      const place = places[at % places.length] ?? { node: copy, key: 'value' };
      const inside = Reflect.get(place.node, place.key);
      if (how === 'add' && typeof inside === 'object' && inside !== null && !Array.isArray(inside)) {
        Object.assign(inside, { [name]: hostile });
      } else if (how === 'remove' && place.node !== copy) {
        Reflect.deleteProperty(place.node, place.key);
      } else {
        Reflect.set(place.node, place.key, hostile);
      }
      return copy.value;
    });
}

function placesIn(node: object): { node: object; key: string }[] {
  return Object.entries(node).flatMap(([key, inside]) => [
    { node, key },
    ...(typeof inside === 'object' && inside !== null ? placesIn(inside) : []),
  ]);
}

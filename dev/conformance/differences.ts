// What changed between the description we have (2026-08-26.dahlia) and the version that is spoken (2026-10-28.endive).
// Each line is one known difference, printed by `npm run conformance`. Source: the types and changelog of stripe 23.

import type { Description, Schema } from './openapi.ts';

export interface Difference {
  /** A schema's name, or a path with its method for a request. */
  where: string;
  member: string;
  /** The member's new schema; null: it is gone. */
  schema: Schema | null;
  why: string;
}

const TEXT: Schema = { type: 'string', nullable: true };
const TEXTS: Schema = { type: 'array', items: { type: 'string' } };
const NAMED = 'named by the types of stripe 23.1';
const REMOVED = 'no longer a request parameter';

export const DIFFERENCES: readonly Difference[] = [
  { where: 'payment_intent', member: 'payment_record', schema: TEXT, why: NAMED },
  { where: 'payment_intent', member: 'source', schema: TEXT, why: NAMED },
  { where: 'charge', member: 'source', schema: { type: 'object', nullable: true }, why: NAMED },
  { where: 'payment_method_details_card', member: 'electronic_commerce_indicator', schema: TEXT, why: NAMED },
  { where: 'dispute', member: 'network_reason_code', schema: TEXT, why: NAMED },
  { where: 'dispute', member: 'intended_submission_method', schema: TEXT, why: NAMED },
  { where: 'dispute_evidence_details', member: 'submission_method', schema: { type: 'string' }, why: NAMED },
  {
    where: 'checkout.session',
    member: 'allowed_payment_method_types',
    schema: { ...TEXTS, nullable: true },
    why: 'takes the place of payment_method_types',
  },
  {
    where: 'POST /v1/checkout/sessions',
    member: 'allowed_payment_method_types',
    schema: TEXTS,
    why: 'takes the place of payment_method_types',
  },
  { where: 'POST /v1/checkout/sessions', member: 'payment_method_types', schema: null, why: REMOVED },
  { where: 'POST /v1/payment_intents', member: 'payment_method_types', schema: null, why: REMOVED },
  { where: 'POST /v1/payment_intents/{intent}', member: 'payment_method_types', schema: null, why: REMOVED },
  { where: 'POST /v1/setup_intents', member: 'payment_method_types', schema: null, why: REMOVED },
  { where: 'POST /v1/setup_intents/{intent}', member: 'payment_method_types', schema: null, why: REMOVED },
];

/** The description with the differences applied. The given one stays as it is. */
export function inEndive(description: Description): Description {
  const copy = structuredClone(description);
  for (const { where, member, schema } of DIFFERENCES) {
    const [method = '', path = ''] = where.split(' ');
    const holder = path === '' ? copy.components.schemas[where] : formOf(copy, path, method.toLowerCase());
    if (holder?.properties === undefined) throw new Error(`the description has no ${where}`);
    if (schema === null) delete holder.properties[member];
    else holder.properties[member] = schema;
  }
  return copy;
}

function formOf(description: Description, path: string, method: string): Schema | undefined {
  return description.paths[path]?.[method]?.requestBody?.content['application/x-www-form-urlencoded']?.schema;
}

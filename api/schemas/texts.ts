/** Texts, ids and instants of the public API, as zod schemas that also describe themselves in the OpenAPI document. */
import { z } from 'zod';

/** PostgreSQL stores neither NUL nor half a surrogate pair; other control characters have no business in a name. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: it is what is refused.
const PLAIN = /^[^\u0000-\u001f\u007f]*$/;
const LONE_SURROGATE = /\p{Surrogate}/u;

/** A line of text that can be stored, mailed and shown. @param maxLength in UTF-16 units */
export function line(maxLength: number, minLength = 1) {
  return z
    .string()
    .min(minLength)
    .max(maxLength)
    .regex(PLAIN, { error: 'expected text without control characters' })
    .refine((text) => !LONE_SURROGATE.test(text), { error: 'expected well-formed Unicode' });
}

export const enrollmentId = z
  .string()
  .regex(/^enr_[0-9a-z]{26}$/, { error: 'expected an enrollment id, enr_…' })
  .describe('Id of an enrollment');

export const chargeId = z
  .string()
  .regex(/^chg_[0-9a-z]{26}_[0-9]{1,9}$/, { error: 'expected a charge id, chg_…' })
  .describe('Id of a charge');

export const stripeCustomerId = z
  .string()
  .regex(/^cus_\w{1,80}$/, { error: 'expected the id of a Stripe Customer, cus_…' });

/** An instant in an answer. */
export const instant = z.iso.datetime().describe('ISO 8601, UTC');

/** An instant in a request: any offset is taken and kept as UTC. */
export const givenInstant = z.iso
  .datetime({
    offset: true,
    error: 'expected an ISO 8601 instant with an offset, e.g. 2027-01-31T09:00:00+09:00',
  })
  .refine((text) => /^2[01]/.test(text), { error: 'expected a year from 2000 to 2199' })
  .meta({ pattern: '^2[01]' })
  .transform((text) => new Date(text).toISOString());

/** An amount in an answer. */
export const amountMinor = z
  .int()
  .describe("In the currency's smallest unit: 1999 is 19.99 USD, 500 is 500 JPY");

/** Of a charge of the schedule that is still to come, in an answer. */
export const plannedAmountMinor = amountMinor.describe(
  'What it will ask for, less a credit or more by what was left over by a change of amount; 0 when a credit pays for it',
);

const key = z
  .string({
    error:
      'the Idempotency-Key header is required; send a value that is unique to this request, e.g. a UUID or your order number, and the same one when you repeat it',
  })
  .regex(/^[\x20-\x7e]{1,255}$/, { error: 'expected 1 to 255 characters of printable ASCII' });

/** Why the Idempotency-Key is required is in docs/decisions/0002-idempotency-key-required.md, and 0022. */
export const idempotencyHeaders = z.looseObject({
  'idempotency-key': key.describe(
    'Unique to this request; a repeat with the same key never takes effect twice',
  ),
});

/** Of commands; read, and refused when it is no name, by `requestedIn`. */
export const operatorHeaders = z.looseObject({
  'billing-operator': z
    .string()
    .optional()
    .describe(
      'The person who asks: the timeline says `operator:<name>` beside the API key, which alone is proven',
    )
    .meta({ pattern: '^[\\w.@+-]{1,64}$' }),
});

/** For commands whose repeat would be another one. */
export const requiredKeyHeaders = operatorHeaders.extend(idempotencyHeaders.shape);

/** For commands whose repeat without one may be carried out as well, or be refused because the first one was. */
export const optionalKeyHeaders = operatorHeaders.extend({
  'idempotency-key': key
    .optional()
    .describe(
      'Send one: a repeat with the same key changes nothing more, for ever, and another command under it is refused. Without one, a repeat after a lost answer may be carried out as well',
    ),
});

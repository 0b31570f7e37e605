/** Enrollments in the public API. */
import { z } from 'zod';
import { ENROLLMENT_STATUSES } from '../../domain/statuses.ts';
import { WAITS_FOR_MEANING, WAITS_FOR_WORDS } from '../../domain/waits-for.ts';
import { chargeObject } from './charges.ts';
import { pageQuery } from './lists.ts';
import { givenTerms, termsObject } from './terms.ts';
import {
  amountMinor,
  enrollmentId,
  givenInstant,
  instant,
  line,
  plannedAmountMinor,
  stripeCustomerId,
} from './texts.ts';

/** Stripe refuses more than 50, and some are ours. */
const MOST_METADATA = 20;

const givenCustomer = z
  .strictObject({
    reference: line(200)
      .optional()
      .describe('Your own id of the customer; the same one is the same customer'),
    email: z.email({ error: 'expected an e-mail address' }).max(254).optional(),
    name: line(200).optional(),
    stripe_customer_id: stripeCustomerId
      .optional()
      .describe(
        'A Customer that Stripe has; instead of the others. When it is deleted there, enroll anew with another one',
      ),
  })
  .refine(
    ({ stripe_customer_id: stripe, ...others }) =>
      stripe === undefined || Object.values(others).every((value) => value === undefined),
    { error: 'expected either stripe_customer_id or any of reference, email and name' },
  )
  .meta({
    not: {
      required: ['stripe_customer_id'],
      anyOf: [{ required: ['reference'] }, { required: ['email'] }, { required: ['name'] }],
    },
  });

const metadata = z
  .record(
    z.string().regex(/^[\w.:-]{1,40}$/, { error: 'expected a key of 1 to 40 letters, digits, _ . : or -' }),
    line(500, 0),
  )
  .refine((record) => Object.keys(record).length <= MOST_METADATA, {
    error: `expected ${MOST_METADATA} keys at most`,
  });

export const newEnrollment = z
  .strictObject({
    customer: givenCustomer.optional().describe('Left out: Checkout asks for the e-mail address'),
    terms: givenTerms,
    description: line(500).nullable().default(null).describe('What it is for; the customer reads it'),
    locale: z.enum(['en', 'ja']).default('en').describe('Language of pages and mails'),
    return_url: z
      .url({ protocol: /^https?$/, error: 'expected an http or https address' })
      .max(2_048)
      .nullable()
      .default(null)
      .describe(
        'Where the customer goes afterwards; only origins that the installation allows (`ALLOWED_RETURN_ORIGINS`)',
      ),
    metadata: metadata.default({}),
  })
  .meta({
    'x-examples': {
      monthly: {
        summary: 'A subscription',
        value: {
          customer: { reference: 'user-42', email: 'hanako@example.com' },
          description: 'Monthly tasting box',
          terms: {
            currency: 'jpy',
            schedule: { type: 'recurring', amount_minor: 980, interval: { unit: 'month' }, local_hour: 9 },
            time_zone: 'Asia/Tokyo',
          },
        },
      },
      rides: {
        summary: 'Charges that are asked for one by one',
        value: { terms: { currency: 'usd', schedule: { type: 'on_demand' } } },
      },
    },
  });
export type NewEnrollment = z.output<typeof newEnrollment>;

export const enrollmentObject = z
  .object({
    object: z.literal('enrollment'),
    id: enrollmentId,
    status: z.enum(ENROLLMENT_STATUSES),
    customer: z.object({
      reference: z.string().nullable(),
      email: z.string().nullable(),
      name: z.string().nullable(),
      stripe_customer_id: z.string().nullable(),
    }),
    terms: termsObject.describe('As agreed at the beginning; `recurring_amount_minor` is the price now'),
    description: z.string().nullable(),
    locale: z.string(),
    return_url: z.string().nullable(),
    metadata: z.record(z.string(), z.string()),
    checkout_url: z
      .string()
      .nullable()
      .describe(
        'Checkout page to send the customer to, while no payment method is saved. Null when none is open with ten minutes left: repeat the request that enrolled them, or ask for a Checkout Session. Null also while a bank account that they have named is being proven, and for an API key without the scope `write`',
      ),
    customer_link: z
      .string()
      .nullable()
      .describe(
        "The customer's own page; secret, and good for a long time. Null for an API key without the scope `write`, since it acts for the customer",
      ),
    payment_method: z
      .object({
        id: z.string(),
        type: z.string(),
        brand: z.string().nullable(),
        last4: z.string().nullable(),
        exp_month: z.int().nullable(),
        exp_year: z.int().nullable(),
      })
      .nullable(),
    recurring_amount_minor: amountMinor
      .nullable()
      .describe(
        'What a period of a recurring schedule costs from the next charge on, as it was changed last; null for other schedules',
      ),
    balance_minor: z
      .int()
      .describe(
        'What changes of amount left over: owed by the customer, or to their credit when negative. The next charge of the schedule meets it; 0 once it has',
      ),
    next_charge: z
      .object({ due_at: instant, amount_minor: plannedAmountMinor, currency: z.string() })
      .nullable()
      .describe('Null: none is planned, or an accepted cancel stops it'),
    latest_charge: chargeObject.nullable(),
    charges_succeeded: z.int(),
    amount_collected_minor: amountMinor.describe('Sum of all that was captured, refunds not subtracted'),
    amount_past_due_minor: amountMinor.describe('Sum of charges in dunning or waiting for the customer'),
    past_due_since: instant.nullable().describe('When the oldest of them fell due'),
    waits_for: z
      .array(z.enum(WAITS_FOR_WORDS))
      .describe('Whom or what it waits for besides its schedule; empty: nothing else'),
    workflow_id: z.string(),
    temporal_ui_url: z.string().nullable(),
    livemode: z.boolean(),
    setup_deadline_at: instant,
    paused_until: instant.nullable(),
    cancel_at: instant.nullable().describe('When a cancel at the end of the period takes effect'),
    cancel_requested_at: instant
      .nullable()
      .describe(
        'When a cancel was accepted that waits for the outcome of a payment under way: nothing else is charged, and no other command is taken. Null: none was, or it took effect at once',
      ),
    created_at: instant,
    started_at: instant.nullable(),
    ended_at: instant.nullable(),
    end_reason: z.string().nullable(),
  })
  .meta({ id: 'Enrollment', description: "A customer's agreement to be charged; one Workflow" });
export type EnrollmentObject = z.output<typeof enrollmentObject>;

const WAITS_FOR_TEXT = Object.entries(WAITS_FOR_MEANING)
  .map(([word, meaning]) => `\`${word}\`: ${meaning}`)
  .join('; ');

export const enrollmentQuery = z.strictObject({
  status: z.enum(ENROLLMENT_STATUSES).optional(),
  customer_reference: line(200).optional(),
  stripe_customer_id: stripeCustomerId.optional(),
  past_due_before: givenInstant.optional().describe('With a charge that fell due before and is past due'),
  waits_for: z.enum(WAITS_FOR_WORDS).optional().describe(WAITS_FOR_TEXT),
  ...pageQuery,
});

export const enrollmentParams = z.object({ id: enrollmentId });

export const reasonBody = z
  .strictObject({ reason: line(500).nullable().default(null).describe('Kept in the timeline') })
  .nullish();

export const checkoutSessionObject = z
  .object({
    object: z.literal('checkout_session'),
    id: z.string(),
    url: z.string().describe('Send the customer here'),
    expires_at: instant,
  })
  .meta({ id: 'CheckoutSession', description: "A live Checkout Session, in Stripe's setup mode" });

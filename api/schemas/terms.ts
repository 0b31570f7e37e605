/**
 * Terms in the public API: snake_case on the outside, `domain/terms.ts` on the inside. What a request leaves out is
 * filled in here, so that an enrollment always says in full what was agreed.
 */
import { z } from 'zod';
import { MOST_RETRIES_PER_CHARGE } from '../../domain/card-budgets.ts';
import { CURRENCIES } from '../../domain/currencies.ts';
import { isTimeZone } from '../../domain/local-time.ts';
import { DEFAULT_DUNNING, DEFAULT_SETUP_DEADLINE_DAYS } from '../../domain/terms.ts';
import {
  LONGEST_INTERVAL,
  LONGEST_RETRY_DELAY_DAYS,
  LONGEST_SETUP_DEADLINE_DAYS,
  LONGEST_SPREAD_MINUTES,
  LONGEST_TRIAL_DAYS,
  MOST_CHARGES,
  MOST_INSTALLMENTS,
} from '../../domain/terms-check.ts';
import { amountMinor, givenInstant, instant } from './texts.ts';

const INTERVAL_UNITS = ['minute', 'day', 'week', 'month', 'year'] as const;

const givenAmount = z
  .int()
  .min(1)
  .max(999_999_999_999)
  .describe("In the currency's smallest unit: 1999 is 19.99 USD, 500 is 500 JPY");

/** A few from all over the world: the database has some 600, and takes another now and then. */
const KNOWN_TIME_ZONES = [
  'UTC',
  'Asia/Tokyo',
  'Asia/Kolkata',
  'Australia/Sydney',
  'Europe/London',
  'Europe/Berlin',
  'Africa/Nairobi',
  'America/New_York',
  'America/Los_Angeles',
  'America/Sao_Paulo',
];

const timeZone = z
  .string()
  .max(64)
  .refine((name) => /^[A-Za-z]/.test(name) && isTimeZone(name), {
    error: 'expected a time zone of the IANA database, e.g. Asia/Tokyo',
  })
  // Readers of the document, and programs that make requests of it, are shown some that are good.
  .meta({ anyOf: [{ enum: KNOWN_TIME_ZONES }, { pattern: '^[A-Za-z][A-Za-z0-9]*([/_+-][A-Za-z0-9]+)*$' }] });

const givenInterval = z.strictObject({
  unit: z.enum(INTERVAL_UNITS).describe('`minute` only where the installation allows it'),
  count: z
    .int()
    .min(1)
    .max(Math.max(...Object.values(LONGEST_INTERVAL)))
    .default(1),
});

/** The clock that a repeating schedule runs on. */
const givenClock = {
  interval: givenInterval,
  starts_at: givenInstant
    .nullable()
    .default(null)
    .describe(
      'First due instant, and the day that later ones keep; null: when the payment method is saved. At the earliest a day ago, and when it is past by the time the method is saved, that moment takes its place',
    ),
  time_zone: timeZone
    .optional()
    .describe("IANA time zone in which days and months are counted; the terms' when not said"),
  local_hour: z
    .int()
    .min(0)
    .max(23)
    .nullable()
    .default(null)
    .describe("Hour of the local day at which charges fall; null keeps the first one's time of day"),
  spread_minutes: z
    .int()
    .min(1)
    .max(LONGEST_SPREAD_MINUTES)
    .optional()
    .describe(
      'Charges fall within so many minutes from that time of day on, each enrollment at its own time, always the same and never on another day; for many that are due at once',
    ),
};

const givenSchedule = z.discriminatedUnion(
  'type',
  [
    z.strictObject({
      type: z.literal('once'),
      amount_minor: givenAmount,
      at: givenInstant
        .nullable()
        .default(null)
        .describe(
          'When it is charged; null: when the payment method is saved. At the earliest a day ago, and when it is past by the time the method is saved, that moment takes its place',
        ),
    }),
    z
      .strictObject({
        type: z.literal('installments'),
        amounts_minor: z.array(givenAmount).min(1).max(MOST_INSTALLMENTS).optional(),
        total_amount_minor: givenAmount
          .optional()
          .describe('Instead of `amounts_minor`, with `count`: split evenly'),
        count: z.int().min(1).max(MOST_INSTALLMENTS).optional(),
        ...givenClock,
      })
      .meta({
        oneOf: [
          { required: ['amounts_minor'], properties: { total_amount_minor: false, count: false } },
          { required: ['total_amount_minor', 'count'], properties: { amounts_minor: false } },
        ],
      }),
    z.strictObject({
      type: z.literal('recurring'),
      amount_minor: givenAmount,
      ...givenClock,
      trial_days: z.int().min(0).max(LONGEST_TRIAL_DAYS).default(0),
      ends_at: givenInstant.nullable().default(null).describe('No charge falls after it, but for its spread'),
      max_charges: z
        .int()
        .min(1)
        .max(MOST_CHARGES)
        .nullable()
        .default(null)
        .describe(
          'At most so many: one that is skipped, falls into a pause or is given up by `catch_up` counts as well',
        ),
    }),
    z.strictObject({ type: z.literal('on_demand') }),
  ],
  { error: 'expected one of once, installments, recurring, on_demand' },
);

const givenDunning = z.strictObject({
  retry_after_days: z
    .array(z.number().gt(0).max(LONGEST_RETRY_DELAY_DAYS))
    .max(MOST_RETRIES_PER_CHARGE)
    .default(DEFAULT_DUNNING.retryAfterDays)
    .describe('Days between a decline and the next try; one entry for each automatic retry'),
  after_last_try: z.enum(['cancel', 'pause', 'keep_active']).default(DEFAULT_DUNNING.afterLastTry),
});

export const givenTerms = z.strictObject({
  currency: z
    .enum(CURRENCIES, {
      error: 'expected a three-letter ISO 4217 code that Stripe supports, in lower case, e.g. usd, jpy',
    })
    .describe('ISO 4217, lower case'),
  schedule: givenSchedule,
  time_zone: timeZone
    .optional()
    .describe(
      'IANA time zone of the customer: retries fall in its daytime, dates are told in it; UTC when not said',
    ),
  capture_method: z.enum(['automatic', 'manual']).default('automatic'),
  dunning: givenDunning.default({
    retry_after_days: DEFAULT_DUNNING.retryAfterDays,
    after_last_try: DEFAULT_DUNNING.afterLastTry,
  }),
  late_success: z
    .enum(['keep', 'refund'])
    .default('refund')
    .describe('A payment that succeeds after its enrollment was canceled'),
  after_lost_dispute: z
    .enum(['cancel', 'pause', 'keep_active'])
    .default('cancel')
    .describe('What a lost dispute means for the enrollment'),
  reauthorize_holds: z
    .int()
    .min(0)
    .max(12)
    .default(0)
    .describe('Times that money which was held and not captured in time is authorised again'),
  try_other_method: z
    .boolean()
    .default(false)
    .describe(
      'The customer agreed that the method saved before is tried when the newest is declined for good',
    ),
  catch_up: z
    .enum(['charge_all', 'charge_latest', 'skip'])
    .default('charge_all')
    .describe('Charges that fell due while nothing ran'),
  setup_deadline_days: z
    .int()
    .min(1)
    .max(LONGEST_SETUP_DEADLINE_DAYS)
    .default(DEFAULT_SETUP_DEADLINE_DAYS)
    .describe(
      'Days that the customer has to save a payment method; a bank account that is being proven by then is waited for, 11 days longer at most',
    ),
});
export type GivenTerms = z.output<typeof givenTerms>;

const interval = z.object({ unit: z.enum(INTERVAL_UNITS), count: z.int() });
const clock = {
  interval,
  starts_at: instant.nullable(),
  time_zone: z.string(),
  local_hour: z.int().nullable(),
  spread_minutes: z.int().optional(),
};

/** Terms in answers. */
export const termsObject = z
  .object({
    currency: z.string(),
    time_zone: z.string(),
    schedule: z.discriminatedUnion('type', [
      z.object({ type: z.literal('once'), amount_minor: amountMinor, at: instant.nullable() }),
      z.object({ type: z.literal('installments'), amounts_minor: z.array(amountMinor), ...clock }),
      z.object({
        type: z.literal('recurring'),
        amount_minor: amountMinor,
        ...clock,
        trial_days: z.int(),
        ends_at: instant.nullable(),
        max_charges: z.int().nullable(),
      }),
      z.object({ type: z.literal('on_demand') }),
    ]),
    capture_method: z.enum(['automatic', 'manual']),
    dunning: z.object({
      retry_after_days: z.array(z.number()),
      after_last_try: z.enum(['cancel', 'pause', 'keep_active']),
    }),
    late_success: z.enum(['keep', 'refund']),
    after_lost_dispute: z.enum(['cancel', 'pause', 'keep_active']),
    reauthorize_holds: z.int(),
    try_other_method: z.boolean(),
    catch_up: z.enum(['charge_all', 'charge_latest', 'skip']),
    setup_deadline_days: z.int(),
  })
  .meta({ id: 'Terms', description: 'What the customer agreed to at the beginning' });
export type TermsObject = z.output<typeof termsObject>;

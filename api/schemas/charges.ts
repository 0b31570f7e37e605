/** Charges in the public API. */
import { z } from 'zod';
import { CHARGE_STATUSES } from '../../domain/charge-states.ts';
import { amountMinor, chargeId, enrollmentId, instant, line } from './texts.ts';

export const chargeObject = z
  .object({
    object: z.literal('charge'),
    id: chargeId,
    enrollment_id: enrollmentId,
    number: z.int().describe('Charges of an enrollment are numbered from 1'),
    origin: z.enum(['schedule', 'api']),
    status: z.enum(CHARGE_STATUSES),
    amount_minor: amountMinor,
    currency: z.string(),
    description: z.string().nullable(),
    due_at: instant,
    attempts: z.int().describe('Confirmations that were tried'),
    next_attempt_at: instant.nullable().describe('When it is tried again by itself'),
    give_up_at: instant
      .nullable()
      .describe('Until when the customer is waited for; then it is given up, and after_last_try follows'),
    last_code: z.string().nullable().describe("Stripe's code of the last failed attempt"),
    last_decline_code: z.string().nullable(),
    status_reason: z.string().nullable().describe('For operators'),
    payment_intent_id: z.string().nullable(),
    captured_minor: amountMinor,
    refunded_minor: amountMinor,
    dispute_status: z.string().nullable(),
    settled_at: instant.nullable(),
    created_at: instant,
    updated_at: instant,
  })
  .meta({ id: 'Charge', description: 'One amount owed; exactly one PaymentIntent' });
export type ChargeObject = z.output<typeof chargeObject>;

export const newCharge = z
  .strictObject({
    amount_minor: z
      .int()
      .min(1)
      .max(999_999_999_999)
      .describe("In the smallest unit of the enrollment's currency"),
    description: line(500).nullable().default(null),
  })
  .meta({ 'x-examples': { ride: { value: { amount_minor: 1999, description: 'Ride of 12 May' } } } });

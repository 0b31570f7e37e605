/** Commands of enrollments and charges in the public API: what they take and what they answer. */
import { z } from 'zod';
import { amountMinor, chargeId, givenInstant, instant, line, plannedAmountMinor } from './texts.ts';

const reason = line(500).nullable().default(null).describe('Kept in the timeline');

const givenAmount = z
  .int()
  .min(1)
  .max(999_999_999_999)
  .describe("In the smallest unit of the enrollment's currency");

export const pauseBody = z
  .strictObject({
    resume_at: givenInstant.nullable().default(null).describe('null: until it is resumed'),
    reason,
  })
  .nullish();

export const moveBody = z.strictObject({
  due_at: givenInstant.describe('Ahead, and before the charge that follows'),
  reason,
});

export const amountBody = z.strictObject({
  amount_minor: givenAmount,
  effective: z
    .enum(['from_next', 'at_once'])
    .default('from_next')
    .describe(
      'at_once: the rest of the running period is charged, or credited to the charges to come as far as what was paid for it was not given back',
    ),
  reason,
});

export const captureBody = z
  .strictObject({
    amount_minor: givenAmount
      .nullable()
      .default(null)
      .describe('null: all that is held; the rest is released'),
    reason,
  })
  .nullish();

export const extendBody = z.strictObject({
  days: z
    .number()
    .gt(0)
    .max(90)
    .describe('One further retry after so many days, or so long more for the customer'),
  reason,
});

export const refundBody = z
  .strictObject({
    amount_minor: givenAmount.nullable().default(null).describe('null: all that is left'),
    reason,
  })
  .nullish();

export const previewQuery = z.strictObject({
  when: z.enum(['now', 'at_period_end']).default('now'),
});

const planned = z.object({ due_at: instant, amount_minor: plannedAmountMinor });

export const cancelPreviewObject = z
  .object({
    object: z.literal('cancel_preview'),
    takes_effect_at: instant.nullable().describe('null: at once'),
    next_charge_stopped: planned.nullable(),
    charges: z.array(
      z.object({
        id: chargeId,
        amount_minor: amountMinor,
        fate: z
          .enum([
            'never_attempted',
            'canceled',
            'held_funds_released',
            'canceled_if_the_bank_allows',
            'outcome_awaited',
            'goes_on',
          ])
          .describe(
            'goes_on: a cancel at the end of the period leaves it as it is. One that was asked for, and that a dispute ' +
              'holds back until after that, is not made any more',
          ),
      }),
    ),
    still_owed_minor: amountMinor,
    may_still_succeed_minor: amountMinor,
    late_success: z.enum(['keep', 'refund']),
  })
  .meta({ id: 'CancelPreview', description: 'What a cancel would stop, and what stays owed' });

export const scheduleAnswer = z
  .object({
    object: z.literal('schedule_change'),
    next_charge: planned.nullable(),
    balance_minor: z.int().nullable().describe('Owed by the customer, or to their credit when negative'),
    charge_id: chargeId.nullable().describe('The charge of the rest of the period, if there is one'),
  })
  .meta({ id: 'ScheduleChange', description: 'What comes next after a change of the schedule' });

export const authenticationObject = z
  .object({
    object: z.literal('authentication'),
    charge_id: chargeId,
    status: z.string(),
    redirect_url: z.string().nullable().describe('Send the customer here; null: their bank did not ask'),
  })
  .meta({ id: 'Authentication', description: 'An on-session confirmation of a charge' });

export const refundObject = z
  .object({
    object: z.literal('refund'),
    id: z.string(),
    charge_id: chargeId,
    amount_minor: amountMinor,
    status: z.string().describe("Stripe's: pending, requires_action, succeeded, failed, canceled"),
  })
  .meta({ id: 'Refund', description: 'Money of a charge that went back' });

/** Timeline and notifications in the public API. */
import { z } from 'zod';
import { CUSTOMER_REASONS } from '../../domain/notifications.ts';
import { amountMinor, enrollmentId, instant } from './texts.ts';

export const timelineObject = z
  .object({
    object: z.literal('timeline_entry'),
    id: z.string(),
    at: instant,
    what: z.string(),
    who: z
      .string()
      .describe(
        'workflow, customer, operator, stripe, `api:<key id>`, or `operator:<name> (api:<key id>)` where the request named a person',
      ),
    why: z.string().nullable(),
    charge_id: z.string().nullable(),
    details: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
  })
  .meta({ id: 'TimelineEntry', description: 'What happened, who did it, and why' });

export const notificationObject = z
  .object({
    object: z.literal('notification'),
    id: z.string(),
    enrollment_id: enrollmentId,
    charge_id: z.string().nullable(),
    kind: z.string(),
    locale: z.string(),
    data: z.object({
      amount_minor: amountMinor.nullable(),
      currency: z.string(),
      description: z.string().nullable(),
      charge_number: z.int().nullable(),
      due_at: instant.nullable(),
      next_attempt_at: instant.nullable(),
      next_charge_at: instant
        .nullable()
        .describe('As it was planned then; what is planned now is in the enrollment. ISO 8601, UTC'),
      give_up_at: instant
        .nullable()
        .describe('Until when the customer is waited for, as it was decided then'),
      reason: z.enum(CUSTOMER_REASONS).nullable(),
      time_zone: z.string(),
    }),
    created_at: instant,
    mailed_at: instant.nullable(),
    read_at: instant.nullable(),
  })
  .meta({ id: 'Notification', description: 'What the customer was told, by mail and in the application' });
export type NotificationObject = z.output<typeof notificationObject>;

export const notificationParams = z.object({
  id: enrollmentId,
  notificationId: z
    .string()
    .regex(/^ntf_\w{1,110}$/, { error: 'expected the id of a notification' })
    .describe('Id of a notification'),
});

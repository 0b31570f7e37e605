/** Webhooks that were accepted, in the public API. */
import { z } from 'zod';
import { cursor, limit } from './lists.ts';
import { enrollmentId, instant } from './texts.ts';

const EVENT_ID = /^evt_\w{1,200}$/;

export const webhookObject = z
  .object({
    object: z.literal('webhook'),
    id: z.string().describe("Stripe's id of the event"),
    type: z.string(),
    state: z
      .enum(['pending', 'signalled', 'ignored'])
      .describe('pending: to be delivered; signalled: the Workflow has it; ignored: nothing follows from it'),
    ignored_reason: z.string().nullable(),
    enrollment_id: z.string().nullable().describe('null until it was delivered, and for what concerns none'),
    object_id: z.string().nullable().describe('Stripe object that it is about'),
    api_version: z.string().nullable(),
    livemode: z.boolean(),
    stripe_created_at: instant,
    received_at: instant,
    deliveries: z.int().describe('How often Stripe sent it'),
    signalled_at: instant.nullable(),
    attempts: z.int().describe('Tries to deliver it to its Workflow'),
    next_attempt_at: instant.nullable().describe('null unless it is pending'),
    last_error: z.string().nullable(),
  })
  .meta({ id: 'Webhook', description: 'An event of Stripe that was accepted, and what became of it' });
export type WebhookObject = z.output<typeof webhookObject>;

export const webhookDetail = z
  .object({
    ...webhookObject.shape,
    payload: z
      .record(z.string(), z.unknown())
      .describe('The event as it is kept: without contact details and client secrets'),
    redeliveries: z
      .array(z.object({ at: instant, who: z.string(), why: z.string().nullable() }))
      .describe('Who had it delivered again, and why'),
  })
  .meta({ id: 'WebhookDetail', description: 'A webhook with its content' });

export const webhookQuery = z.strictObject({
  state: webhookObject.shape.state.optional(),
  type: z
    .string()
    .regex(/^[a-z0-9_.]{1,100}$/, { error: 'expected a type of event, e.g. checkout.session.completed' })
    .optional(),
  enrollment_id: enrollmentId.optional(),
  limit,
  cursor: cursor(EVENT_ID, String),
});

export const webhookParams = z.object({
  eventId: z
    .string()
    .regex(EVENT_ID, { error: "expected the id of an event of Stripe's, evt_…" })
    .describe('Id of an event'),
});

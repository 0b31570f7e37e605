/** Signed events to send, in the shape that Stripe gave a real one: as large, and each with an id of its own. */
import { randomBytes } from 'node:crypto';
import type Stripe from 'stripe';
import { chargeId } from '../../domain/ids.ts';
import type { Stage } from '../stage/stage.ts';
import type { Shot } from './load.ts';

export type Template = Stripe.Event;

/** An event of the stand-in about a payment. */
export async function paymentEvent(stage: Stage): Promise<Template> {
  await stage.standIn();
  const stripe = stage.stripe();
  await stripe.paymentIntents.create({
    amount: 980,
    currency: 'jpy',
    payment_method: 'pm_card_visa',
    confirm: true,
    automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
  });
  const { data } = await stripe.events.list({ type: 'payment_intent.succeeded', limit: 1 });
  const [event] = data;
  if (event === undefined) {
    throw new Error('the stand-in has no event about a payment');
  }
  return JSON.parse(JSON.stringify(event)) as Template;
}

/** What most events of production are: the echo of a request of ours. */
export function echoOf(template: Template): Template {
  const request = { id: `req_${randomBytes(7).toString('hex')}`, idempotency_key: 'durable-billing/bench' };
  return { ...template, id: newEventId(), request };
}

/** One that must reach a Workflow: a payment changed without a request of ours. */
export function newsFor(template: Template, enrollmentId: string): Template {
  const event = { ...template, id: newEventId(), request: { id: null, idempotency_key: null } };
  const object = { ...template.data.object, metadata: { charge_id: chargeId(enrollmentId, 777) } };
  return { ...event, data: { object } } as Template;
}

/** Ready to be sent. */
export function signed(stage: Stage, secret: string, event: Template): Shot {
  const body = JSON.stringify(event);
  const signature = stage.stripe().webhooks.generateTestHeaderString({ payload: body, secret });
  return {
    method: 'POST',
    path: '',
    headers: { 'content-type': 'application/json; charset=utf-8', 'stripe-signature': signature },
    body,
  };
}

function newEventId(): string {
  return `evt_${randomBytes(12).toString('hex')}`;
}

/** Stripe events as they come over the wire, for tests of the webhook. */
import { randomBytes } from 'node:crypto';

export const eventId = () => `evt_${randomBytes(8).toString('hex')}`;

export function stripeEvent(type: string, object: object, more: object = {}) {
  return {
    id: eventId(),
    object: 'event',
    api_version: '2026-10-28.endive',
    created: Math.floor(Date.now() / 1000),
    data: { object },
    livemode: false,
    pending_webhooks: 1,
    request: { id: null, idempotency_key: null },
    type,
    ...more,
  };
}

export const sessionEvent = (outcome: 'completed' | 'expired', id: string, more: object = {}) =>
  stripeEvent(`checkout.session.${outcome}`, { id, object: 'checkout.session', mode: 'setup', ...more });

/** An event that was read from Stripe instead of delivered by it, as the inbox keeps it. Used by the sweep and by repairs. */
import type Stripe from 'stripe';
import { readStripeEvent } from './stripe-event.ts';

/**
 * What the inbox's row holds of an event.
 * @param livemode mode of the Stripe key that this installation has
 */
export function receivedEventOf(event: Stripe.Event, livemode: boolean) {
  const about = readStripeEvent(event, livemode);
  const { object } = event.data;
  return {
    id: event.id,
    type: event.type,
    apiVersion: event.api_version,
    livemode: event.livemode,
    objectId: 'id' in object && typeof object.id === 'string' ? object.id : null,
    payload: event,
    stripeCreatedAt: new Date(event.created * 1000),
    ignoredReason: 'ask' in about ? null : about.reason,
  };
}

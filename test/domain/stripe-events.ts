/** Stripe's events as tests write them. */
import { type EventQuestion, readStripeEvent } from '../../domain/stripe-event.ts';

export const SUFFIX = '0123456789abcdefghijklmnop';
export const ENROLLMENT = `enr_${SUFFIX}`;
export const OTHER = `enr_${'z'.repeat(26)}`;
export const CHARGE = `chg_${SUFFIX}_3`;

export function event(type: string, object: object, more: object = {}): object {
  return { id: 'evt_1', object: 'event', type, livemode: false, data: { object }, ...more };
}

export function session(more: object = {}): object {
  return { id: 'cs_test_1', object: 'checkout.session', mode: 'setup', ...more };
}

export function intent(more: object = {}): object {
  return { id: 'pi_1', object: 'payment_intent', metadata: { charge_id: CHARGE }, ...more };
}

/** What an event asks. @throws when it asks nothing of that kind */
export function ask<Kind extends EventQuestion['ask']>(kind: Kind, given: object) {
  const read = readStripeEvent(given, false);
  if (!('ask' in read) || read.ask !== kind) {
    throw new Error(`expected a question about ${kind}, got ${JSON.stringify(read)}`);
  }
  return read as Extract<EventQuestion, { ask: Kind }>;
}

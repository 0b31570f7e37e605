// PaymentIntents: every status, and what may be done in it.

import assert from 'node:assert/strict';
import type Stripe from 'stripe';
import { type CaseContext, contract, idOf, refusal } from '../context.ts';
import { ON_SESSION, RETURN } from './parts.ts';

/** How Stripe refuses what a status does not allow. */
export const UNEXPECTED = { status: 400, code: 'payment_intent_unexpected_state' } as const;
/** The least that a PaymentIntent says. */
export const BASE = {
  amount: 1099,
  currency: 'usd',
  automatic_payment_methods: ON_SESSION.automatic_payment_methods,
} as const;

type Make = (context: CaseContext) => Promise<Stripe.PaymentIntent>;

/** A PaymentIntent in each status. */
export const inStatus: Record<Stripe.PaymentIntent['status'] & string, Make> = {
  requires_payment_method: ({ stripe }) => stripe.paymentIntents.create(BASE),
  requires_confirmation: ({ stripe }) =>
    stripe.paymentIntents.create({ ...BASE, payment_method: 'pm_card_visa' }),
  requires_action: ({ stripe }) =>
    stripe.paymentIntents.create({
      amount: 1099,
      currency: 'usd',
      payment_method: 'pm_card_authenticationRequired',
      confirm: true,
      return_url: RETURN,
    }),
  requires_capture: ({ stripe }) =>
    stripe.paymentIntents.create({ ...ON_SESSION, payment_method: 'pm_card_visa', capture_method: 'manual' }),
  processing: async (context) => {
    const customer = await context.stripe.customers.create();
    return context.stripe.paymentIntents.create({
      ...ON_SESSION,
      customer: customer.id,
      payment_method: 'pm_usBankAccount_processing',
      mandate_data: { customer_acceptance: { type: 'offline', offline: {} } },
    });
  },
  succeeded: ({ stripe }) => stripe.paymentIntents.create({ ...ON_SESSION, payment_method: 'pm_card_visa' }),
  canceled: async ({ stripe }) => {
    const intent = await stripe.paymentIntents.create(BASE);
    return stripe.paymentIntents.cancel(intent.id, { cancellation_reason: 'requested_by_customer' });
  },
};

const allows = {
  confirm: ['requires_payment_method', 'requires_confirmation', 'requires_action'],
  cancel: [
    'requires_payment_method',
    'requires_confirmation',
    'requires_action',
    'requires_capture',
    'processing',
  ],
  capture: ['requires_capture'],
};

export const paymentIntentStateCases = Object.entries(inStatus).flatMap(([status, make]) => [
  contract(`PaymentIntent: ${status} is reached`, async (context) => {
    const intent = await make(context);
    assert.equal(intent.status, status);
    assert.equal(intent.capture_method, status === 'requires_capture' ? 'manual' : 'automatic_async');
    await context.eventTypes(intent.id, ['payment_intent.created']);
  }),
  contract(`PaymentIntent: confirm in ${status}`, async (context) => {
    const intent = await make(context);
    const params = { payment_method: 'pm_card_visa', return_url: RETURN };
    const call = context.stripe.paymentIntents.confirm(intent.id, params);
    if (!allows.confirm.includes(status)) {
      const error = await refusal(call, UNEXPECTED);
      assert.equal(error.payment_intent?.status, status);
      return;
    }
    const done = await call;
    assert.equal(done.status, 'succeeded');
    assert.equal(done.amount_received, 1099);
    await context.eventTypes(intent.id, ['payment_intent.succeeded']);
    await context.eventTypes(idOf(done.latest_charge), ['charge.succeeded']);
  }),
  contract(`PaymentIntent: cancel in ${status}`, async (context) => {
    const intent = await make(context);
    const call = context.stripe.paymentIntents.cancel(intent.id, { cancellation_reason: 'abandoned' });
    if (!allows.cancel.includes(status)) {
      const error = await refusal(call, UNEXPECTED);
      assert.equal(error.payment_intent?.status, status);
      return;
    }
    const done = await call;
    assert.equal(done.status, 'canceled');
    assert.equal(done.cancellation_reason, 'abandoned');
    assert.ok(done.canceled_at);
    assert.equal(done.amount_capturable, 0);
    await context.eventTypes(intent.id, ['payment_intent.canceled']);
  }),
  contract(`PaymentIntent: capture in ${status}`, async (context) => {
    const intent = await make(context);
    const call = context.stripe.paymentIntents.capture(intent.id);
    if (!allows.capture.includes(status)) {
      await refusal(call, UNEXPECTED);
      return;
    }
    const done = await call;
    assert.equal(done.status, 'succeeded');
    assert.equal(done.amount_received, 1099);
    await context.eventTypes(idOf(done.latest_charge), ['charge.succeeded', 'charge.captured']);
    await context.eventTypes(intent.id, [
      'payment_intent.amount_capturable_updated',
      'payment_intent.succeeded',
    ]);
  }),
]);

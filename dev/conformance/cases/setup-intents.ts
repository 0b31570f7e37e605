// SetupIntents: every status with confirm and cancel.

import assert from 'node:assert/strict';
import type Stripe from 'stripe';
import { type CaseContext, contract, idOf, refusal, whole } from '../context.ts';
import { passChallenge, RETURN, untilRefused } from './parts.ts';

const UNEXPECTED = { status: 400, code: 'setup_intent_unexpected_state' } as const;
const CARDS_ONLY = { automatic_payment_methods: { enabled: true, allow_redirects: 'never' } } as const;

/** A SetupIntent in each status that can be reached with cards. */
const inStatus: Record<string, (context: CaseContext) => Promise<Stripe.SetupIntent>> = {
  requires_payment_method: ({ stripe }) => stripe.setupIntents.create(CARDS_ONLY),
  requires_confirmation: ({ stripe }) =>
    stripe.setupIntents.create({ ...CARDS_ONLY, payment_method: 'pm_card_visa' }),
  requires_action: ({ stripe }) =>
    stripe.setupIntents.create({
      payment_method: 'pm_card_authenticationRequiredOnSetup',
      confirm: true,
      return_url: RETURN,
    }),
  succeeded: ({ stripe }) =>
    stripe.setupIntents.create({ ...CARDS_ONLY, payment_method: 'pm_card_visa', confirm: true }),
  canceled: async ({ stripe }) => {
    const intent = await stripe.setupIntents.create({ ...CARDS_ONLY, payment_method: 'pm_card_visa' });
    return stripe.setupIntents.cancel(intent.id, { cancellation_reason: 'abandoned' });
  },
};

const confirmable = ['requires_payment_method', 'requires_confirmation', 'requires_action'];

export const setupIntentCases = [
  ...Object.entries(inStatus).flatMap(([status, make]) => [
    contract(`SetupIntent: ${status} is reached`, async (context) => {
      const intent = await make(context);
      assert.equal(intent.status, status);
      assert.equal(intent.usage, 'off_session');
      if (status === 'canceled') assert.ok(intent.payment_method, 'the method is kept');
    }),
    contract(`SetupIntent: confirm in ${status}`, async (context) => {
      const intent = await make(context);
      const call = context.stripe.setupIntents.confirm(intent.id, {
        payment_method: 'pm_card_visa',
        return_url: RETURN,
      });
      if (!confirmable.includes(status)) {
        const error = await refusal(call, UNEXPECTED);
        assert.equal(error.setup_intent?.id, intent.id);
        return;
      }
      assert.equal((await call).status, 'succeeded');
    }),
    contract(`SetupIntent: cancel in ${status}`, async (context) => {
      const intent = await make(context);
      const call = context.stripe.setupIntents.cancel(intent.id);
      if (!confirmable.includes(status)) {
        await refusal(call, UNEXPECTED);
        return;
      }
      assert.equal((await call).status, 'canceled');
      await context.eventTypes(intent.id, ['setup_intent.canceled']);
    }),
  ]),

  contract(
    'SetupIntent: confirm without a method is refused before its status is looked at',
    async (context) => {
      const intent = await inStatus.requires_payment_method?.(context);
      assert.ok(intent);
      await refusal(context.stripe.setupIntents.confirm(intent.id), UNEXPECTED);
      await context.stripe.setupIntents.cancel(intent.id);
      const error = await refusal(context.stripe.setupIntents.confirm(intent.id), UNEXPECTED);
      assert.match(error.message, /missing a payment method/);
    },
  ),

  contract('SetupIntent: success attaches the method to its customer', async ({ stripe, ...context }) => {
    const customer = await stripe.customers.create();
    const intent = await stripe.setupIntents.create({
      ...CARDS_ONLY,
      customer: customer.id,
      payment_method: 'pm_card_visa',
      confirm: true,
      expand: ['payment_method', 'latest_attempt'],
    });
    assert.equal(intent.status, 'succeeded');
    assert.equal(whole(intent.payment_method).customer, customer.id);
    assert.equal(whole(intent.latest_attempt).status, 'succeeded');
    await context.eventTypes(intent.id, ['setup_intent.created', 'setup_intent.succeeded']);
  }),

  contract(
    'SetupIntent: a decline is a 402 with the SetupIntent and the method',
    async ({ stripe, ...context }) => {
      const intent = await stripe.setupIntents.create(CARDS_ONLY);
      const error = await refusal(
        stripe.setupIntents.confirm(intent.id, { payment_method: 'pm_card_chargeDeclinedExpiredCard' }),
        {
          status: 402,
          type: 'card_error',
          code: 'expired_card',
          declineCode: 'expired_card',
          param: 'exp_month',
        },
      );
      assert.equal(error.setup_intent?.status, 'requires_payment_method');
      assert.equal(error.setup_intent?.last_setup_error?.code, 'expired_card');
      assert.ok(error.payment_method?.id);
      const read = await stripe.setupIntents.retrieve(intent.id);
      assert.equal(read.payment_method, null);
      await context.eventTypes(intent.id, ['setup_intent.setup_failed']);
    },
  ),

  contract(
    'SetupIntent: a challenge has an address, and comes back to the return address',
    async (context) => {
      const intent = await inStatus.requires_action?.(context);
      assert.ok(intent);
      assert.equal(intent.next_action?.type, 'redirect_to_url');
      assert.equal(intent.next_action?.redirect_to_url?.return_url, RETURN);
      await context.eventTypes(intent.id, ['setup_intent.requires_action']);
      const back = new URL((await passChallenge(context, intent)) ?? '');
      assert.equal(back.searchParams.get('setup_intent'), intent.id);
      assert.equal(back.searchParams.get('redirect_status'), 'succeeded');
      assert.equal((await context.stripe.setupIntents.retrieve(intent.id)).status, 'succeeded');
    },
  ),

  contract('SetupIntent: without a return address a challenge is for a script', async ({ stripe }) => {
    const intent = await stripe.setupIntents.create({
      ...CARDS_ONLY,
      payment_method: 'pm_card_authenticationRequiredOnSetup',
      confirm: true,
    });
    assert.equal(intent.next_action?.type, 'use_stripe_sdk');
  }),

  contract('SetupIntent: a failed challenge goes back to requires_payment_method', async (context) => {
    const intent = await inStatus.requires_action?.(context);
    assert.ok(intent);
    const back = new URL((await passChallenge(context, intent, 'fail')) ?? '');
    assert.equal(back.searchParams.get('redirect_status'), 'failed');
    const read = await context.stripe.setupIntents.retrieve(intent.id);
    assert.equal(read.status, 'requires_payment_method');
    assert.equal(read.last_setup_error?.code, 'setup_intent_authentication_failure');
  }),

  contract("SetupIntent: another customer's method is refused", async ({ stripe }) => {
    const one = await stripe.customers.create();
    const two = await stripe.customers.create();
    const method = await stripe.paymentMethods.attach('pm_card_visa', { customer: one.id });
    const error = await refusal(stripe.setupIntents.create({ customer: two.id, payment_method: method.id }), {
      status: 400,
      param: 'payment_method',
    });
    assert.equal(error.code, undefined);
  }),

  contract('SetupIntent: confirmed too often it is canceled', async (context) => {
    context.base();
    const intent = await context.stripe.setupIntents.create(CARDS_ONLY);
    const declined = { payment_method: 'pm_card_visa_chargeDeclined' };
    await untilRefused(() => context.stripe.setupIntents.confirm(intent.id, declined), UNEXPECTED.code);
    assert.equal((await context.stripe.setupIntents.retrieve(intent.id)).status, 'canceled');
  }),

  contract('SetupIntent: payment_method_types is no longer a parameter', async ({ stripe }) => {
    await refusal(stripe.rawRequest('POST', '/v1/setup_intents', { payment_method_types: ['card'] }), {
      status: 400,
      code: 'payment_method_types_no_longer_supported',
      param: 'payment_method_types',
    });
  }),

  contract('SetupIntent: its attempts are listed', async ({ stripe }) => {
    const intent = await stripe.setupIntents.create({
      ...CARDS_ONLY,
      payment_method: 'pm_card_visa',
      confirm: true,
    });
    const attempts = await stripe.setupAttempts.list({ setup_intent: intent.id });
    assert.deepEqual(
      attempts.data.map((it) => it.id),
      [idOf(intent.latest_attempt)],
    );
  }),
];

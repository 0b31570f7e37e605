// Bank debits: Stripe's test accounts, processing, and the exception that lets a processing debit be canceled.

import assert from 'node:assert/strict';
import type Stripe from 'stripe';
import { type CaseContext, contract, idOf, refusal, whole } from '../context.ts';
import { ON_SESSION, passChallenge } from './parts.ts';

const AGREED = { mandate_data: { customer_acceptance: { type: 'offline', offline: {} } } } as const;

async function debit({ stripe }: CaseContext, token: string, currency = 'usd') {
  const customer = await stripe.customers.create({ name: 'Jenny Rosen', email: 'jenny@example.com' });
  return stripe.paymentIntents.create({
    ...ON_SESSION,
    ...AGREED,
    currency,
    customer: customer.id,
    payment_method: token,
  });
}

/** Token, currency, how it ends, and the code of a failure. */
const ENDINGS: readonly [token: string, currency: string, status: string, code: string | null][] = [
  ['pm_usBankAccount_success', 'usd', 'succeeded', null],
  ['pm_usBankAccount_accountClosed', 'usd', 'requires_payment_method', 'account_closed'],
  ['pm_usBankAccount_noAccount', 'usd', 'requires_payment_method', 'no_account'],
  ['pm_usBankAccount_insufficientFunds', 'usd', 'requires_payment_method', 'insufficient_funds'],
  ['pm_usBankAccount_debitNotAuthorized', 'usd', 'requires_payment_method', 'debit_not_authorized'],
  ['pm_usBankAccount_invalidCurrency', 'usd', 'requires_payment_method', 'invalid_currency'],
  ['pm_sepaDebit_success_de', 'eur', 'succeeded', null],
  ['pm_sepaDebit_successDelayed_de', 'eur', 'succeeded', null],
  ['pm_sepaDebit_failed_de', 'eur', 'requires_payment_method', 'generic_could_not_process'],
  ['pm_sepaDebit_failedDelayed_de', 'eur', 'requires_payment_method', 'generic_could_not_process'],
  ['pm_sepaDebit_insufficientFunds_de', 'eur', 'requires_payment_method', 'insufficient_funds'],
  ['pm_sepaDebit_success_at', 'eur', 'succeeded', null],
];

async function rawAccount({ stripe }: CaseContext, account_number = '000123456789') {
  return stripe.paymentMethods.create({
    type: 'us_bank_account',
    billing_details: { name: 'Jenny Rosen' },
    us_bank_account: { account_holder_type: 'individual', account_number, routing_number: '110000000' },
  });
}

async function unverified(context: CaseContext, account?: string): Promise<Stripe.SetupIntent> {
  const customer = await context.stripe.customers.create();
  const method = await rawAccount(context, account);
  return context.stripe.setupIntents.create({
    automatic_payment_methods: ON_SESSION.automatic_payment_methods,
    customer: customer.id,
    payment_method: method.id,
    confirm: true,
    ...AGREED,
  });
}

export const debitCases = [
  ...ENDINGS.map(([token, currency, status, code]) =>
    contract(`Debit ${token}: processing, then ${code ?? status}`, async (context) => {
      context.base(); // Real debits take minutes to end.
      const intent = await debit(context, token, currency);
      assert.equal(intent.status, 'processing');
      await context.eventTypes(intent.id, ['payment_intent.processing']);
      await context.control('clock', { advance_seconds: 6 * 86_400 });
      const read = await context.stripe.paymentIntents.retrieve(intent.id, { expand: ['latest_charge'] });
      assert.equal(read.status, status);
      assert.equal(read.last_payment_error?.code ?? null, code);
      assert.equal(whole(read.latest_charge).status, code === null ? 'succeeded' : 'failed');
      await context.eventTypes(intent.id, [
        code === null ? 'payment_intent.succeeded' : 'payment_intent.payment_failed',
      ]);
    }),
  ),

  contract('Debit: a delayed SEPA debit takes three minutes', async (context) => {
    context.base();
    const intent = await debit(context, 'pm_sepaDebit_successDelayed_de', 'eur');
    await context.control('clock', { advance_seconds: 170 });
    assert.equal((await context.stripe.paymentIntents.retrieve(intent.id)).status, 'processing');
    await context.control('clock', { advance_seconds: 15 });
    assert.equal((await context.stripe.paymentIntents.retrieve(intent.id)).status, 'succeeded');
  }),

  contract('Debit: one that stays in processing can be settled or failed', async (context) => {
    context.base();
    const one = await debit(context, 'pm_usBankAccount_processing');
    await context.control('clock', { advance_seconds: 30 * 86_400 });
    assert.equal((await context.stripe.paymentIntents.retrieve(one.id)).status, 'processing');
    await context.control(`payment_intents/${one.id}/settle`);
    assert.equal((await context.stripe.paymentIntents.retrieve(one.id)).status, 'succeeded');
    const two = await debit(context, 'pm_usBankAccount_processing');
    await context.control(`payment_intents/${two.id}/fail`, { code: 'debit_not_authorized' });
    const failed = await context.stripe.paymentIntents.retrieve(two.id);
    assert.equal(failed.status, 'requires_payment_method');
    assert.equal(failed.last_payment_error?.code, 'debit_not_authorized');
    await assert.rejects(context.control(`payment_intents/${two.id}/settle`), /409/);
  }),

  contract('Debit: processing can be canceled for a while, then no more', async (context) => {
    context.base();
    const one = await debit(context, 'pm_usBankAccount_processing');
    const canceled = await context.stripe.paymentIntents.cancel(one.id);
    assert.equal(canceled.status, 'canceled');
    await context.eventTypes(one.id, ['payment_intent.canceled']);
    const two = await debit(context, 'pm_usBankAccount_processing');
    await context.control('clock', { advance_seconds: 13 * 3600 });
    const error = await refusal(context.stripe.paymentIntents.cancel(two.id), {
      status: 400,
      type: 'invalid_request_error',
      code: 'payment_intent_unexpected_state',
    });
    assert.equal(error.payment_intent?.status, 'processing');
    const three = await debit(context, 'pm_usBankAccount_processing');
    await context.control(`payment_intents/${three.id}/cancel_window`, { seconds: 0 });
    await refusal(context.stripe.paymentIntents.cancel(three.id), { status: 400 });
  }),

  contract('Debit: over the weekly limit it is refused at once', async (context) => {
    await refusal(debit(context, 'pm_usBankAccount_weeklyLimitExceeded'), {
      status: 402,
      code: 'charge_exceeds_source_limit',
    });
  }),

  contract('Debit: a disputed one', async (context) => {
    context.base();
    const intent = await debit(context, 'pm_usBankAccount_dispute');
    await context.control(`payment_intents/${intent.id}/settle`);
    const disputes = await context.stripe.disputes.list({ payment_intent: intent.id });
    assert.equal(disputes.data.length, 1);
  }),

  contract('Debit: IBANs that take no debits fail when the method is made', async ({ stripe }) => {
    for (const [iban, code] of [
      ['DE91370400440000055555', 'sepa_debit_bank_not_supported'],
      ['DE18370400440000066666', 'sepa_debit_debits_not_supported'],
    ] as const) {
      const billing_details = { name: 'Jenny', email: 'jenny@example.com' };
      const call = stripe.paymentMethods.create({
        type: 'sepa_debit',
        sepa_debit: { iban },
        billing_details,
      });
      await refusal(call, { status: 400, code });
    }
  }),

  contract('Debit: a setup makes a mandate, and later charges use it until it ends', async (context) => {
    const { stripe } = context;
    const customer = await stripe.customers.create();
    const setup = await stripe.setupIntents.create({
      automatic_payment_methods: ON_SESSION.automatic_payment_methods,
      customer: customer.id,
      payment_method: 'pm_usBankAccount_success',
      confirm: true,
      ...AGREED,
      expand: ['mandate'],
    });
    assert.equal(setup.status, 'succeeded');
    const mandate = whole(setup.mandate);
    assert.equal(mandate.status, 'active');
    const params = {
      amount: 1099,
      currency: 'usd',
      customer: customer.id,
      payment_method: idOf(setup.payment_method),
      off_session: true,
      confirm: true,
    } as const;
    assert.equal((await stripe.paymentIntents.create(params)).status, 'processing');
    await context.control(`mandates/${mandate.id}/end`);
    assert.equal((await stripe.mandates.retrieve(mandate.id)).status, 'inactive');
    await context.eventTypes(mandate.id, ['mandate.updated']);
    await refusal(stripe.paymentIntents.create(params), {
      status: 400,
      code: 'payment_intent_mandate_invalid',
    });
  }),

  contract('Debit: an account that was typed in has to be verified', async (context) => {
    const intent = await unverified(context);
    assert.equal(intent.status, 'requires_action');
    assert.equal(intent.next_action?.type, 'verify_with_microdeposits');
    await refusal(context.stripe.setupIntents.verifyMicrodeposits(intent.id, { amounts: [1, 2] }), {
      status: 400,
      code: 'payment_method_microdeposit_verification_amounts_mismatch',
    });
    const done = await context.stripe.setupIntents.verifyMicrodeposits(intent.id, { amounts: [32, 45] });
    assert.equal(done.status, 'succeeded');
  }),

  ...(
    [
      [{ descriptor_code: 'SM11AA' }, 'succeeded', null],
      [
        { amounts: [10, 11] },
        'requires_payment_method',
        'payment_method_microdeposit_verification_attempts_exceeded',
      ],
      [
        { descriptor_code: 'SM33CC' },
        'requires_payment_method',
        'payment_method_microdeposit_verification_attempts_exceeded',
      ],
      [{ amounts: [40, 41] }, 'requires_payment_method', 'payment_method_microdeposit_verification_timeout'],
      [
        { descriptor_code: 'SM44DD' },
        'requires_payment_method',
        'payment_method_microdeposit_verification_timeout',
      ],
    ] as const
  ).map(([answer, status, code]) =>
    contract(
      `Debit: microdeposits answered ${JSON.stringify(answer)} → ${code ?? status}`,
      async (context) => {
        const intent = await unverified(context);
        const params = 'amounts' in answer ? { amounts: [...answer.amounts] } : answer;
        await context.stripe.setupIntents.verifyMicrodeposits(intent.id, params).catch(() => null);
        const read = await context.stripe.setupIntents.retrieve(intent.id);
        assert.equal(read.status, status);
        assert.equal(read.last_setup_error?.code ?? null, code);
      },
    ),
  ),

  contract('Debit: microdeposits that never arrive', async (context) => {
    context.base();
    const intent = await unverified(context, '000666666661');
    await context.control('clock', { advance_seconds: 3 * 86_400 });
    const read = await context.stripe.setupIntents.retrieve(intent.id);
    assert.equal(read.last_setup_error?.code, 'payment_method_microdeposit_failed');
  }),

  contract('Debit: the verification page takes the code', async (context) => {
    const intent = await unverified(context);
    const url = intent.next_action?.verify_with_microdeposits?.hosted_verification_url ?? '';
    assert.equal((await context.page(url, { descriptorCode: 'SM00XX' })).status, 422);
    assert.equal((await context.page(url, { descriptorCode: 'SM11AA' })).status, 200);
    assert.equal((await context.stripe.setupIntents.retrieve(intent.id)).status, 'succeeded');
  }),

  contract('Debit: on the Checkout page', async (context) => {
    const session = await context.stripe.checkout.sessions.create({
      mode: 'setup',
      currency: 'eur',
      success_url: 'https://example.com/ok',
    });
    await context.page(session.url ?? '', {
      paymentMethod: 'sepa_debit',
      iban: 'DE89 3704 0044 0532 0130 00',
      billingName: 'Jenny',
      email: 'jenny@example.com',
    });
    const done = await context.stripe.checkout.sessions.retrieve(session.id, {
      expand: ['setup_intent.payment_method'],
    });
    const intent = whole(done.setup_intent);
    assert.equal(whole(intent.payment_method).type, 'sepa_debit');
    assert.ok(intent.mandate);
    assert.equal(await passChallenge(context, intent), null);
  }),
];

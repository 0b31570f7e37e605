// Stripe's test cards: what each one does when it is saved, charged on-session, and charged off-session after a setup.
// Written from Stripe's page "Testing", not from the stand-in's table.

import assert from 'node:assert/strict';
import { contract, idOf, refusal } from '../context.ts';
import { CHARGE, ON_SESSION, passChallenge, RETURN, savedCard, setUpCard } from './parts.ts';

/** `ok`, or the error code and decline code, or `challenge`. */
type Outcome = 'ok' | 'challenge' | readonly [code: string, declineCode: string];

interface Line {
  token: string;
  /** Attached to a customer. */
  attach: 'ok' | readonly [string, string];
  /** Paid on-session. */
  pay: Outcome;
  /** Charged off-session when it was only attached; absent: not stated. */
  offSession?: Outcome;
  /** Charged off-session after a setup; absent: cannot be set up, or not stated. */
  afterSetup?: Outcome;
}

const GENERIC = ['card_declined', 'generic_decline'] as const;
const declined = (declineCode: string, code = 'card_declined') => [code, declineCode] as const;
const fine = (token: string): Line => ({
  token,
  attach: 'ok',
  pay: 'ok',
  offSession: 'ok',
  afterSetup: 'ok',
});
const never = (token: string, outcome: readonly [string, string]): Line => ({
  token,
  attach: outcome,
  pay: outcome,
});
const AUTHENTICATION = declined('authentication_required', 'authentication_required');

const LINES: readonly Line[] = [
  fine('pm_card_visa'),
  fine('pm_card_mastercard'),
  fine('pm_card_amex'),
  fine('pm_card_visa_debit'),
  fine('pm_card_mastercard_debit'),
  fine('pm_card_bypassPending'),
  fine('pm_card_threeDSecureOptional'),
  fine('pm_card_cvcCheckFail'),
  fine('pm_card_avsZipFail'),
  {
    token: 'pm_card_chargeCustomerFail',
    attach: 'ok',
    pay: GENERIC,
    offSession: GENERIC,
    afterSetup: GENERIC,
  },
  never('pm_card_visa_chargeDeclined', GENERIC),
  never('pm_card_visa_chargeDeclinedInsufficientFunds', declined('insufficient_funds')),
  never('pm_card_visa_chargeDeclinedLostCard', declined('lost_card')),
  never('pm_card_visa_chargeDeclinedStolenCard', declined('stolen_card')),
  never('pm_card_chargeDeclinedExpiredCard', declined('expired_card', 'expired_card')),
  never('pm_card_chargeDeclinedIncorrectCvc', declined('incorrect_cvc', 'incorrect_cvc')),
  never('pm_card_chargeDeclinedProcessingError', declined('processing_error', 'processing_error')),
  never('pm_card_visa_chargeDeclinedVelocityLimitExceeded', declined('card_velocity_exceeded')),
  {
    token: 'pm_card_authenticationRequiredOnSetup',
    attach: 'ok',
    pay: 'challenge',
    offSession: AUTHENTICATION,
    afterSetup: 'ok',
  },
  {
    token: 'pm_card_authenticationRequired',
    attach: 'ok',
    pay: 'challenge',
    offSession: AUTHENTICATION,
    afterSetup: AUTHENTICATION,
  },
  {
    token: 'pm_card_authenticationRequiredSetupForOffSession',
    attach: 'ok',
    pay: 'challenge',
    offSession: 'ok',
    afterSetup: 'ok',
  },
  { token: 'pm_card_authenticationRequiredChargeDeclinedInsufficientFunds', attach: 'ok', pay: 'challenge' },
  { token: 'pm_card_threeDSecure2Required', attach: 'ok', pay: 'challenge' },
];

function outcomeName(outcome: Outcome): string {
  return typeof outcome === 'string' ? outcome : outcome[1];
}

async function expectOutcome(call: Promise<{ status: string }>, outcome: Outcome): Promise<void> {
  if (typeof outcome !== 'string') {
    await refusal(call, { status: 402, type: 'card_error', code: outcome[0], declineCode: outcome[1] });
    return;
  }
  assert.equal((await call).status, outcome === 'ok' ? 'succeeded' : 'requires_action');
}

/** After the challenge was passed. */
const AFTER_CHALLENGE: readonly [token: string, status: string, declineCode: string | null][] = [
  ['pm_card_authenticationRequired', 'succeeded', null],
  ['pm_card_threeDSecure2Required', 'succeeded', null],
  [
    'pm_card_authenticationRequiredChargeDeclinedInsufficientFunds',
    'requires_payment_method',
    'insufficient_funds',
  ],
  ['pm_card_threeDSecureRequiredChargeDeclined', 'requires_payment_method', 'generic_decline'],
];

export const cardCases = [
  ...LINES.flatMap((line) => [
    contract(`Card ${line.token}: attach ${outcomeName(line.attach)}`, async (context) => {
      if (line.attach === 'ok') {
        const { customer, payment_method } = await savedCard(context, line.token);
        assert.equal((await context.stripe.paymentMethods.retrieve(payment_method)).customer, customer);
        return;
      }
      const [code, declineCode] = line.attach;
      await refusal(savedCard(context, line.token), { status: 402, type: 'card_error', code, declineCode });
    }),
    contract(`Card ${line.token}: on-session ${outcomeName(line.pay)}`, ({ stripe }) =>
      expectOutcome(stripe.paymentIntents.create({ ...ON_SESSION, payment_method: line.token }), line.pay),
    ),
    ...(line.offSession === undefined
      ? []
      : [
          contract(
            `Card ${line.token}: attached, off-session ${outcomeName(line.offSession)}`,
            async (context) => {
              const saved = await savedCard(context, line.token);
              await expectOutcome(
                context.stripe.paymentIntents.create({ ...CHARGE, ...saved }),
                line.offSession ?? 'ok',
              );
            },
          ),
        ]),
    ...(line.afterSetup === undefined
      ? []
      : [
          contract(
            `Card ${line.token}: set up, off-session ${outcomeName(line.afterSetup)}`,
            async (context) => {
              const saved = await setUpCard(context, line.token);
              await expectOutcome(
                context.stripe.paymentIntents.create({ ...CHARGE, ...saved }),
                line.afterSetup ?? 'ok',
              );
            },
          ),
        ]),
  ]),

  ...AFTER_CHALLENGE.map(([token, status, declineCode]) =>
    contract(`Card ${token}: after the challenge ${declineCode ?? status}`, async (context) => {
      const intent = await context.stripe.paymentIntents.create({
        amount: 1099,
        currency: 'usd',
        payment_method: token,
        confirm: true,
        return_url: RETURN,
      });
      assert.equal(intent.status, 'requires_action');
      await passChallenge(context, intent);
      const read = await context.stripe.paymentIntents.retrieve(intent.id);
      assert.equal(read.status, status);
      assert.equal(read.last_payment_error?.decline_code ?? null, declineCode);
    }),
  ),

  contract('Card pm_card_threeDSecureRequiredProcessingError: the lookup fails', ({ stripe }) =>
    expectOutcome(
      stripe.paymentIntents.create({
        ...ON_SESSION,
        payment_method: 'pm_card_threeDSecureRequiredProcessingError',
      }),
      GENERIC,
    ),
  ),

  contract('Card pm_card_threeDSecureOptional: challenged when 3D Secure is asked for', ({ stripe }) =>
    expectOutcome(
      stripe.paymentIntents.create({
        ...ON_SESSION,
        payment_method: 'pm_card_threeDSecureOptional',
        payment_method_options: { card: { request_three_d_secure: 'any' } },
      }),
      'challenge',
    ),
  ),

  contract('Card pm_card_radarBlock: blocked, not sent to the network', async ({ stripe }) => {
    const error = await refusal(
      stripe.paymentIntents.create({ ...ON_SESSION, payment_method: 'pm_card_radarBlock' }),
      { status: 402, code: 'card_declined' },
    );
    const charge = await stripe.charges.retrieve(error.charge ?? '');
    assert.equal(charge.outcome?.type, 'blocked');
    assert.equal(charge.outcome?.network_status, 'not_sent_to_network');
  }),

  contract('Card pm_card_cvcCheckFail: the check fails, the payment does not', async ({ stripe }) => {
    const intent = await stripe.paymentIntents.create({
      ...ON_SESSION,
      payment_method: 'pm_card_cvcCheckFail',
    });
    const charge = await stripe.charges.retrieve(idOf(intent.latest_charge));
    assert.equal(charge.payment_method_details?.card?.checks?.cvc_check, 'fail');
  }),

  ...(
    [
      ['4242424242424241', 12, 2040, '123', 'incorrect_number', 'number'],
      ['4242424242424242', 13, 2040, '123', 'invalid_expiry_month', 'exp_month'],
      ['4242424242424242', 12, 2001, '123', 'invalid_expiry_year', 'exp_year'],
      ['4242424242424242', 12, 2040, '12', 'invalid_cvc', 'cvc'],
    ] as const
  ).map(([number, exp_month, exp_year, cvc, code, param]) =>
    contract(`Card ${number} ${exp_month}/${exp_year} ${cvc}: ${code}`, async (context) => {
      context.base(); // Raw numbers need a permission on a real account.
      await refusal(
        context.stripe.paymentMethods.create({ type: 'card', card: { number, exp_month, exp_year, cvc } }),
        { status: 402, type: 'card_error', code, param },
      );
    }),
  ),

  contract('Card: a number that is no test card is declined', async (context) => {
    context.base();
    const card = { number: '4111111111111111', exp_month: 12, exp_year: 2040, cvc: '123' };
    await refusal(context.stripe.paymentMethods.create({ type: 'card', card }), {
      status: 402,
      code: 'card_declined',
    });
  }),

  contract(
    'Card: what the next charge answers can be ordered, with advice and network codes',
    async (context) => {
      context.base();
      const saved = await savedCard(context);
      await context.control(`payment_methods/${saved.payment_method}/next_charge`, {
        decline_code: 'insufficient_funds',
        advice_code: 'try_again_later',
        network_decline_code: '51',
        network_advice_code: '02',
        times: 1,
      });
      const error = await refusal(context.stripe.paymentIntents.create({ ...CHARGE, ...saved }), {
        status: 402,
        code: 'card_declined',
        declineCode: 'insufficient_funds',
      });
      assert.equal(error.advice_code, 'try_again_later');
      assert.equal(error.network_decline_code, '51');
      assert.equal(error.network_advice_code, '02');
      assert.equal(error.payment_intent?.last_payment_error?.advice_code, 'try_again_later');
      const charge = await context.stripe.charges.retrieve(error.charge ?? '');
      assert.equal(charge.outcome?.advice_code, 'try_again_later');
      assert.equal((await context.stripe.paymentIntents.create({ ...CHARGE, ...saved })).status, 'succeeded');
    },
  ),

  contract('Card: an order can be for all cards of a number, until it is cleared', async (context) => {
    context.base();
    const saved = await savedCard(context, 'pm_card_mastercard');
    const path = 'cards/5555555555554444/next_charge';
    await context.control(path, { decline_code: 'do_not_honor', times: null });
    for (let i = 0; i < 2; i++) {
      const call = context.stripe.paymentIntents.create({ ...CHARGE, ...saved });
      await refusal(call, { status: 402, declineCode: 'do_not_honor' });
    }
    await context.control(path, { clear: true });
    assert.equal((await context.stripe.paymentIntents.create({ ...CHARGE, ...saved })).status, 'succeeded');
  }),

  contract('Card: the network can send a new one', async (context) => {
    context.base();
    const saved = await savedCard(context, 'pm_card_chargeCustomerFail');
    await refusal(context.stripe.paymentIntents.create({ ...CHARGE, ...saved }), { status: 402 });
    const path = `payment_methods/${saved.payment_method}/automatically_updated`;
    await context.control(path, { number: '4242424242424242', exp_year: 2045 });
    assert.equal((await context.stripe.paymentMethods.retrieve(saved.payment_method)).card?.last4, '4242');
    await context.eventTypes(saved.payment_method, ['payment_method.automatically_updated']);
    assert.equal((await context.stripe.paymentIntents.create({ ...CHARGE, ...saved })).status, 'succeeded');
  }),
];

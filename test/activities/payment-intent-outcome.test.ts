/** What a PaymentIntent says about its charge. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Stripe } from 'stripe';
import { outcomeOf } from '../../activities/payment-intent-outcome.ts';
import { createStripe } from '../../config/stripe.ts';
import { type RunningStandIn, startStripeStandIn } from '../../dev/stripe-stand-in/stand-in.ts';

let standIn: RunningStandIn;
let intent: Stripe.PaymentIntent;
beforeAll(async () => {
  standIn = await startStripeStandIn();
  const stripe = createStripe({
    STRIPE_SECRET_KEY: 'sk_test_0123456789',
    STRIPE_API_URL: standIn.url,
    STRIPE_TIMEOUT_MS: 5_000,
  });
  intent = await stripe.paymentIntents.create({ amount: 980, currency: 'jpy' });
});
afterAll(() => standIn.close());

const PAGE = 'https://payments.stripe.com/instructions/1';
const APP = 'https://pm-redirects.stripe.com/authorize/1';

describe('where the customer does what is asked of them', () => {
  it.each([
    ['redirect_to_url', { url: APP, return_url: null }, APP],
    ['alipay_handle_redirect', { url: APP, native_data: null, native_url: null, return_url: null }, APP],
    ['verify_with_microdeposits', { hosted_verification_url: PAGE }, PAGE],
    [
      'cashapp_handle_redirect_or_display_qr_code',
      { hosted_instructions_url: PAGE, mobile_auth_url: APP },
      PAGE,
    ],
    [
      'cashapp_handle_redirect_or_display_qr_code',
      { hosted_instructions_url: '', mobile_auth_url: APP },
      APP,
    ],
    [
      'swish_handle_redirect_or_display_qr_code',
      { hosted_instructions_url: PAGE, mobile_auth_url: APP },
      PAGE,
    ],
    ['upi_handle_redirect_or_display_qr_code', { hosted_instructions_url: PAGE }, PAGE],
    ['pix_display_qr_code', { hosted_instructions_url: PAGE }, PAGE],
    ['wechat_pay_display_qr_code', { hosted_instructions_url: PAGE }, PAGE],
    ['display_bank_transfer_instructions', { hosted_instructions_url: null }, null],
    ['card_await_notification', { charge_attempt_at: null }, null],
    ['use_stripe_sdk', {}, null],
  ])('of %s %o is %s', (type, details, expected) => {
    const next_action = Object.assign({ type }, { [type]: details });
    const asking = { ...intent, status: 'requires_action' as const, next_action };
    expect(outcomeOf(asking, 'card').redirectUrl).toBe(expected);
  });

  it('is nowhere when nothing is asked', () => {
    expect(outcomeOf(intent, 'card').redirectUrl).toBeNull();
  });
});

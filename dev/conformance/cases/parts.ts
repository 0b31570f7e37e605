// Steps that many contract cases begin with.

import assert from 'node:assert/strict';
import Stripe from 'stripe';
import { type CaseContext, idOf } from '../context.ts';

export const SUCCESS = 'https://example.com/ok?session={CHECKOUT_SESSION_ID}';
export const RETURN = 'https://example.com/back';

/** A customer with a card that was attached. `token` is one of Stripe's pm_card_ names. */
export async function savedCard({ stripe }: CaseContext, token = 'pm_card_visa') {
  const customer = await stripe.customers.create({ name: 'Jenny Rosen', email: 'jenny@example.com' });
  const method = await stripe.paymentMethods.attach(token, { customer: customer.id });
  return { customer: customer.id, payment_method: method.id };
}

/** A customer with a card set up for off-session use, challenge passed where the bank asks for one. */
export async function setUpCard(context: CaseContext, token: string) {
  const { stripe } = context;
  const customer = await stripe.customers.create();
  const intent = await stripe.setupIntents.create({
    customer: customer.id,
    payment_method: token,
    confirm: true,
    return_url: RETURN,
  });
  await passChallenge(context, intent);
  const done = await stripe.setupIntents.retrieve(intent.id);
  if (done.status !== 'succeeded') throw new Error(`the setup is ${done.status}`);
  return { customer: customer.id, payment_method: idOf(done.payment_method) };
}

/** Answers an open challenge the way the customer would. Returns where the browser is sent. */
export async function passChallenge(
  context: CaseContext,
  intent: Stripe.SetupIntent | Stripe.PaymentIntent,
  answer: 'complete' | 'fail' = 'complete',
): Promise<string | null> {
  const url = intent.next_action?.redirect_to_url?.url;
  if (!url) return null;
  const response = await context.page(url, { answer });
  return response.headers.get('location');
}

export const CHARGE = { amount: 1099, currency: 'usd', off_session: true, confirm: true } as const;
/** On-session, cards only, so that no return address is asked for. */
export const ON_SESSION = {
  amount: 1099,
  currency: 'usd',
  confirm: true,
  automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
} as const;

export const CARD_FORM = {
  paymentMethod: 'card',
  cardNumber: '4242 4242 4242 4242',
  cardExpiry: '12 / 40',
  cardCvc: '123',
  billingName: 'Jenny Rosen',
  email: 'jenny@example.com',
};

const MANY = 100;

/** Repeats a declined call until it is refused for another reason, as it is once the limit of tries is passed. */
export async function untilRefused(call: () => Promise<unknown>, code: string): Promise<void> {
  for (let i = 0; i < MANY; i++) {
    const error = await call().then(
      () => assert.fail('the call succeeded'),
      (thrown: unknown) => thrown,
    );
    if (!(error instanceof Stripe.errors.StripeError)) throw error;
    if (error.code === code) return;
    assert.equal(error.statusCode, 402);
  }
  assert.fail(`not refused after ${MANY} tries`);
}

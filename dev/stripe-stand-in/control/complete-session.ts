// Fills in a Checkout page the way a customer would, for tests and benchmarks that have no browser.

import type Stripe from 'stripe';
import { CANADIAN_TEST_ACCOUNT } from '../data/bank-accounts.ts';
import type { Form } from '../http/form.ts';
import { type Checked, checkTyped, readTyped, type Typed } from '../pages/checkout-input.ts';
import { answerChallenge } from '../payments/challenge.ts';
import { completeSession, submitSession } from '../payments/checkout.ts';
import { addIdealMethod } from '../payments/generated-debits.ts';
import { addBankMethod } from '../resources/add-method.ts';
import type { Turn } from '../turn.ts';
import { choiceOf, textOf } from './fields.ts';
import { ControlRefusal } from './refusal.ts';

export interface Completion {
  /** What the customer would see: done, a decline on the page, or a challenge that stays open. */
  result: 'completed' | 'declined' | 'challenge';
  session: Stripe.Checkout.Session;
  /** Present when the challenge stays open. */
  challenge_url?: string;
  decline_code?: string | null;
}

/**
 * @param body `number` (card, default 4242…), `name`, `email` (null: the page asked for none), `three_d_secure`: complete
 * (default), fail or leave; `verification` of a bank account: instant (default) or microdeposits; `sepa_debit` that comes of
 * iDEAL: at_once (default) or later
 * @throws ControlRefusal when the session is closed or the input would not pass the page
 */
export function completeByControl(
  turn: Turn,
  session: Stripe.Checkout.Session,
  body: Record<string, unknown>,
): Completion {
  const email = textOf(body, 'email', 'customer@example.com') ?? '';
  const form: Form = {
    paymentMethod: textOf(body, 'payment_method_type', 'card') ?? 'card',
    cardNumber: textOf(body, 'number', '4242424242424242') ?? '',
    cardExpiry: textOf(body, 'expiry', '12 / 40') ?? '',
    cardCvc: textOf(body, 'cvc', '123') ?? '',
    iban: textOf(body, 'iban', '') ?? '',
    routingNumber: textOf(body, 'routing_number', '110000000') ?? '',
    accountNumber: textOf(body, 'account_number', '') ?? '',
    verification: choiceOf(body, 'verification', ['instant', 'microdeposits'] as const, 'instant'),
    billingName: textOf(body, 'name', 'Jenny Rosen') ?? '',
    email,
    phoneNumber: textOf(body, 'phone', '+1 555 0100') ?? '',
    billingCountry: 'US',
    billingAddressLine1: '1 Main Street',
    billingLocality: 'Springfield',
    billingPostalCode: '12345',
    termsOfServiceConsentCheckbox: 'true',
  };
  const typed = readTyped(form);
  const paymentMethod = methodBesidePage(turn, typed, body);
  const checked: Checked =
    paymentMethod === null
      ? checkTyped(turn, session, 'en', typed)
      : { kind: 'method', paymentMethod, email };
  if (checked.kind === 'refused') {
    throw new ControlRefusal(
      400,
      `The page refused: ${JSON.stringify(checked.faults)} ${checked.alert ?? ''}`,
    );
  }
  const submitted = submitSession(turn, session, {
    paymentMethod: checked.paymentMethod,
    name: typed.values.billingName,
    email: body.email === null ? null : checked.email,
    phone: null,
    acceptedTerms: true,
    wantsPromotions: false,
  });
  switch (submitted.kind) {
    case 'closed':
      throw new ControlRefusal(409, `${session.id} is ${session.status}`);
    case 'declined':
      return { result: 'declined', session, decline_code: submitted.declineCode };
    case 'completed':
      return { result: 'completed', session };
    case 'challenge':
      return passChallenge(turn, session, submitted.url, body);
  }
}

/** The page offers no iDEAL, which leads to a bank and back, and no debit in Canada, which asks for it in a window. */
function methodBesidePage(
  turn: Turn,
  { paymentMethod, values }: Typed,
  body: Record<string, unknown>,
): Stripe.PaymentMethod | null {
  const billing = { name: values.billingName, email: values.email };
  switch (paymentMethod) {
    case 'ideal': {
      const told = choiceOf(body, 'sepa_debit', ['at_once', 'later'] as const, 'at_once') === 'at_once';
      return addIdealMethod(turn, billing, told);
    }
    case 'acss_debit':
      return addBankMethod(
        turn,
        CANADIAN_TEST_ACCOUNT,
        {},
        { billing: { ...billing, phone: null, address: null }, verified: true },
      );
    default:
      return null;
  }
}

function passChallenge(
  turn: Turn,
  session: Stripe.Checkout.Session,
  url: string,
  body: Record<string, unknown>,
): Completion {
  const wish = choiceOf(body, 'three_d_secure', ['complete', 'fail', 'leave'] as const, 'complete');
  const challenge = turn.world.challenges.get(url.slice(url.lastIndexOf('/') + 1));
  if (wish === 'leave' || challenge === undefined)
    return { result: 'challenge', session, challenge_url: url };
  const answered = answerChallenge(turn, challenge, wish);
  if (answered.kind !== 'succeeded') return { result: 'declined', session };
  completeSession(turn, session);
  return { result: 'completed', session };
}

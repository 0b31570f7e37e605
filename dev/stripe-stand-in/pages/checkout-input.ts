// What a customer typed into the Checkout page: read from the form, checked, and made into a PaymentMethod.

import type Stripe from 'stripe';
import { StripeFailure } from '../errors.ts';
import type { Form } from '../http/form.ts';
import type { BillingInput } from '../objects/payment-method.ts';
import { addBankMethod, addCardMethod, readAccount, readTypedCard } from '../resources/add-method.ts';
import type { Turn } from '../turn.ts';
import { declineWords } from './decline-words.ts';
import { type Language, wordsOf } from './words.ts';

/** Fields of the page. Those of Stripe's own page have Stripe's names. */
export const FIELDS = [
  'email',
  'phoneNumber',
  'cardNumber',
  'cardExpiry',
  'cardCvc',
  'routingNumber',
  'accountNumber',
  'iban',
  'billingName',
  'billingCountry',
  'billingAddressLine1',
  'billingLocality',
  'billingPostalCode',
  'termsOfServiceConsentCheckbox',
] as const;
export type FieldName = (typeof FIELDS)[number];
export type Faults = Partial<Record<FieldName, string>>;

export interface Typed {
  paymentMethod: string;
  values: Record<FieldName, string>;
  promotions: boolean;
  /** How a bank account is proven: on the page, or by two small deposits that the customer tells of days later. */
  verification: 'instant' | 'microdeposits';
}

export function readTyped(form: Form): Typed {
  const text = (name: string) => {
    const value = form[name];
    return typeof value === 'string' ? value.trim() : '';
  };
  const values: Partial<Record<FieldName, string>> = {};
  for (const name of FIELDS) values[name] = text(name);
  return {
    paymentMethod: text('paymentMethod') || 'card',
    values: { ...NOTHING.values, ...values },
    promotions: text('enablePromotions') !== '',
    verification: text('verification') === 'microdeposits' ? 'microdeposits' : 'instant',
  };
}

export const NOTHING: Typed = {
  paymentMethod: '',
  values: {
    email: '',
    phoneNumber: '',
    cardNumber: '',
    cardExpiry: '',
    cardCvc: '',
    routingNumber: '',
    accountNumber: '',
    iban: '',
    billingName: '',
    billingCountry: '',
    billingAddressLine1: '',
    billingLocality: '',
    billingPostalCode: '',
    termsOfServiceConsentCheckbox: '',
  },
  promotions: false,
  verification: 'instant',
};

export type Checked =
  | { kind: 'method'; paymentMethod: Stripe.PaymentMethod; email: string | null }
  | { kind: 'refused'; faults: Faults; alert: string | null };

/** Everything wrong is told at once. A PaymentMethod is made only when nothing is. */
export function checkTyped(
  turn: Turn,
  session: Stripe.Checkout.Session,
  language: Language,
  typed: Typed,
): Checked {
  const faults = commonFaults(session, language, typed);
  const { values } = typed;
  const email = session.customer_details?.email ?? values.email;
  const billing: BillingInput = {
    name: values.billingName,
    email,
    phone: values.phoneNumber || null,
    address: session.billing_address_collection === 'required' ? addressOf(values) : null,
  };
  if (typed.paymentMethod !== 'card') return checkAccount(turn, language, typed, faults, billing);

  const words = wordsOf(language).faults;
  const expiry = /^(\d{1,2})\s*\/?\s*(\d{2}|\d{4})$/.exec(values.cardExpiry);
  if (expiry === null) faults.cardExpiry = words.expiry;
  if (!/^\d{3,4}$/.test(values.cardCvc)) faults.cardCvc = words.cvc;
  const card = readTypedCard(turn, {
    number: values.cardNumber,
    expMonth: Number(expiry?.[1] ?? 12),
    expYear: Number(expiry?.[2] ?? 99) % 100,
    cvc: values.cardCvc === '' ? null : values.cardCvc,
  });
  let alert: string | null = null;
  if ('decline' in card) {
    const { code, declineCode, message } = card.decline;
    if (code === 'incorrect_number') faults.cardNumber = words.number;
    else if (code.startsWith('invalid_expiry')) faults.cardExpiry ??= words.expired;
    else if (code === 'invalid_cvc') faults.cardCvc ??= words.cvc;
    else alert = declineCode === 'test_mode_live_card' ? message : declineWords(language, code, declineCode);
  }
  if ('decline' in card || Object.keys(faults).length > 0) return { kind: 'refused', faults, alert };
  return { kind: 'method', paymentMethod: addCardMethod(turn, card, billing, {}), email };
}

function commonFaults(session: Stripe.Checkout.Session, language: Language, { values }: Typed): Faults {
  const words = wordsOf(language).faults;
  const faults: Faults = {};
  const emailKnown = session.customer_details?.email != null;
  if (!emailKnown && !/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(values.email)) faults.email = words.email;
  if (values.billingName === '') faults.billingName = words.name;
  if (session.phone_number_collection?.enabled && !/^\+?[\d\s()-]{6,20}$/.test(values.phoneNumber)) {
    faults.phoneNumber = words.phone;
  }
  if (session.billing_address_collection === 'required') {
    for (const name of [
      'billingCountry',
      'billingAddressLine1',
      'billingLocality',
      'billingPostalCode',
    ] as const) {
      if (values[name] === '') faults[name] = words.address;
    }
  }
  const termsAsked = session.consent_collection?.terms_of_service === 'required';
  if (termsAsked && values.termsOfServiceConsentCheckbox === '')
    faults.termsOfServiceConsentCheckbox = words.terms;
  return faults;
}

function addressOf(values: Typed['values']): Stripe.Address {
  return {
    city: values.billingLocality,
    country: values.billingCountry,
    line1: values.billingAddressLine1,
    line2: null,
    postal_code: values.billingPostalCode,
    state: null,
  };
}

function checkAccount(
  turn: Turn,
  language: Language,
  typed: Typed,
  faults: Faults,
  billing: BillingInput,
): Checked {
  const sepa = typed.paymentMethod === 'sepa_debit';
  const { iban, accountNumber, routingNumber } = typed.values;
  try {
    const account = sepa
      ? readAccount('sepa_debit', iban, null)
      : readAccount('us_bank_account', accountNumber, routingNumber);
    if (Object.keys(faults).length > 0) return { kind: 'refused', faults, alert: null };
    const verified = typed.verification === 'instant';
    const paymentMethod = addBankMethod(turn, account, {}, { billing, verified });
    return { kind: 'method', paymentMethod, email: billing.email ?? null };
  } catch (error) {
    if (!(error instanceof StripeFailure)) throw error;
    const field = sepa
      ? 'iban'
      : error.body.code === 'routing_number_invalid'
        ? 'routingNumber'
        : 'accountNumber';
    return { kind: 'refused', faults: { ...faults, [field]: wordsOf(language).faults.account }, alert: null };
  }
}

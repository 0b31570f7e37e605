/** A saved payment method in a customer's words. Called by the account page and by receipts; pure. */
import type { CustomerPaymentMethod } from '../db/customer-view.ts';
import { formatExpiry } from '../domain/format.ts';
import type { Say } from '../templates/renderer.ts';

export interface MethodModel {
  name: string;
  /** As cards print it, e.g. `04/27`; null when the method has none. */
  expiry: string | null;
  /** It cannot be charged any more, whatever its expiry. */
  isRemoved: boolean;
  isExpired: boolean;
  /** Good today, and no longer when it is needed next. */
  isExpiring: boolean;
}

/** @param when instants in milliseconds since 1970; `neededAtMs` is null when nothing is planned */
export function methodModel(
  method: CustomerPaymentMethod,
  when: { nowMs: number; neededAtMs: number | null },
  say: Say,
): MethodModel {
  const { expMonth, expYear } = method;
  const known = { name: methodName(method, say), isRemoved: method.detachedAt !== null };
  if (expMonth === null || expYear === null) {
    return { ...known, expiry: null, isExpired: false, isExpiring: false };
  }
  const expiry = formatExpiry(expMonth, expYear);
  // A card is good until the end of its month; date arithmetic carries December over.
  const endMs = Date.UTC(expYear, expMonth, 1);
  const isExpired = when.nowMs >= endMs;
  return { ...known, expiry, isExpired, isExpiring: !isExpired && (when.neededAtMs ?? 0) >= endMs };
}

/** `Visa ending in 4242`; the kind of method alone when Stripe told no digits, and only that it is one when nobody knows the kind. */
export function methodName(
  method: Pick<CustomerPaymentMethod, 'type' | 'brand' | 'last4'>,
  say: Say,
): string {
  const name = BRANDS[method.brand ?? ''] ?? METHODS[method.type] ?? say(kindOf(method.type));
  return method.last4 === null ? name : say('method.ending', { name, last4: method.last4 });
}

function kindOf(type: string): string {
  if (CARDS.includes(type)) {
    return 'method.card';
  }
  return BANK_ACCOUNTS.includes(type) ? 'method.bank_account' : 'method.other';
}

const CARDS = ['card', 'kr_card'];
/** Stripe's PaymentMethod types that are debited from a bank account. */
const BANK_ACCOUNTS = [
  'acss_debit',
  'au_becs_debit',
  'bacs_debit',
  'nz_bank_account',
  'sepa_debit',
  'us_bank_account',
];

/** Stripe's `card.brand`. */
const BRANDS: Readonly<Record<string, string>> = {
  amex: 'American Express',
  cartes_bancaires: 'Cartes Bancaires',
  diners: 'Diners Club',
  discover: 'Discover',
  eftpos_au: 'eftpos',
  jcb: 'JCB',
  mastercard: 'Mastercard',
  unionpay: 'UnionPay',
  visa: 'Visa',
};

/** Stripe's PaymentMethod types that customers know by a name of their own. */
const METHODS: Readonly<Record<string, string>> = {
  alipay: 'Alipay',
  amazon_pay: 'Amazon Pay',
  cashapp: 'Cash App Pay',
  grabpay: 'GrabPay',
  kakao_pay: 'Kakao Pay',
  klarna: 'Klarna',
  link: 'Link',
  mobilepay: 'MobilePay',
  naver_pay: 'Naver Pay',
  payco: 'PAYCO',
  paypal: 'PayPal',
  paypay: 'PayPay',
  payto: 'PayTo',
  pix: 'Pix',
  revolut_pay: 'Revolut Pay',
  samsung_pay: 'Samsung Pay',
  satispay: 'Satispay',
  swish: 'Swish',
  twint: 'TWINT',
  upi: 'UPI',
  wechat_pay: 'WeChat Pay',
};

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

/** `Visa ending in 4242`; the kind of method alone when Stripe told no digits. */
export function methodName(
  method: Pick<CustomerPaymentMethod, 'type' | 'brand' | 'last4'>,
  say: Say,
): string {
  const name =
    BRANDS[method.brand ?? ''] ??
    (method.type === 'card' ? say('method.card') : (METHODS[method.type] ?? say('method.bank_account')));
  return method.last4 === null ? name : say('method.ending', { name, last4: method.last4 });
}

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

/** Stripe's PaymentMethod types that are neither cards nor bank accounts. */
const METHODS: Readonly<Record<string, string>> = {
  amazon_pay: 'Amazon Pay',
  cashapp: 'Cash App Pay',
  kakao_pay: 'Kakao Pay',
  link: 'Link',
  naver_pay: 'Naver Pay',
  paypal: 'PayPal',
  revolut_pay: 'Revolut Pay',
};

/**
 * What the account page is told in tests: an enrollment with its payment method, a paid charge and a completed session, on
 * a day in 2026. `model` is what the page makes of them, and of what a test says otherwise.
 */
import type { CustomerCharge } from '../../db/customer-charges.ts';
import type { CustomerEnrollment, CustomerPaymentMethod, CustomerSession } from '../../db/customer-view.ts';
import type { Locale } from '../../domain/format.ts';
import type { ChargeStatus } from '../../domain/statuses.ts';
import { createRenderer } from '../../templates/renderer.ts';
import { type AccountFacts, accountModel } from '../../web/account-model.ts';
import { termsOf } from './rows.ts';

const NOW = Date.parse('2026-11-23T01:00:00.000Z');
/** Seconds from the moment of the page. */
export const at = (seconds: number) => new Date(NOW + seconds * 1000);
/** In seconds. */
export const DAY = 86_400;

export const method: CustomerPaymentMethod = {
  type: 'card',
  brand: 'visa',
  last4: '4242',
  expMonth: 11,
  expYear: 2030,
  savedAt: at(-40 * DAY),
  detachedAt: null,
};
export const enrollment: CustomerEnrollment = {
  id: 'enr_0123456789abcdefghijklmnop',
  status: 'active',
  description: 'Coffee club',
  locale: 'en',
  terms: termsOf(),
  currency: 'jpy',
  returnUrl: null,
  nextChargeAt: at(30 * DAY),
  nextChargeAmountMinor: 1980,
  setupDeadlineAt: at(30 * DAY),
  pausedUntil: null,
  cancelAt: null,
  isCanceling: false,
  amountChange: null,
  endedAt: null,
  customerName: null,
  paymentMethod: method,
  stamp: '1.0.0.0',
};
export const charge: CustomerCharge = {
  id: 'chg_0123456789abcdefghijklmnop_1',
  number: 1,
  description: null,
  amountMinor: 1980,
  currency: 'jpy',
  dueAt: at(-DAY),
  status: 'succeeded',
  attempts: 1,
  nextAttemptAt: null,
  giveUpAt: null,
  capturedMinor: 1980,
  refundedMinor: 0,
  disputeStatus: null,
  takenMinor: 0,
  settledAt: at(-DAY),
  updatedAt: at(-DAY),
  told: null,
  decision: null,
  triesByHand24h: 0,
};
export const disputed: CustomerCharge = { ...charge, disputeStatus: 'needs_response' };
export const session: CustomerSession = {
  id: 'cs_test_1',
  status: 'complete',
  url: null,
  expiresAt: at(DAY),
  completedAt: at(-10),
  refusedReason: null,
};

const renderer = createRenderer({ merchantName: 'Kissa' });

export function model(facts: Partial<AccountFacts> = {}, locale: Locale = 'en') {
  const all = {
    enrollment,
    charges: [],
    refunds: [],
    notices: [],
    session: null,
    tried: null,
    nowMs: NOW,
    ...facts,
  };
  return accountModel(all, locale, renderer.sayIn(locale));
}

export function unpaid(status: ChargeStatus, more: Partial<CustomerCharge> = {}): CustomerCharge {
  return { ...charge, status, capturedMinor: 0, settledAt: null, ...more };
}

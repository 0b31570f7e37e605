// Makes PaymentMethods, from typed numbers or test names. Typed numbers are checked as Stripe checks them.

import type Stripe from 'stripe';
import { accountByNumber, type TestAccount, US_TEST_ROUTING_NUMBER } from '../data/bank-accounts.ts';
import { cardByNumber, hasValidCheckDigit } from '../data/cards.ts';
import { type Decline, declineFor } from '../data/declines.ts';
import { refused } from '../errors.ts';
import { bankPaymentMethod } from '../objects/bank-account.ts';
import { type BillingInput, type CardInput, cardPaymentMethod } from '../objects/payment-method.ts';
import { cardError } from '../payments/payment-error.ts';
import type { Turn } from '../turn.ts';

export function addCardMethod(
  turn: Turn,
  input: CardInput,
  billing: BillingInput,
  metadata: Record<string, string>,
): Stripe.PaymentMethod {
  const { world } = turn;
  const common = { created: world.clock.now(), livemode: world.livemode, metadata, billing };
  const method = world.paymentMethods.insert(cardPaymentMethod({ ...input, ...common }));
  world.instruments.insert({
    id: method.id,
    key: input.card.number,
    verified: true,
    setUp: false,
    spent: false,
  });
  return method;
}

export interface TypedCard {
  number: string;
  expMonth: number;
  /** Two or four digits. */
  expYear: number;
  cvc: string | null;
}

/** The card behind what a person typed, or the decline that tells what is wrong with it. */
export function readTypedCard(turn: Turn, typed: TypedCard): CardInput | { decline: Decline } {
  const number = typed.number.replaceAll(/[\s-]/g, '');
  const year = typed.expYear < 100 ? typed.expYear + 2000 : typed.expYear;
  if (!/^\d+$/.test(number) || !hasValidCheckDigit(number))
    return { decline: declineFor('incorrect_number') };
  if (typed.expMonth < 1 || typed.expMonth > 12) return { decline: declineFor('invalid_expiry_month') };
  const now = new Date(turn.world.clock.nowMs());
  const thisYear = now.getUTCFullYear();
  if (year < thisYear || year > thisYear + 50) return { decline: declineFor('invalid_expiry_year') };
  if (year === thisYear && typed.expMonth < now.getUTCMonth() + 1) {
    return { decline: declineFor('invalid_expiry_month') };
  }
  const card = cardByNumber(number);
  if (card === undefined) return { decline: declineFor('test_mode_live_card') };
  if (turn.world.livemode) return { decline: declineFor('live_mode_test_card') };
  if (typed.cvc !== null && !new RegExp(card.brand === 'amex' ? '^\\d{3,4}$' : '^\\d{3}$').test(typed.cvc)) {
    return { decline: declineFor('invalid_cvc') };
  }
  return { card, expMonth: typed.expMonth, expYear: year, cvcSent: typed.cvc !== null };
}

export function addTypedCard(
  turn: Turn,
  typed: TypedCard,
  billing: BillingInput,
  metadata: Record<string, string>,
): Stripe.PaymentMethod {
  const read = readTypedCard(turn, typed);
  if ('decline' in read) throw cardError(read.decline);
  return addCardMethod(turn, read, billing, metadata);
}

export interface BankExtras {
  accountHolderType?: 'individual' | 'company' | undefined;
  accountType?: 'checking' | 'savings' | undefined;
}

export function addBankMethod(
  turn: Turn,
  account: TestAccount,
  extras: BankExtras,
  rest: { billing: BillingInput; verified: boolean; metadata?: Record<string, string> },
): Stripe.PaymentMethod {
  const { world } = turn;
  const method = world.paymentMethods.insert(
    bankPaymentMethod({
      account,
      accountHolderType: extras.accountHolderType ?? 'individual',
      accountType: extras.accountType ?? 'checking',
      created: world.clock.now(),
      livemode: world.livemode,
      metadata: rest.metadata ?? {},
      billing: rest.billing,
    }),
  );
  world.instruments.insert({
    id: method.id,
    key: account.number,
    verified: rest.verified,
    setUp: false,
    spent: false,
  });
  return method;
}

/** The account behind an IBAN or a US account number; throws what Stripe answers when it takes no debits. */
export function readAccount(type: TestAccount['type'], number: string, routing: string | null): TestAccount {
  const account = accountByNumber(number.replaceAll(' ', '').toUpperCase());
  const param = type === 'sepa_debit' ? 'sepa_debit[iban]' : 'us_bank_account[account_number]';
  if (account === undefined || account.type !== type) {
    const code = type === 'sepa_debit' ? 'invalid_iban' : 'account_number_invalid';
    throw refused('Only the test account numbers of the documentation work here.', { code, param });
  }
  if (routing !== null && routing !== US_TEST_ROUTING_NUMBER) {
    throw refused('Invalid routing number', {
      code: 'routing_number_invalid',
      param: 'us_bank_account[routing_number]',
    });
  }
  if (account.createError !== null)
    throw refused(account.createError.message, { code: account.createError.code, param });
  return account;
}

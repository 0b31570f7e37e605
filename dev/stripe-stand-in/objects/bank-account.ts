// Builds PaymentMethods of bank accounts, and how a Charge shows them. Only the last four digits are shown.

import type Stripe from 'stripe';
import { type TestAccount, US_TEST_ROUTING_NUMBER } from '../data/bank-accounts.ts';
import { newId } from '../ids.ts';
import { type BillingInput, billingDetails, fingerprint } from './payment-method.ts';

export interface BankAccountInput {
  account: TestAccount;
  accountHolderType: 'individual' | 'company';
  accountType: 'checking' | 'savings';
  created: number;
  livemode: boolean;
  metadata: Record<string, string>;
  billing: BillingInput;
}

export function bankPaymentMethod(input: BankAccountInput): Stripe.PaymentMethod {
  const { account } = input;
  const common = {
    id: newId('pm'),
    object: 'payment_method',
    allow_redisplay: 'unspecified',
    billing_details: billingDetails(input.billing),
    created: input.created,
    customer: null,
    customer_account: null,
    livemode: input.livemode,
    metadata: input.metadata,
  } as const;
  const last4 = account.number.slice(-4);
  if (account.type === 'sepa_debit') {
    return {
      ...common,
      type: 'sepa_debit',
      sepa_debit: {
        bank_code: account.number.slice(4, 12),
        branch_code: '',
        country: account.number.slice(0, 2),
        fingerprint: fingerprint(account.number),
        generated_from: { charge: null, setup_attempt: null },
        last4,
      },
    };
  }
  if (account.type === 'acss_debit') {
    return {
      ...common,
      type: 'acss_debit',
      acss_debit: {
        bank_name: 'STRIPE TEST BANK',
        fingerprint: fingerprint(account.number),
        institution_number: account.number.slice(0, 3),
        last4,
        transit_number: account.number.slice(3, 8),
      },
    };
  }
  return {
    ...common,
    type: 'us_bank_account',
    us_bank_account: {
      account_holder_type: input.accountHolderType,
      account_type: input.accountType,
      bank_name: 'STRIPE TEST BANK',
      financial_connections_account: null,
      fingerprint: fingerprint(account.number),
      last4,
      networks: { preferred: 'ach', supported: ['ach'] },
      routing_number: US_TEST_ROUTING_NUMBER,
      status_details: {},
    },
  };
}

export function debitedAccount(
  paymentMethod: Stripe.PaymentMethod,
  mandate: string,
): Stripe.Charge.PaymentMethodDetails {
  const { sepa_debit: sepa, us_bank_account: us, acss_debit: acss } = paymentMethod;
  if (acss !== undefined) return { type: 'acss_debit', acss_debit: { ...acss, mandate } };
  if (sepa !== undefined) {
    const { bank_code, branch_code, country, fingerprint: print, last4 } = sepa;
    return {
      type: 'sepa_debit',
      sepa_debit: { bank_code, branch_code, country, fingerprint: print, last4, mandate },
    };
  }
  if (us === undefined) throw new Error(`${paymentMethod.id} is not a bank account`);
  const { account_holder_type, account_type, bank_name, fingerprint: print, last4, routing_number } = us;
  return {
    type: 'us_bank_account',
    us_bank_account: {
      account_holder_type,
      account_type,
      bank_name,
      fingerprint: print,
      last4,
      mandate,
      payment_reference: null,
      routing_number,
    },
  };
}

// Stripe's test bank accounts: what a debit of each one comes to. Source: Stripe's pages on testing ACH, SEPA and ACSS debits.

export interface TestAccount {
  type: 'us_bank_account' | 'sepa_debit' | 'acss_debit';
  /** Account number (US, routing number 110000000), IBAN, or institution, transit and account number (Canada). */
  number: string;
  /** The pm_ name that makes a PaymentMethod of it. */
  token: string | null;
  /** How a debit ends by itself; `stuck` stays in processing until it is settled, failed or canceled. */
  debit: 'succeeds' | 'fails' | 'stuck' | 'refused';
  /** Seconds from confirmation to the end; null: as the settings say. */
  afterSeconds: number | null;
  failureCode: string | null;
  failureMessage: string | null;
  dispute: boolean;
  /** Whether the two small deposits that prove the owner arrive. */
  microdeposits: 'arrive' | 'fail';
  /** Refused already when the PaymentMethod is made. */
  createError: { code: string; message: string } | null;
  riskLevel: 'normal' | 'highest';
}

const DEFAULTS: Omit<TestAccount, 'type' | 'number' | 'token'> = {
  debit: 'succeeds',
  afterSeconds: null,
  failureCode: null,
  failureMessage: null,
  dispute: false,
  microdeposits: 'arrive',
  createError: null,
  riskLevel: 'normal',
};

export const US_TEST_ROUTING_NUMBER = '110000000';

const us = (number: string, scenario: string | null, differs: Partial<TestAccount> = {}): TestAccount => ({
  ...DEFAULTS,
  type: 'us_bank_account',
  number,
  token: scenario === null ? null : `pm_usBankAccount_${scenario}`,
  ...differs,
});
const sepa = (number: string, token: string | null, differs: Partial<TestAccount> = {}): TestAccount => ({
  ...DEFAULTS,
  type: 'sepa_debit',
  number,
  token,
  ...differs,
});
export const CANADIAN_TEST_ACCOUNT: TestAccount = {
  ...DEFAULTS,
  type: 'acss_debit',
  number: '00011000000123456789',
  token: 'pm_acssDebit_success',
};
const fails = (failureCode: string, failureMessage: string): Partial<TestAccount> => ({
  debit: 'fails',
  failureCode,
  failureMessage,
});
const NO_FUNDS = fails(
  'insufficient_funds',
  "The customer's account has insufficient funds to cover this payment.",
);
const UNPROCESSED = fails('generic_could_not_process', 'The payment could not be processed by the bank.');
const TOO_MUCH = {
  debit: 'refused',
  failureCode: 'charge_exceeds_source_limit',
  failureMessage: 'This payment exceeds the weekly limit of the account.',
} as const;

/** SEPA: each country has the same endings; the numbers below are the ones Stripe prints. */
const DELAYED_SECONDS = 180;

export const TEST_ACCOUNTS: readonly TestAccount[] = [
  us('000123456789', 'success'),
  us(
    '000111111113',
    'accountClosed',
    fails('account_closed', "The customer's bank account has been closed."),
  ),
  us('000111111116', 'noAccount', fails('no_account', "The customer's bank account could not be located.")),
  us('000222222227', 'insufficientFunds', NO_FUNDS),
  us(
    '000333333335',
    'debitNotAuthorized',
    fails('debit_not_authorized', 'The customer says the debit is not authorized.'),
  ),
  us(
    '000444444440',
    'invalidCurrency',
    fails('invalid_currency', "The customer's account does not take this currency."),
  ),
  us('000666666661', 'failMicrodeposits', { microdeposits: 'fail' }),
  us('000555555559', 'dispute', { dispute: true }),
  us('000000000009', 'processing', { debit: 'stuck' }),
  us('000777777771', 'weeklyLimitExceeded', TOO_MUCH),
  us('000000004954', 'riskLevelHighest', {
    debit: 'refused',
    failureCode: 'fraudulent',
    failureMessage: 'The payment was blocked as too risky.',
    riskLevel: 'highest',
  }),
  us('000888888885', null, {
    ...fails('tokenized_account_number_deactivated', 'The tokenized account number has been deactivated.'),
  }),

  sepa('DE89370400440532013000', 'pm_sepaDebit_success_de'),
  sepa('DE08370400440532013003', 'pm_sepaDebit_successDelayed_de', { afterSeconds: DELAYED_SECONDS }),
  sepa('DE62370400440532013001', 'pm_sepaDebit_failed_de', UNPROCESSED),
  sepa('DE78370400440532013004', 'pm_sepaDebit_failedDelayed_de', {
    ...UNPROCESSED,
    afterSeconds: DELAYED_SECONDS,
  }),
  sepa('DE35370400440532013002', 'pm_sepaDebit_disputed_de', { dispute: true }),
  sepa('DE65370400440002222227', 'pm_sepaDebit_insufficientFunds_de', NO_FUNDS),
  sepa('DE65370400440000343434', null, TOO_MUCH),
  sepa('DE91370400440000055555', null, {
    createError: {
      code: 'sepa_debit_bank_not_supported',
      message: 'The bank of this IBAN does not take SEPA debits.',
    },
  }),
  sepa('DE18370400440000066666', null, {
    createError: {
      code: 'sepa_debit_debits_not_supported',
      message: 'This account does not take SEPA debits.',
    },
  }),
  sepa('AT611904300234573201', 'pm_sepaDebit_success_at'),
  sepa('AT321904300235473203', 'pm_sepaDebit_successDelayed_at', { afterSeconds: DELAYED_SECONDS }),
  sepa('AT861904300235473202', 'pm_sepaDebit_failed_at', UNPROCESSED),
  sepa('FR1420041010050500013M02606', 'pm_sepaDebit_success_fr'),
  sepa('BE62510007547061', 'pm_sepaDebit_success_be'),
  sepa('IE29AIBK93115212345678', 'pm_sepaDebit_success_ie'),

  CANADIAN_TEST_ACCOUNT,
];

const byNumber = new Map(TEST_ACCOUNTS.map((line) => [line.number, line]));
const byToken = new Map(TEST_ACCOUNTS.map((line) => [line.token, line]));

export function accountByNumber(number: string): TestAccount | undefined {
  return byNumber.get(number);
}

export function accountByToken(token: string): TestAccount | undefined {
  return byToken.get(token);
}

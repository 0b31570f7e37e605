import { describe, expect, it } from '@jest/globals';
import { DECLINE_CLASSES, DECLINE_CODES, SECRET_CODES } from '../../domain/decline-codes.ts';
import { classifyDecline, type DeclineFacts } from '../../domain/declines.ts';
import { CUSTOMER_REASONS } from '../../domain/notifications.ts';

function facts(given: Partial<DeclineFacts>): DeclineFacts {
  return {
    code: 'card_declined',
    declineCode: null,
    adviceCode: null,
    networkDeclineCode: null,
    paymentMethodType: 'card',
    network: 'visa',
    ...given,
  };
}

const classOf = (given: Partial<DeclineFacts>, looked?: boolean) =>
  classifyDecline(facts(given), looked).class;

/** Stripe's list of decline codes for cards, grouped as the retry rules need it; written apart from the table. */
const EXPECTED: Record<string, string> = {
  soft:
    'insufficient_funds card_velocity_exceeded withdrawal_count_limit_exceeded processing_error ' +
    'issuer_not_available reenter_transaction approve_with_id try_again_later generic_decline do_not_honor ' +
    'call_issuer no_action_taken service_not_allowed',
  needs_customer: 'authentication_required offline_pin_required online_or_offline_pin_required',
  card_data:
    'expired_card incorrect_number invalid_number incorrect_cvc invalid_cvc invalid_expiry_month ' +
    'invalid_expiry_year incorrect_zip invalid_account new_account_information_available',
  hard:
    'lost_card stolen_card pickup_card restricted_card fraudulent merchant_blacklist security_violation ' +
    'card_not_supported currency_not_supported not_permitted transaction_not_allowed do_not_try_again ' +
    'invalid_amount testmode_decline',
  revoked: 'stop_payment_order revocation_of_authorization revocation_of_all_authorizations',
  check_first: 'duplicate_transaction',
};
/** Its error codes of 2026-08-26, for all kinds of methods, and its decline codes of bank debits. */
const EXPECTED_OF_ANY_METHOD: Record<string, string> = {
  needs_customer: 'authentication_failure',
  card_data: 'incorrect_postal_code expired_payment_method bank_account_invalid_details',
  hard:
    'payment_method_restricted bank_account_closed bank_account_frozen recipient_deceased ' +
    'tokenized_account_number_deactivated',
};
const GRID = [EXPECTED, EXPECTED_OF_ANY_METHOD]
  .flatMap(Object.entries<string>)
  .flatMap(([expected, codes]) => codes.split(' ').map((code) => [code, expected] as const));

describe('the table of decline codes', () => {
  it('names only known classes and reasons', () => {
    for (const [code, row] of Object.entries(DECLINE_CODES)) {
      expect([code, DECLINE_CLASSES.includes(row.class)]).toEqual([code, true]);
      expect([code, CUSTOMER_REASONS.includes(row.customerReason)]).toEqual([code, true]);
    }
  });

  it('never tells fraud, loss and theft apart from a general decline', () => {
    const general = DECLINE_CODES.generic_decline?.customerReason;
    expect(SECRET_CODES.length).toBeGreaterThan(4);
    for (const code of SECRET_CODES) {
      for (const adviceCode of [null, 'try_again_later', 'confirm_card_data', 'do_not_try_again']) {
        expect(classifyDecline(facts({ declineCode: code, adviceCode })).customerReason).toBe(general);
      }
    }
  });
});

describe('classifyDecline', () => {
  it.each(GRID)('reads decline_code %s as %s', (declineCode, expected) => {
    const decline = classifyDecline(facts({ declineCode, network: 'amex' }));
    expect(decline.class).toBe(expected);
    expect(decline.rule).toBe(`decline_code ${declineCode}: ${expected}`);
  });

  it.each([
    ['expired_card', 'card_data'],
    ['incorrect_cvc', 'card_data'],
    ['processing_error', 'soft'],
    ['authentication_required', 'needs_customer'],
    ['payment_intent_authentication_failure', 'needs_customer'],
    ['card_decline_rate_limit_exceeded', 'soft'],
    ['payment_intent_mandate_invalid', 'hard'],
    ['india_recurring_payment_mandate_canceled', 'hard'],
    ['payment_method_bank_account_blocked', 'hard'],
    // The customer has stopped this one payment with their bank; the agreement goes on.
    ['refer_to_customer', 'hard'],
  ])('reads code %s as %s when there is no decline_code', (code, expected) => {
    expect(classifyDecline(facts({ code }))).toMatchObject({
      class: expected,
      rule: `code ${code}: ${expected}`,
    });
  });

  it('trusts the decline_code more than the code', () => {
    expect(classOf({ code: 'expired_card', declineCode: 'insufficient_funds' })).toBe('soft');
  });

  it.each([
    ['try_again_later', 'lost_card', 'soft'],
    ['confirm_card_data', 'do_not_honor', 'card_data'],
    ['do_not_try_again', 'insufficient_funds', 'hard'],
    ['do_not_try_again', 'authentication_required', 'hard'],
  ])('trusts advice_code %s more than decline_code %s: %s', (adviceCode, declineCode, expected) => {
    expect(classifyDecline(facts({ adviceCode, declineCode }))).toMatchObject({
      class: expected,
      rule: `advice_code ${adviceCode}: ${expected}`,
    });
  });

  it.each([
    ['authentication_required', 'needs_customer'],
    ['stop_payment_order', 'revoked'],
    ['duplicate_transaction', 'check_first'],
  ])('does not let the advice to try again lift %s', (declineCode, expected) => {
    expect(classOf({ adviceCode: 'try_again_later', declineCode })).toBe(expected);
    expect(classOf({ adviceCode: 'confirm_card_data', declineCode })).toBe(expected);
  });

  it('lets no advice turn a revocation into less', () => {
    expect(classOf({ adviceCode: 'do_not_try_again', declineCode: 'revocation_of_authorization' })).toBe(
      'revoked',
    );
  });

  it('ignores advice that nobody knows', () => {
    expect(classOf({ adviceCode: 'ask_again_in_spring', declineCode: 'lost_card' })).toBe('hard');
  });

  it('tells the customer the reason behind the advice', () => {
    const reason = (adviceCode: string, declineCode: string) =>
      classifyDecline(facts({ adviceCode, declineCode })).customerReason;
    expect(reason('confirm_card_data', 'expired_card')).toBe('expired_card');
    expect(reason('confirm_card_data', 'do_not_honor')).toBe('card_data');
    expect(reason('do_not_try_again', 'insufficient_funds')).toBe('insufficient_funds');
  });

  it.each(['04', '07', '12', '14', '15', '41', '43', '46', '57'])(
    'obeys Visa when it answers %s under a soft code, and only Visa',
    (networkDeclineCode) => {
      expect(classOf({ declineCode: 'do_not_honor', networkDeclineCode })).toBe('hard');
      expect(classOf({ declineCode: 'do_not_honor', networkDeclineCode, network: 'mastercard' })).toBe(
        'soft',
      );
    },
  );

  it.each(['R0', 'R1', 'R3'])("reads Visa's %s as the customer's order to stop", (networkDeclineCode) => {
    expect(classOf({ networkDeclineCode })).toBe('revoked');
  });

  it.each(['03', '21'])('obeys Mastercard when it advises %s, and only Mastercard', (networkAdviceCode) => {
    const declineCode = 'generic_decline';
    expect(classOf({ declineCode, networkAdviceCode, network: 'mastercard' })).toBe('hard');
    expect(classOf({ declineCode, networkAdviceCode, network: 'visa' })).toBe('soft');
  });

  it('looks for an earlier payment and heeds an order to stop before it obeys a network', () => {
    expect(classOf({ declineCode: 'duplicate_transaction', networkDeclineCode: '57' })).toBe('check_first');
    expect(classOf({ declineCode: 'stop_payment_order', networkDeclineCode: '57' })).toBe('revoked');
    expect(classOf({ declineCode: 'authentication_required', networkDeclineCode: '57' })).toBe('hard');
  });

  it("lets Stripe's advice decide before the network's codes", () => {
    expect(classOf({ adviceCode: 'try_again_later', networkDeclineCode: '14' })).toBe('soft');
  });

  it('treats what nobody knows as soft, and says so', () => {
    expect(classifyDecline(facts({ declineCode: 'brand_new_reason' }))).toEqual({
      class: 'soft',
      customerReason: 'declined',
      rule: 'decline_code brand_new_reason is unknown: treated as soft',
    });
    expect(classifyDecline(facts({ code: 'brand_new_code' })).rule).toBe(
      'code brand_new_code is unknown: treated as soft',
    );
    expect(classifyDecline(facts({})).rule).toBe('the bank gave no reason: treated as soft');
  });

  it.each(['constructor', '__proto__', 'toString'])(
    "takes '%s' for a code and not for a property",
    (text) => {
      const given = { code: text, declineCode: text, adviceCode: text, networkDeclineCode: text };
      expect(classifyDecline(facts(given)).class).toBe('soft');
    },
  );

  it('takes a duplicate as soft once an earlier payment was looked for in vain', () => {
    const declineCode = 'duplicate_transaction';
    expect(classOf({ declineCode }, true)).toBe('soft');
    expect(classOf({ declineCode, adviceCode: 'do_not_try_again' }, true)).toBe('hard');
    expect(classOf({ declineCode, adviceCode: 'do_not_try_again' })).toBe('check_first');
  });
});

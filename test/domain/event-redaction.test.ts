import { describe, expect, it } from '@jest/globals';
import { redactEvent } from '../../domain/event-redaction.ts';
import { readStripeEvent } from '../../domain/stripe-event.ts';

const EVENT = {
  id: 'evt_1',
  type: 'checkout.session.completed',
  livemode: false,
  request: { idempotency_key: null },
  data: {
    object: {
      id: 'cs_test_1',
      mode: 'setup',
      client_reference_id: `enr_${'a'.repeat(26)}`,
      customer_details: { email: 'hanako@example.com', name: 'Hanako', phone: null },
      client_secret: 'seti_1_secret_2',
      customer_email: null,
      custom_fields: [{ key: 'engraving', text: { value: 'Hanako' } }],
      charges: [{ billing_details: { email: 'hanako@example.com' }, amount: 980 }],
    },
    previous_attributes: { receipt_email: 'hanako@example.com' },
  },
};

const DISPUTE = {
  id: 'evt_2',
  type: 'charge.dispute.updated',
  livemode: false,
  created: 1_790_000_000,
  request: { idempotency_key: null },
  data: {
    object: {
      id: 'du_1',
      payment_intent: 'pi_1',
      amount: 980,
      reason: 'fraudulent',
      status: 'needs_response',
      evidence: {
        customer_email_address: 'hanako@example.com',
        customer_name: 'Hanako',
        customer_purchase_ip: '203.0.113.7',
        billing_address: '1-1 Hanakomachi',
        uncategorized_text: 'Hanako wrote to us',
        refund_policy: null,
      },
      evidence_details: { due_by: 1_790_600_000, has_evidence: true },
      payment_method_details: {
        type: 'paypal',
        paypal: { payer_email: 'hanako@example.com', payer_id: 'HANAKO7', payer_name: 'Hanako' },
      },
    },
    previous_attributes: { evidence: { shipping_address: 'Hanakomachi', customer_name: null } },
  },
};

const LINK = `https://billing.example.com/c/eyJ${'x'.repeat(20)}`;
/** Whoever has one of these addresses acts for the customer. */
const SENT_AWAY = {
  id: 'evt_3',
  type: 'payment_intent.requires_action',
  livemode: false,
  request: { idempotency_key: null },
  data: {
    object: {
      id: 'pi_1',
      status: 'requires_action',
      success_url: `${LINK}/return?session_id={CHECKOUT_SESSION_ID}`,
      cancel_url: `${LINK}/account`,
      return_url: LINK,
      url: 'https://checkout.stripe.com/c/pay/cs_test_secret#fid',
      after_expiration: { recovery: { enabled: true, url: 'https://buy.stripe.com/r/secret' } },
      metadata: { charge_id: `chg_${'a'.repeat(26)}_1`, enrollment_id: `enr_${'a'.repeat(26)}` },
      next_action: {
        type: 'redirect_to_url',
        redirect_to_url: { return_url: LINK, url: 'https://hooks.stripe.com/3d?client_secret=pi_1_secret_2' },
      },
      next_source_action: { type: 'authorize_with_url', authorize_with_url: { return_url: LINK, url: LINK } },
    },
    previous_attributes: {
      next_action: { swish_handle_redirect_or_display_qr_code: { mobile_auth_url: LINK } },
    },
  },
};

/** What the kinds of payment methods tell of a person, by Stripe's names. */
const OF_A_PERSON = {
  last_payment_error: {
    code: 'card_declined',
    payment_method: {
      id: 'pm_1',
      card: { last4: '4242', wallet: { link: null, masterpass: { email: 'hanako@example.com' } } },
      card_present: { cardholder_name: 'HANAKO' },
      klarna: { dob: { day: 1, month: 2, year: 1990 } },
      upi: { vpa: 'hanako@bank' },
      payto: { pay_id: 'hanako@example.com' },
      cashapp: { cashtag: '$hanako', buyer_id: 'hanako' },
      us_bank_account: { account_holder_type: 'individual' },
      au_becs_debit: { fingerprint: 'kept' },
    },
  },
  payment_method_details: {
    ideal: { verified_name: 'Hanako', iban_last4: '1234' },
    acss_debit: { account_number: 'hanako' },
    klarna: { payer_details: { address: { country: 'hanako' } } },
    pix: { tax_id: 'hanako' },
  },
  payment_details: {
    flight_data: [{ passengers: [{ name: 'Hanako' }] }],
    drivers: [{ date_of_birth: 'hanako' }],
  },
  payment_method_options: { konbini: { confirmation_number: 'hanako' } },
  source: { name: 'Hanako', address_line1: 'Hanakomachi' },
  instructions_email: 'hanako@example.com',
};

describe('redactEvent', () => {
  it('F34: leaves no client secret and no contact detail in an event, however deep', () => {
    expect(JSON.stringify(redactEvent(EVENT))).not.toMatch(/_secret_|hanako/i);
  });

  it('F34: leaves no address in an event that its bearer acts for the customer with', () => {
    const kept = redactEvent(SENT_AWAY);
    expect(JSON.stringify(kept)).not.toMatch(/eyJ|secret|https:/);
    expect(kept).toMatchObject({ data: { object: { id: 'pi_1', status: 'requires_action' } } });
  });

  it('keeps nothing of what a merchant tells a bank about a customer in a dispute', () => {
    const kept = redactEvent(DISPUTE);
    expect(JSON.stringify(kept)).not.toMatch(/hanako|203\.0/i);
    expect(kept).toMatchObject({
      data: {
        object: { reason: 'fraudulent', status: 'needs_response', evidence_details: { has_evidence: true } },
      },
    });
  });

  it('keeps no name, address or account of a person that comes with a payment method', () => {
    const kept = redactEvent(OF_A_PERSON);
    expect(JSON.stringify(kept)).not.toMatch(/hanako|1990/i);
    expect(kept).toMatchObject({
      last_payment_error: { code: 'card_declined', payment_method: { id: 'pm_1', card: { last4: '4242' } } },
    });
  });

  it('changes nothing that events are routed by', () => {
    for (const event of [EVENT, DISPUTE, SENT_AWAY]) {
      expect(readStripeEvent(redactEvent(event), false)).toEqual(readStripeEvent(event, false));
    }
  });

  it('keeps everything else, and what was null', () => {
    expect(redactEvent(EVENT)).toMatchObject({
      id: 'evt_1',
      data: { object: { customer_email: null, charges: [{ amount: 980 }] } },
    });
  });

  it('takes any JSON', () => {
    expect([null, 1, 'text', [true], {}].map(redactEvent)).toEqual([null, 1, 'text', [true], {}]);
  });
});

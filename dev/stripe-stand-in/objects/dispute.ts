// Builds Disputes.

import type Stripe from 'stripe';
import { newId } from '../ids.ts';

const RESPONSE_DAYS = 7;

const NO_EVIDENCE: Stripe.Dispute.Evidence = {
  access_activity_log: null,
  billing_address: null,
  cancellation_policy: null,
  cancellation_policy_disclosure: null,
  cancellation_rebuttal: null,
  customer_communication: null,
  customer_email_address: null,
  customer_name: null,
  customer_purchase_ip: null,
  customer_signature: null,
  duplicate_charge_documentation: null,
  duplicate_charge_explanation: null,
  duplicate_charge_id: null,
  enhanced_evidence: {},
  product_description: null,
  receipt: null,
  refund_policy: null,
  refund_policy_disclosure: null,
  refund_refusal_explanation: null,
  service_date: null,
  service_documentation: null,
  shipping_address: null,
  shipping_carrier: null,
  shipping_date: null,
  shipping_documentation: null,
  shipping_tracking_number: null,
  uncategorized_file: null,
  uncategorized_text: null,
};

export function buildDispute(
  charge: Stripe.Charge,
  input: {
    reason: string;
    inquiry: boolean;
    prevented: 'resolution' | 'block' | null;
    amount: number;
  },
  created: number,
): Stripe.Dispute {
  const card = charge.payment_method_details?.card;
  return {
    id: newId('du'),
    object: 'dispute',
    amount: input.amount,
    balance_transactions: [],
    charge: charge.id,
    created,
    currency: charge.currency,
    enhanced_eligibility_types: [],
    evidence: { ...NO_EVIDENCE, customer_email_address: charge.billing_details.email },
    evidence_details: {
      due_by: created + RESPONSE_DAYS * 86_400,
      enhanced_eligibility: {},
      has_evidence: false,
      past_due: false,
      submission_count: 0,
      submission_method: 'not_submitted',
    },
    intended_submission_method: null,
    is_charge_refundable: input.inquiry || input.prevented === 'block',
    livemode: charge.livemode,
    metadata: {},
    network_reason_code: input.reason === 'fraudulent' ? '10.4' : '13.1',
    payment_intent: charge.payment_intent,
    ...(card === undefined
      ? {}
      : {
          payment_method_details: {
            type: 'card',
            card: {
              brand: card.brand ?? 'visa',
              case_type: input.prevented ?? (input.inquiry ? 'inquiry' : 'chargeback'),
              network: card.brand ?? 'visa',
              network_reason_code: '10.4',
            },
          },
        }),
    reason: input.reason,
    status: input.prevented ? 'prevented' : input.inquiry ? 'warning_needs_response' : 'needs_response',
  };
}

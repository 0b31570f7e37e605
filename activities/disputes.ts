/**
 * The disputes of a PaymentIntent, and what those that were prevented took of it. Called by the aftermath Activities. Only
 * lists.
 */
import type { Stripe } from 'stripe';
import { type PreventedDispute, takenByPrevented } from '../domain/disputes.ts';
import { movedMinor } from './aftermath-record.ts';

/**
 * @returns the newest first
 * @throws Stripe's errors unchanged
 */
export async function disputesOf(stripe: Stripe, paymentIntentId: string): Promise<Stripe.Dispute[]> {
  return (await stripe.disputes.list({ payment_intent: paymentIntentId, limit: 100 })).data;
}

/** @returns minor units; null when Stripe tells of one neither that it took something nor that it did not */
export function takenMinorOf(disputes: readonly Stripe.Dispute[]): number | null {
  return takenByPrevented(disputes.filter(({ status }) => status === 'prevented').map(preventedDispute));
}

function preventedDispute(dispute: Stripe.Dispute): PreventedDispute {
  const { amount, balance_transactions, payment_method_details, is_charge_refundable } = dispute;
  return {
    amountMinor: amount,
    movedMinor: balance_transactions.reduce((sum, moved) => sum + movedMinor(dispute, moved), 0),
    caseType: payment_method_details?.card?.case_type ?? null,
    isChargeRefundable: is_charge_refundable,
  };
}

// What can be chosen about a stand-in. Facts of Stripe that no source states are here, so that nobody mistakes them
// for known ones: change them and see whether your code minds.

export interface Settings {
  /** Confirmations of one intent before Stripe cancels it. Stripe says only that there is a variable upper limit. */
  maxConfirmations: number;
  /** Days until an uncaptured payment is canceled. */
  holdDays: number;
  /** cancellation_reason of a hold that lapsed. */
  holdExpiryReason: 'automatic' | 'expired';
  /** Whether letting a hold go after a cancel is told by charge.refunded and refund.created as well. */
  releaseEvents: boolean;
  /** cancellation_reason of the SetupIntent whose Checkout Session expired; null leaves the SetupIntent open. */
  expiredSessionReason: 'abandoned' | null;
  /** Seconds until a bank debit settles or fails by itself. */
  debitSeconds: number;
  /** Seconds after its start in which a processing bank debit can still be canceled. */
  debitCancelWindowSeconds: number;
  /** Seconds until a pending refund succeeds or a failing one fails. */
  refundSeconds: number;
  /** The error code when `error_on_requires_action` ends an attempt. */
  errorOnRequiresActionCode: string;
  /** Whether a bank debit without a mandate on file needs `mandate_data` in the confirming request. */
  debitsNeedMandate: boolean;
  /** Seconds until a new or changed PaymentIntent is found by search. Stripe: usually under a minute. */
  searchDelaySeconds: number;
  /** Multiplies Stripe's hours between webhook attempts. */
  webhookRetryScale: number;
  /** Whether off-session confirmation with redirect methods needs a return_url too, as on-session does. */
  offSessionNeedsReturnUrl: boolean;
  /** Reads, and writes, that pass in any second; the others are answered 429. Stripe: 100 live. null: all pass. */
  requestsPerSecond: number | null;
  /** The account's currency, in which balance transactions are; null: that of each payment, as if it had an account in each. */
  settlementCurrency: string | null;
  /** What one unit (not minor unit) of a payment's currency is worth in it. */
  settlementRate: number;
}

export const DEFAULT_SETTINGS: Settings = {
  maxConfirmations: 25,
  holdDays: 7,
  holdExpiryReason: 'automatic',
  releaseEvents: true,
  expiredSessionReason: 'abandoned',
  debitSeconds: 60 * 60 * 24 * 4,
  debitCancelWindowSeconds: 60 * 60 * 12,
  refundSeconds: 60 * 60 * 24,
  errorOnRequiresActionCode: 'authentication_required',
  debitsNeedMandate: false,
  searchDelaySeconds: 0,
  webhookRetryScale: 0.01,
  offSessionNeedsReturnUrl: false,
  requestsPerSecond: null,
  settlementCurrency: null,
  settlementRate: 1,
};

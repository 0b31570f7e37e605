/**
 * What an enrollment Workflow is started with. Free of personal data: contact details stay in Postgres under
 * `customerId`. Types only.
 */
import type { Terms } from '../domain/terms.ts';

export interface EnrollmentInput {
  v: 1;
  enrollmentId: string;
  customerId: string;
  terms: Terms;
  description: string | null;
  locale: 'en' | 'ja';
  returnUrl: string | null;
  metadata: Record<string, string>;
  /** Mode of the Stripe key that the API runs with; objects of the other mode are refused. */
  livemode: boolean;
  /** sha256 (hex) of the request that asked for it. */
  requestFingerprint: string;
}

/** What the Workflow of a paid charge's aftermath is started with, by the rows as they were then. */
export interface AftermathInput {
  v: 1;
  enrollmentId: string;
  chargeId: string;
  capturedMinor: number;
  currency: string;
  refunds: { amountMinor: number; status: string }[];
  /** A dispute took the money back, or may. */
  disputed: boolean;
}

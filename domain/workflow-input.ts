/**
 * What an enrollment Workflow is started with. Free of personal data: contact details stay in Postgres under
 * `customerId`.
 */
import type { Terms } from './terms.ts';
import { type Told, told } from './told.ts';
import { scheduleOf, type ToldTerms, toldTerms } from './told-terms.ts';

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

const USUAL_INPUT = { description: null, returnUrl: null, metadata: {}, livemode: false };

/** {@link EnrollmentInput} as it is handed over. */
export type ToldInput = Told<Omit<EnrollmentInput, 'terms'>, typeof USUAL_INPUT> & {
  terms: ToldTerms<Terms>;
};

export function toldInput({ terms, ...input }: EnrollmentInput): ToldInput {
  return { ...told(input, USUAL_INPUT), terms: toldTerms(terms) };
}

/** The whole of what {@link toldInput} told, and of an input that was told whole. */
export function inputOf({ terms, ...input }: ToldInput): EnrollmentInput {
  return { ...USUAL_INPUT, ...input, terms: { ...terms, schedule: scheduleOf(terms.schedule) } };
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

/**
 * What the Workflow hands to the Activities of a charge, and what they report. Built by `workflows/charge-work.ts`; read
 * by every charge Activity. All of it is history: no personal data, no Stripe object, and nothing that nobody uses, since
 * every byte is written, kept and handed on by Temporal for each try.
 */
import type { ChargeOutcome, PaymentIntentOutcome } from '../domain/charge-outcome.ts';
import { type Asker, chargeOf, type OpenCharge, type ToldCharge } from '../domain/open-charge.ts';
import type { SparseChanges } from '../domain/schedule-changes.ts';
import type { ChargeStatus } from '../domain/statuses.ts';
import type { PlanTerms, Terms } from '../domain/terms.ts';
import { type Told, told, USUAL_REPORT, USUAL_WORK } from '../domain/told.ts';
import { scheduleOf, type ToldTerms } from '../domain/told-terms.ts';
import type { ChargeContext, DunningStep } from './charge-record.ts';
import type { Upcoming } from './upcoming.ts';

export interface ChargeWork {
  charge: OpenCharge;
  context: ChargeContext;
  /** With the retries that were added for this charge. */
  terms: PlanTerms & Pick<Terms, 'captureMethod' | 'dunning'>;
  stripeCustomerId: string;
  paymentMethodId: string;
  paymentMethodType: string;
  /** Of the card; null for methods that do not expire. */
  expires: CardExpiry | null;
  /** Another saved method may be tried when this one is declined for good. */
  otherMethodAllowed: boolean;
  /** ISO 8601, UTC: the Workflow's clock. */
  at: string;
  /** Set on the first attempt of a scheduled charge: also say what comes next on the schedule. */
  planAfter: { anchorAt: string; occurrence: number; changes?: SparseChanges } | null;
  /** Who asked for it; null when it happens by itself. */
  by: Asker | null;
}

/** {@link ChargeWork} as it is handed over. */
export type AskedOfCharge = Told<Omit<ChargeWork, 'charge' | 'terms'>, typeof USUAL_WORK> & {
  toldCharge: ToldCharge;
  terms: ToldTerms<ChargeWork['terms']>;
};

/** Of one attempt. */
export interface AskedOfAttempt {
  why: string;
  /** Until when a dispute or a pause held it back, where that is after its due date. ISO 8601, UTC; for metrics. */
  heldUntil?: string;
}

/** What an Activity was asked for, made whole; also of an Activity that a version before this one asked for. */
export function workOf<Asked extends AskedOfCharge>(asked: Asked): Asked & ChargeWork {
  return {
    ...USUAL_WORK,
    charge: chargeOf(asked.toldCharge),
    ...asked,
    terms: { ...asked.terms, schedule: scheduleOf(asked.terms.schedule) },
  };
}

export interface CardExpiry {
  expMonth: number;
  expYear: number;
}

/** {@link ChargeReport} as it is handed over. */
export type ToldReport = Told<ChargeReport, typeof USUAL_REPORT>;

export interface ChargeReport {
  /** `not_made`: certain that nothing happened at Stripe; a new attempt may follow. */
  status: ChargeStatus | 'not_made';
  paymentIntentId: string | null;
  amountReceivedMinor: number;
  dunning: DunningStep | null;
  hold: PaymentIntentOutcome['hold'];
  /** Where the customer confirms. */
  redirectUrl: string | null;
  /** Canceled by Stripe itself. */
  lapsed: boolean;
  /** Absent when no plan was asked for. */
  upcoming?: Upcoming;
  /** Present when the card network had sent a new expiry. */
  expires?: CardExpiry | null;
}

/** What the Workflow must know of an outcome. */
export function reportOf(
  outcome: ChargeOutcome,
  more: Pick<ChargeReport, 'dunning'> & Partial<ChargeReport>,
): ToldReport {
  const found = outcome.kind === 'payment_intent' ? outcome : null;
  const report: ChargeReport = {
    status: found?.status ?? 'not_made',
    paymentIntentId: found?.paymentIntentId ?? null,
    amountReceivedMinor: found?.amountReceivedMinor ?? 0,
    hold: found?.hold ?? null,
    redirectUrl: found?.redirectUrl ?? null,
    lapsed: found?.lapsed ?? false,
    ...more,
  };
  return told(report, USUAL_REPORT);
}

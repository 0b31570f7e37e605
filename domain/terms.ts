/**
 * Terms: what a customer agreed to. Written once by the API when an enrollment is created, carried by the
 * Workflow, stored with the enrollment. Types, the defaults and parts of them: no rule lives here, no I/O ever.
 */

/** A calendar step. `minute` exists so that a person can watch a schedule; a setting allows it. */
export interface Interval {
  unit: 'minute' | 'day' | 'week' | 'month' | 'year';
  count: number;
}

/** Charges fall somewhere in a stretch of time that begins at the agreed time of day; absent: at that very time. */
export interface Spread {
  /** Agreed: how long the stretch is. It ends with the local day, so that no charge falls on another one. */
  minutes: number;
  /** This enrollment's own place in it, by `spread.ts`; the Workflow fills it in. @default 0 */
  offsetMs?: number;
}

/** One charge, at once when `at` is null, else at that instant (ISO 8601, UTC). */
export interface OnceSchedule {
  type: 'once';
  amountMinor: number;
  at: string | null;
  /** IANA name: where retries keep to the day, and in which dates are told. @default 'UTC' */
  timeZone?: string;
}

/** A fixed list of amounts, one an interval, the first at `startsAt` (null: when the method is saved). */
export interface InstallmentsSchedule {
  type: 'installments';
  amountsMinor: number[];
  interval: Interval;
  startsAt: string | null;
  timeZone: string;
  /** Hour of the local day, 0 to 23, at which charges fall; null keeps the anchor's own time of day. */
  localHour: number | null;
  spread?: Spread;
}

/** The same amount every interval until an end that may never come. */
export interface RecurringSchedule {
  type: 'recurring';
  amountMinor: number;
  interval: Interval;
  startsAt: string | null;
  timeZone: string;
  localHour: number | null;
  /** Days between saving the method (or `startsAt`) and the first charge. */
  trialDays: number;
  /** No charge falls after this instant (ISO 8601, UTC). */
  endsAt: string | null;
  /** The most charges there are: one that is left out, e.g. skipped, is not made up for. */
  maxCharges: number | null;
  spread?: Spread;
}

/** Charges come through the API only. */
export interface OnDemandSchedule {
  type: 'on_demand';
  /** As in {@link OnceSchedule}. */
  timeZone?: string;
}

export type Schedule = OnceSchedule | InstallmentsSchedule | RecurringSchedule | OnDemandSchedule;

export interface DunningPolicy {
  /** Days after the previous decline; as many entries as automatic retries. At most 8. */
  retryAfterDays: number[];
  afterLastTry: 'cancel' | 'pause' | 'keep_active';
}

export interface Terms {
  /** ISO 4217, lower case, as Stripe writes it. */
  currency: string;
  schedule: Schedule;
  captureMethod: 'automatic' | 'manual';
  dunning: DunningPolicy;
  /** A payment that succeeds after its enrollment was canceled. */
  lateSuccess: 'keep' | 'refund';
  /** What happens with charges that fell due while nothing ran. */
  catchUp: 'charge_all' | 'charge_latest' | 'skip';
  /** Days that the customer has to save a first payment method. */
  setupDeadlineDays: number;
  /** What a lost dispute means for the enrollment. @default 'cancel' */
  afterLostDispute?: DunningPolicy['afterLastTry'];
  /** Times that money which was held and not captured in time is authorised again, as a new charge. @default 0 */
  reauthorizeHolds?: number;
  /** The customer consented that the method saved before is tried when the newest is declined for good. @default false */
  tryOtherMethod?: boolean;
}

/** What a plan of the next charges follows from. */
export type PlanTerms = Pick<Terms, 'schedule' | 'catchUp'>;

export function planTermsOf({ schedule, catchUp }: Terms): PlanTerms {
  return { schedule, catchUp };
}

export const DEFAULT_DUNNING: DunningPolicy = { retryAfterDays: [1, 3, 5, 7], afterLastTry: 'cancel' };
export const DEFAULT_SETUP_DEADLINE_DAYS = 30;

/** One charge that the schedule asks for. `occurrence` counts from 0 on the schedule's own calendar. */
export interface PlannedCharge {
  occurrence: number;
  /** ISO 8601, UTC. */
  dueAt: string;
  amountMinor: number;
}

/**
 * Writes what became of a charge: its row, the attempt, the timeline, the ledger, the notification and the
 * enrollment, in one statement. Called by the charge Activities; decides nothing that the Workflow decides.
 */
import type { Kysely } from 'kysely';
import { writeChargeOutcome } from '../db/charge-outcome.ts';
import type { EnrollmentChange } from '../db/enrollments.ts';
import { type NewNotice, noticeRow } from '../db/notifications.ts';
import type { Database, NewCharge } from '../db/schema.ts';
import { factRows, movementRow, type TimelineFact } from '../db/timeline.ts';
import type { ChargeOutcome, PaymentIntentOutcome } from '../domain/charge-outcome.ts';
import type { DunningDecision } from '../domain/dunning.ts';
import { noticeAfterDecline } from '../domain/dunning-notices.ts';
import { keyDetails } from '../domain/keyed-requests.ts';
import type { CustomerReason, NotificationKind } from '../domain/notifications.ts';
import type { Asker, LastDecline, OpenCharge } from '../domain/open-charge.ts';
import { type ChargeStatus, PAST_DUE_CHARGE, SETTLED_CHARGE } from '../domain/statuses.ts';
import type { DunningPolicy, PlannedCharge } from '../domain/terms.ts';
import { tellIfMethodFails } from './method-notice.ts';

/** What the rows and messages of a charge need to know of its enrollment. */
export interface ChargeContext {
  enrollmentId: string;
  currency: string;
  description: string | null;
  locale: string;
  timeZone: string;
}

/** What follows on a decline, with its instants. */
export type DunningStep = Exclude<DunningDecision, { kind: 'look_first' }> & {
  customerReason: CustomerReason;
  lastDecline: LastDecline;
  /** ISO 8601, UTC. */
  nextAttemptAt: string | null;
  giveUpAt: string | null;
};

export interface AttemptMade {
  number: number;
  key: string;
  paymentMethodId: string;
  why: string;
}

export interface ChargeNews {
  charge: OpenCharge;
  context: ChargeContext;
  /** ISO 8601, UTC: when it happened, by the Workflow's clock. */
  at: string;
  outcome: ChargeOutcome;
  /** Set when the outcome answers an attempt, now or by a later reading of it. */
  attempt: AttemptMade | null;
  dunning: DunningStep | null;
  /** What becomes of the enrollment when the charge is given up; absent where nobody is told of it. */
  afterLastTry?: DunningPolicy['afterLastTry'];
  /** The next charge of the schedule; undefined leaves it as it is. */
  next?: PlannedCharge | null;
  /** Charges that the catch-up rule gave up on the way there. */
  passedOver?: number;
  /** Who asked for it; absent when it happened by itself. */
  by?: Asker;
  /** The card will be over when the next charge is due. */
  expiresBeforeNext?: boolean;
}

/**
 * Writes it all or nothing; safe to repeat with the same news. When the enrollment's row has changed meanwhile, that row
 * follows a moment later; so does what its customer is told of a card that expires. Database errors are thrown, Temporal
 * retries them.
 */
export async function recordCharge(db: Kysely<Database>, news: ChargeNews): Promise<void> {
  const { context, at, outcome, attempt } = news;
  const { enrollmentId } = context;
  const status = statusOf(news);
  const kind = noticeOf(news, status);
  const rows = {
    charge: chargeRow(news, status),
    attempt: attempt === null ? null : attemptRow(news, attempt),
    facts: factRows(enrollmentId, [timelineFact(news, status), ...passedOverFact(news)]),
    movement:
      outcome.kind === 'payment_intent' && outcome.status === 'succeeded'
        ? movementRow(paymentOf(news, outcome))
        : null,
    notice: kind === null ? null : noticeRow(chargeNotice(news, kind)),
  };
  await writeChargeOutcome(db, rows, enrollmentChange(news));
  if (news.expiresBeforeNext === true) {
    // By itself, since it looks at what has been written; what calls this does all of it again after a crash in between.
    await tellIfMethodFails(db, enrollmentId, at);
  }
}

function paymentOf({ charge, context, at }: ChargeNews, outcome: PaymentIntentOutcome) {
  return {
    enrollment_id: context.enrollmentId,
    charge_id: charge.id,
    kind: 'payment' as const,
    amount_minor: outcome.amountReceivedMinor,
    currency: context.currency,
    stripe_object_id: outcome.paymentIntentId,
    at,
  };
}

function enrollmentChange({ at, next }: ChargeNews): EnrollmentChange {
  return next === undefined ? { at } : { at, next };
}

/** The charge's status after the news. */
export function statusOf({ outcome, charge }: Pick<ChargeNews, 'outcome' | 'charge'>): ChargeStatus {
  return outcome.kind === 'payment_intent' ? outcome.status : charge.status;
}

/** The row of a charge with that status. */
export function chargeRow(news: ChargeNews, status: ChargeStatus): NewCharge {
  const { charge, context, at, outcome, dunning, attempt } = news;
  const intent = outcome.kind === 'payment_intent' ? outcome : null;
  return {
    id: charge.id,
    enrollment_id: context.enrollmentId,
    number: charge.number,
    occurrence: charge.occurrence,
    origin: charge.origin,
    request_key: charge.requestKey ?? null,
    description: charge.description,
    amount_minor: charge.amountMinor,
    currency: context.currency,
    due_at: charge.dueAt,
    status,
    payment_intent_id: intent?.paymentIntentId ?? charge.paymentIntentId,
    attempts: attempt?.number ?? charge.attempts,
    next_attempt_at: nextAttemptAt(news, status),
    give_up_at: PAST_DUE_CHARGE.includes(status) ? (dunning ?? charge).giveUpAt : null,
    captured_minor: intent?.amountReceivedMinor ?? 0,
    refunded_minor: 0,
    last_code: intent?.decline?.code ?? null,
    last_decline_code: intent?.decline?.declineCode ?? null,
    status_reason: dunning?.reason ?? null,
    settled_at: SETTLED_CHARGE.includes(status) ? at : null,
    created_at: at,
    updated_at: at,
  };
}

/** News that decides nothing leaves the next try as it was planned, unless that is the one that was made. */
function nextAttemptAt({ charge, at, dunning, attempt }: ChargeNews, status: ChargeStatus): string | null {
  if (dunning !== null) {
    return dunning.nextAttemptAt;
  }
  const planned = PAST_DUE_CHARGE.includes(status) ? charge.nextAttemptAt : null;
  const isDue = planned !== null && Date.parse(planned) <= Date.parse(at);
  return isDue && attempt !== null && attempt.number > charge.attempts ? null : planned;
}

/** The row of an attempt: what came of it, and what was decided on it. */
export function attemptRow(
  { charge, context, at, outcome, dunning }: Omit<ChargeNews, 'attempt'>,
  attempt: AttemptMade,
) {
  const intent: PaymentIntentOutcome | null = outcome.kind === 'payment_intent' ? outcome : null;
  return {
    charge_id: charge.id,
    attempt: attempt.number,
    enrollment_id: context.enrollmentId,
    idempotency_key: attempt.key,
    payment_method_id: attempt.paymentMethodId,
    payment_intent_id: intent?.paymentIntentId ?? null,
    outcome: intent?.decline ? 'declined' : (intent?.status ?? 'not_made'),
    code: intent?.decline?.code ?? null,
    decline_code: intent?.decline?.declineCode ?? null,
    advice_code: intent?.decline?.adviceCode ?? null,
    network_decline_code: intent?.decline?.networkDeclineCode ?? null,
    stripe_charge_id: intent?.stripeChargeId ?? null,
    decision: dunning?.kind ?? null,
    decision_reason: dunning?.reason ?? null,
    attempted_at: at,
  };
}

/** Tells that charges fell due while nothing ran and are not collected, as the terms say. */
function passedOverFact({ charge, at, passedOver = 0, next }: ChargeNews): TimelineFact[] {
  return passedOver === 0 ? [] : [catchUpFact(`${charge.id}/passed-over`, at, passedOver, next ?? null)];
}

/** The timeline's word for charges that the catch-up rule gave up, or that fell into a pause. */
export function catchUpFact(
  key: string,
  at: string,
  passedOver: number,
  next: PlannedCharge | null,
  why = 'they fell due while nothing ran, and the terms do not collect them afterwards',
): TimelineFact {
  return {
    key,
    at,
    what: 'schedule.passed_over',
    who: 'workflow',
    why,
    details: { charges: passedOver, next_due_at: next?.dueAt ?? null },
  };
}

function timelineFact(
  { charge, at, outcome, attempt, dunning, by }: ChargeNews,
  status: ChargeStatus,
): TimelineFact {
  const intent = outcome.kind === 'payment_intent' ? outcome : null;
  const number = attempt?.number ?? charge.attempts;
  return {
    key: `${charge.id}/attempt-${number}/${intent?.decline ? 'declined' : status}`,
    chargeId: charge.id,
    at,
    what: intent?.decline ? 'charge.declined' : `charge.${status}`,
    who: by?.by ?? (attempt ? 'workflow' : 'stripe'),
    why: by?.reason ?? dunning?.reason ?? attempt?.why ?? null,
    details: {
      attempt: number,
      amount_minor: charge.amountMinor,
      received_minor: intent?.amountReceivedMinor ?? 0,
      payment_intent: intent?.paymentIntentId ?? null,
      code: intent?.decline?.code ?? null,
      decline_code: intent?.decline?.declineCode ?? null,
      decision: dunning?.kind ?? null,
      next_attempt_at: dunning?.nextAttemptAt ?? null,
      ...(by === undefined ? {} : keyDetails(by)),
    },
  };
}

/** Which notification the news makes, if any: the first failure, the last try ahead, solved, over. */
function noticeOf(
  { charge, outcome, dunning, attempt }: ChargeNews,
  status: ChargeStatus,
): NotificationKind | null {
  if (status === 'succeeded') {
    return charge.firstDeclinedAt === null ? 'charge_succeeded' : 'charge_recovered';
  }
  if (status === 'processing') {
    return 'charge_processing';
  }
  if (outcome.kind !== 'payment_intent' || outcome.decline === null || dunning === null) {
    return null;
  }
  // Giving up is told when it has happened, with the cancel of the PaymentIntent.
  return dunning.kind === 'give_up'
    ? null
    : noticeAfterDecline(dunning, {
        decision: charge.lastDecision,
        sameCard: attempt === null || attempt.paymentMethodId === charge.triedPaymentMethodId,
      });
}

/** A notification about a charge; the same kind is told once per attempt. */
export function chargeNotice(
  news: Pick<ChargeNews, 'charge' | 'context' | 'at' | 'attempt' | 'dunning' | 'next' | 'afterLastTry'> &
    Partial<Pick<ChargeNews, 'outcome'>>,
  kind: NotificationKind,
): NewNotice {
  const { charge, context, at, dunning, attempt, next } = news;
  return {
    id: `ntf_${charge.id.slice('chg_'.length)}_${attempt?.number ?? charge.attempts}_${kind}`,
    enrollmentId: context.enrollmentId,
    chargeId: charge.id,
    kind,
    locale: context.locale,
    data: {
      amountMinor: toldMinor(news),
      currency: context.currency,
      description: charge.description ?? context.description,
      chargeNumber: charge.number,
      dueAt: charge.dueAt,
      nextAttemptAt: dunning?.nextAttemptAt ?? null,
      nextChargeAt: next?.dueAt ?? null,
      reason: dunning?.customerReason ?? null,
      timeZone: context.timeZone,
      ...deadline(news),
    },
    createdAt: at,
  };
}

/** Until when the customer is waited for, and what follows then. */
function deadline({ dunning, afterLastTry }: Pick<ChargeNews, 'dunning' | 'afterLastTry'>) {
  const giveUpAt = dunning?.giveUpAt ?? null;
  return giveUpAt === null
    ? {}
    : { giveUpAt, ...(afterLastTry === undefined ? {} : { afterGivingUp: afterLastTry }) };
}

/** Of a payment that went through what was taken: what was held may have been captured in part. */
function toldMinor({ charge, outcome }: Pick<ChargeNews, 'charge'> & Partial<Pick<ChargeNews, 'outcome'>>) {
  return outcome?.kind === 'payment_intent' && outcome.status === 'succeeded'
    ? outcome.amountReceivedMinor
    : charge.amountMinor;
}

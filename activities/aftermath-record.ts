/**
 * Writes what became of a paid charge: rows of refunds and disputes, the charge's sums, the ledger, the timeline and
 * what the customer is told, in one transaction. Called by the aftermath Activities. Each fact is written once.
 */
import type { Kysely } from 'kysely';
import type { Stripe } from 'stripe';
import {
  listDisputes,
  listRefunds,
  lockAftermath,
  markAftermath,
  type PaidCharge,
  refundMade,
  saveDispute,
  saveRefund,
} from '../db/aftermath.ts';
import { insertNotification } from '../db/notifications.ts';
import type { Database, Dispute, Refund } from '../db/schema.ts';
import { bookMovement, type TimelineFact, tell } from '../db/timeline.ts';
import { disputeAfterReading } from '../domain/disputes.ts';
import type { Asker } from '../domain/open-charge.ts';
import { REFUND_TABLE, type RefundMade, refundAfterReading, refundedMinor } from '../domain/refunds.ts';

export interface AftermathNews {
  refunds: Stripe.Refund[];
  disputes: Stripe.Dispute[];
  /** Null when the key may not read them. */
  warnings: Stripe.Radar.EarlyFraudWarning[] | null;
  /** ISO 8601, UTC. */
  at: string;
  /** Who asked for one of the refunds, and for how much; null: all that was left. */
  asked: { refundId: string; by: Asker; amountMinor: number | null } | null;
}

/** How a charge stands after its refunds and disputes were written. */
export interface Aftermath {
  refunds: RefundMade[];
  disputes: { id: string; status: string }[];
}

/**
 * Several may write at once, and one that has read Stripe's lists before another may come after it: so the charge's sums
 * are those of all rows, also of what is not in the lists, and what can only be older changes nothing.
 * @returns every refund and dispute that is known
 */
export async function recordAftermath(
  db: Kysely<Database>,
  charge: PaidCharge,
  news: AftermathNews,
): Promise<Aftermath> {
  const { refunds, disputes, warnings, at } = news;
  return db.transaction().execute(async (trx) => {
    await lockAftermath(trx, charge.id);
    const before = await listRefunds(trx, charge.id);
    for (const refund of refunds) {
      const known = before.find(({ id }) => id === refund.id);
      await writeRefund(trx, charge, { refund, known }, news);
    }
    const disputesBefore = await listDisputes(trx, charge);
    const standing: Aftermath['disputes'] = [];
    for (const dispute of disputes) {
      const known = disputesBefore.find(({ id }) => id === dispute.id);
      standing.push(await writeDispute(trx, charge, { dispute, known }, at));
    }
    // What is known and not listed was made after the list.
    const unlisted = disputesBefore.filter((known) => disputes.every(({ id }) => id !== known.id));
    await tell(
      trx,
      charge.enrollmentId,
      warnings?.map((warning) => warningFact(charge, warning, at)) ?? [unreadableFact(charge, at)],
    );
    const made = (await listRefunds(trx, charge.id)).map(refundMade);
    // Stripe lists the newest first.
    const allDisputes = [...unlisted.map(({ id, status }) => ({ id, status })), ...standing];
    await markAftermath(trx, charge.id, {
      refundedMinor: refundedMinor(made),
      disputeStatus: allDisputes[0]?.status ?? null,
      at,
    });
    return { refunds: made, disputes: allDisputes };
  });
}

async function writeRefund(
  db: Kysely<Database>,
  charge: PaidCharge,
  { refund, known }: { refund: Stripe.Refund; known: Refund | undefined },
  { at, asked }: AftermathNews,
): Promise<void> {
  const seen = refund.status ?? 'pending';
  const status = refundAfterReading(known?.status ?? null, seen);
  const failureReason = status === seen ? (refund.failure_reason ?? null) : (known?.failure_reason ?? null);
  const request = asked?.refundId === refund.id ? asked : null;
  const by = request?.by ?? null;
  const { id: chargeId, enrollmentId, currency } = charge;
  await saveRefund(db, {
    id: refund.id,
    charge_id: chargeId,
    enrollment_id: enrollmentId,
    amount_minor: refund.amount,
    currency,
    status,
    failure_reason: failureReason,
    requested_by: by?.by ?? null,
    request_key: refund.metadata?.request_key ?? null,
    asked_for_all: request === null ? null : request.amountMinor === null,
    reason: by?.reason ?? refund.reason ?? null,
    created_at: at,
    updated_at: at,
  });
  const movement = {
    enrollment_id: enrollmentId,
    charge_id: chargeId,
    currency,
    stripe_object_id: refund.id,
    at,
  };
  const isNew = await bookMovement(db, { ...movement, kind: 'refund', amount_minor: -refund.amount });
  const cameBack = REFUND_TABLE[status]?.counts === false;
  const isBackNow =
    cameBack && (await bookMovement(db, { ...movement, kind: 'refund_failed', amount_minor: refund.amount }));
  await tell(db, enrollmentId, [
    {
      key: `${chargeId}/refund/${refund.id}/${status}`,
      chargeId,
      at,
      what: REFUND_WORDS[status] ?? 'charge.refund_pending',
      who: by?.by ?? 'stripe',
      why: by?.reason ?? failureReason ?? refund.reason ?? null,
      details: { refund: refund.id, amount_minor: refund.amount, status },
    },
  ]);
  if (by !== null && known?.requested_by === null) {
    // It was told before anybody knew whose it is.
    await tell(db, enrollmentId, [
      {
        key: `${chargeId}/refund/${refund.id}/requested`,
        chargeId,
        at,
        what: 'charge.refund_requested',
        who: by.by,
        why: by.reason,
        details: { refund: refund.id, amount_minor: refund.amount },
      },
    ]);
  }
  if (isNew && !cameBack) {
    await tellCustomer(db, charge, refund, 'charge_refunded', at);
  }
  // Who was never told that it goes back misses nothing.
  if (!isNew && isBackNow && status === 'failed') {
    await tellCustomer(db, charge, refund, 'refund_failed', at);
  }
}

/** How a notification's id names what of a refund it tells: each is told once. */
const NOTICE_OF = { charge_refunded: 'refund', refund_failed: 'refund_failed' } as const;

async function tellCustomer(
  db: Kysely<Database>,
  charge: PaidCharge,
  refund: Stripe.Refund,
  kind: keyof typeof NOTICE_OF,
  at: string,
): Promise<void> {
  const { locale, description, terms, currency, ...row } = await db
    .selectFrom('charges')
    .innerJoin('enrollments', 'enrollments.id', 'charges.enrollment_id')
    .where('charges.id', '=', charge.id)
    .select([
      'enrollments.locale',
      'enrollments.terms',
      'enrollments.description',
      'enrollments.currency',
      'charges.number',
      'charges.due_at',
      'charges.description as chargeDescription',
    ])
    .executeTakeFirstOrThrow();
  await insertNotification(db, {
    id: `ntf_${charge.id.slice('chg_'.length)}_${NOTICE_OF[kind]}_${refund.id}`,
    enrollmentId: charge.enrollmentId,
    chargeId: charge.id,
    kind,
    locale,
    data: {
      amountMinor: refund.amount,
      currency,
      description: row.chargeDescription ?? description,
      chargeNumber: row.number,
      dueAt: row.due_at.toISOString(),
      nextAttemptAt: null,
      nextChargeAt: null,
      reason: null,
      timeZone: terms.schedule.timeZone ?? 'UTC',
    },
    createdAt: at,
  });
}

/** @returns how it stands now */
async function writeDispute(
  db: Kysely<Database>,
  charge: PaidCharge,
  { dispute, known }: { dispute: Stripe.Dispute; known: Dispute | undefined },
  at: string,
): Promise<{ id: string; status: string }> {
  const status = disputeAfterReading(known?.status ?? null, dispute.status);
  if (status !== dispute.status) {
    // Whatever moved by then is booked.
    return { id: dispute.id, status };
  }
  const { id: chargeId, enrollmentId } = charge;
  const { currency } = dispute;
  const dueBy = dispute.evidence_details.due_by;
  await saveDispute(db, {
    id: dispute.id,
    charge_id: chargeId,
    enrollment_id: enrollmentId,
    amount_minor: dispute.amount,
    currency,
    status: dispute.status,
    reason: dispute.reason,
    evidence_due_at: dueBy === null ? null : new Date(dueBy * 1000).toISOString(),
    created_at: at,
    updated_at: at,
  });
  // Each withdrawal and each return is a balance transaction of its own: an appeal can move the money again.
  for (const moved of dispute.balance_transactions) {
    await bookMovement(
      db,
      {
        enrollment_id: enrollmentId,
        charge_id: chargeId,
        currency,
        kind: moved.amount < 0 ? 'dispute' : 'dispute_reversed',
        amount_minor: movedMinor(dispute, moved),
        stripe_object_id: dispute.id,
        at,
      },
      moved.id,
    );
  }
  await tell(db, enrollmentId, [
    {
      key: `${chargeId}/dispute/${dispute.id}/${dispute.status}`,
      chargeId,
      at,
      what: `charge.dispute_${dispute.status}`,
      who: 'stripe',
      why: dispute.reason,
      details: { dispute: dispute.id, amount_minor: dispute.amount, status: dispute.status },
    },
  ]);
  return { id: dispute.id, status };
}

/**
 * A movement in the dispute's currency, as the payment was booked. Balance transactions are in the account's: where that
 * is another one, the whole dispute came or went, since Stripe tells no part of it.
 */
export function movedMinor(dispute: Stripe.Dispute, moved: Stripe.BalanceTransaction): number {
  return moved.currency === dispute.currency ? moved.amount : Math.sign(moved.amount) * dispute.amount;
}

function warningFact(charge: PaidCharge, warning: Stripe.Radar.EarlyFraudWarning, at: string): TimelineFact {
  return {
    key: `${charge.id}/early-fraud-warning/${warning.id}`,
    chargeId: charge.id,
    at,
    what: 'charge.early_fraud_warning',
    who: 'stripe',
    why: warning.fraud_type,
    details: { early_fraud_warning: warning.id, actionable: warning.actionable },
  };
}

/** Once for each charge. */
function unreadableFact(charge: PaidCharge, at: string): TimelineFact {
  return {
    key: `${charge.id}/early-fraud-warnings-unreadable`,
    chargeId: charge.id,
    at,
    what: 'charge.early_fraud_warnings_unreadable',
    who: 'workflow',
    why: 'the Stripe key may not read early fraud warnings',
  };
}

const REFUND_WORDS: Readonly<Record<string, string>> = {
  pending: 'charge.refund_pending',
  requires_action: 'charge.refund_pending',
  succeeded: 'charge.refunded',
  failed: 'charge.refund_failed',
  canceled: 'charge.refund_canceled',
};

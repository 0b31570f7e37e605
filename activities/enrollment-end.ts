/**
 * The end of an enrollment: its open Checkout Session is expired at Stripe, what was asked for and never begun is dropped,
 * the row and the customer are told. Called by the enrollment Workflow, last. Never fails for what Stripe refuses: an
 * enrollment that cannot end would keep its Workflow from ever closing.
 */

import type { Kysely } from 'kysely';
import { Stripe } from 'stripe';
import { claimCharge } from '../db/charge-claims.ts';
import { closeCheckoutSession } from '../db/checkout-sessions.ts';
import { endEnrollment } from '../db/enrollments.ts';
import { insertNotification } from '../db/notifications.ts';
import type { Database } from '../db/schema.ts';
import { tell } from '../db/timeline.ts';
import type { NotificationKind } from '../domain/notifications.ts';
import type { OpenCharge } from '../domain/open-charge.ts';
import type { EnrollmentEnd } from '../domain/statuses.ts';
import { chargeRow } from './charge-record.ts';
import type { ActivityDeps } from './deps.ts';
import { patientFailureOf } from './stripe-errors.ts';

export interface EndWork {
  enrollmentId: string;
  status: EnrollmentEnd;
  reason: string | null;
  who: string;
  /** ISO 8601, UTC: the Workflow's clock. */
  at: string;
  openSessionId: string | null;
  /** What Stripe refused when the first session was opened; absent when nothing. */
  setupRefusal?: string;
  /** What a change of amount left over and no charge has met: owed, or to the customer's credit when negative. */
  balanceMinor?: number;
  /** Charges that were asked for and never begun. */
  unopened?: OpenCharge[];
  notice: { locale: string; currency: string; description: string | null; timeZone: string };
}

export function createEnrollmentEndActivities(deps: ActivityDeps) {
  return {
    /**
     * Writes the end of an enrollment and tells the customer; expires the open Checkout Session at Stripe first, so that
     * nobody saves a card for nothing. A session that is complete or expired by then stays as it is. Safe to repeat.
     * @throws faults, retried; a refused key is waited out
     */
    async endEnrollment(work: EndWork): Promise<void> {
      const { enrollmentId, at, notice } = work;
      if (work.openSessionId !== null) {
        await expireSession(work.openSessionId, work);
      }
      await deps.db.transaction().execute(async (trx) => {
        for (const charge of work.unopened ?? []) {
          await dropUnopened(trx, charge, work);
        }
        await tell(trx, enrollmentId, [
          {
            key: 'ended',
            at,
            what: `enrollment.${work.status}`,
            who: work.who,
            why: work.reason,
            ...(work.balanceMinor === undefined ? {} : { details: { balance_minor: work.balanceMinor } }),
          },
        ]);
        await insertNotification(trx, {
          id: `ntf_${enrollmentId.slice('enr_'.length)}_${work.status}`,
          enrollmentId,
          chargeId: null,
          kind: END_NOTICE[work.status],
          locale: notice.locale,
          data: {
            amountMinor: null,
            currency: notice.currency,
            description: notice.description,
            chargeNumber: null,
            dueAt: null,
            nextAttemptAt: null,
            nextChargeAt: null,
            reason: null,
            timeZone: notice.timeZone,
          },
          createdAt: at,
        });
        await endEnrollment(trx, enrollmentId, work);
      });
    },
  };

  async function expireSession(id: string, { enrollmentId, at }: EndWork): Promise<void> {
    const status = await statusAfterExpiry(id);
    if (status !== null) {
      await closeCheckoutSession(deps.db, { id, enrollmentId }, { status, at });
    }
  }

  /** @returns null when Stripe says nothing of it that helps: it lets every session expire within a day */
  async function statusAfterExpiry(id: string): Promise<SessionEnd | null> {
    try {
      return endOf(await deps.stripe.checkout.sessions.expire(id));
    } catch (error) {
      if (isMissing(error)) {
        // Of another account, or deleted test data: nobody can save a card on it.
        return 'expired';
      }
      return isRefusal(error) ? readStatus(id) : fail(error, id);
    }
  }

  /** Only an open session can be expired: a refusal means that it is complete, or has expired by itself. */
  async function readStatus(id: string): Promise<SessionEnd | null> {
    try {
      return endOf(await deps.stripe.checkout.sessions.retrieve(id));
    } catch (error) {
      return isRefusal(error) ? null : fail(error, id);
    }
  }
}

type SessionEnd = 'complete' | 'expired';

function endOf({ status }: Stripe.Checkout.Session): SessionEnd | null {
  return (['complete', 'expired'] as const).find((end) => end === status) ?? null;
}

function fail(error: unknown, id: string): never {
  throw patientFailureOf(error, `expiring ${id}`);
}

function isRefusal(error: unknown): boolean {
  return error instanceof Stripe.errors.StripeInvalidRequestError;
}

function isMissing(error: unknown): boolean {
  return error instanceof Stripe.errors.StripeInvalidRequestError && error.statusCode === 404;
}

/** A caller was told that it is accepted: its row says what became of it, and answers a repeat of the request. */
async function dropUnopened(db: Kysely<Database>, charge: OpenCharge, work: EndWork): Promise<void> {
  const { enrollmentId, at, notice, status } = work;
  const context = { ...notice, enrollmentId };
  const outcome = { kind: 'not_made' as const };
  const row = chargeRow({ charge, context, at, outcome, attempt: null, dunning: null }, 'canceled');
  const why = `the enrollment was ${status} before it was begun`;
  const claim = await claimCharge(db, { ...row, status_reason: why });
  // A Workflow that was restored from a backup may have begun, and even collected, what it knows nothing of.
  if (claim.kind === 'claimed' && (claim.known === null || claim.known.status === 'canceled')) {
    await tell(db, enrollmentId, [
      { key: `${charge.id}/canceled`, chargeId: charge.id, at, what: 'charge.canceled', who: work.who, why },
    ]);
  }
}

const END_NOTICE: Record<EnrollmentEnd, NotificationKind> = {
  canceled: 'enrollment_canceled',
  completed: 'enrollment_completed',
  expired: 'enrollment_expired',
};

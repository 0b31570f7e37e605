/**
 * A charge as a job makes it: the same claim, the same call to Stripe, the same rows in the same transaction as our
 * Activity, with the functions that it uses. What is missing is everything around them, see docs/performance.md.
 */
import type { Kysely } from 'kysely';
import type { Stripe } from 'stripe';
import { claimPlace } from '../../activities/charge-claim.ts';
import { recordCharge } from '../../activities/charge-record.ts';
import { confirmOffSession } from '../../activities/payment-attempts.ts';
import type { Database } from '../../db/schema.ts';
import { attemptKey, chargeId } from '../../domain/ids.ts';
import { openedCharge } from '../../domain/open-charge.ts';

/** What a job carries: no more than our Activity is given. */
export interface ChargeJob {
  enrollmentId: string;
  /** Of the charge in its enrollment; above every number that the Workflow has given. */
  number: number;
  /** ISO 8601. */
  dueAt: string;
  amountMinor: number;
  currency: string;
  stripeCustomerId: string;
  paymentMethodId: string;
}

/** @throws what Stripe or the database throw; the queue runs the job again */
export async function chargeOnce(db: Kysely<Database>, stripe: Stripe, job: ChargeJob): Promise<void> {
  const { enrollmentId, number, dueAt, amountMinor, currency, stripeCustomerId, paymentMethodId } = job;
  const charge = openedCharge({
    id: chargeId(enrollmentId, number),
    number,
    occurrence: null,
    origin: 'api',
    description: null,
    amountMinor,
    dueAt,
    reauthorizations: 0,
  });
  const context = {
    enrollmentId,
    currency,
    description: 'Coffee, monthly',
    locale: 'en',
    timeZone: 'Asia/Tokyo',
  };
  const at = new Date().toISOString();
  await claimPlace(db, { charge, context, at });
  const outcome = await confirmOffSession(
    stripe,
    {
      enrollmentId,
      chargeId: charge.id,
      attempt: 1,
      amountMinor,
      currency,
      description: context.description,
      captureMethod: 'automatic',
      stripeCustomerId,
      paymentMethodId,
      paymentMethodType: 'card',
      paymentIntentId: null,
    },
    { number: 1, sinceFirstMs: 0 },
  );
  await recordCharge(db, {
    charge,
    context,
    at,
    outcome,
    attempt: {
      number: 1,
      key: attemptKey(enrollmentId, charge.id, 1),
      paymentMethodId,
      why: 'it fell due',
    },
    dunning: null,
  });
}

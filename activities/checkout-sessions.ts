/**
 * Checkout Sessions in setup mode: open one, and end an enrollment whose session may still be open. Called by the
 * enrollment Workflow on Stripe's Task Queue. A customer waits for the first, so a refused key is waited out.
 */
import { ApplicationFailure } from '@temporalio/common';
import { Stripe } from 'stripe';
import { closeCheckoutSession, insertCheckoutSession } from '../db/checkout-sessions.ts';
import { endEnrollment, insertEnrollment } from '../db/enrollments.ts';
import { insertNotification } from '../db/notifications.ts';
import { tell } from '../db/timeline.ts';
import { DEFECTS, REFUSALS } from '../domain/errors.ts';
import { enrollmentWorkflowId, operationKey } from '../domain/ids.ts';
import type { NotificationKind } from '../domain/notifications.ts';
import type { EnrollmentEnd } from '../domain/statuses.ts';
import type { EnrollmentInput } from '../workflows/input.ts';
import type { OpenCheckoutSession } from '../workflows/messages.ts';
import { knownStripeCustomer } from './customers.ts';
import type { ActivityDeps } from './deps.ts';
import { freshKey } from './fresh-key.ts';
import { failureOf, patientFailureOf } from './stripe-errors.ts';

export interface OpenSessionWork {
  input: EnrollmentInput;
  /** Counts the enrollment's sessions from 1; numbers the idempotency key. */
  number: number;
  /** ISO 8601, UTC: the Workflow's clock. */
  at: string;
  setupDeadlineAt: string;
  who: string;
}

export interface EndWork {
  enrollmentId: string;
  status: EnrollmentEnd;
  reason: string | null;
  who: string;
  at: string;
  openSessionId: string | null;
  notice: { locale: string; currency: string; description: string | null; timeZone: string };
}

export function createCheckoutSessionActivities(deps: ActivityDeps) {
  return {
    /**
     * Creates a Checkout Session and its row; with the first one also the enrollment's row and, for a customer that we know
     * something of, the Stripe Customer. Safe to repeat: the session's key follows from its number.
     * @throws ApplicationFailure `SetupRefused` (not retried) when Stripe refuses the request itself
     */
    async openCheckoutSession(work: OpenSessionWork): Promise<OpenCheckoutSession> {
      const { input, number, at } = work;
      if (number === 1) {
        await insertEnrollment(deps.db, enrollmentRow(work));
        await tell(deps.db, input.enrollmentId, [
          { key: 'enrolled', at, what: 'enrollment.created', who: work.who, why: input.description },
        ]);
      }
      const session = await createSession(work).catch((error: unknown) => {
        throw (
          refused(error) ??
          patientFailureOf(error, `creating Checkout Session ${number} of ${input.enrollmentId}`)
        );
      });
      if (session.url === null) {
        throw ApplicationFailure.nonRetryable(`${session.id} has no address`, DEFECTS.BooksDisagree);
      }
      const expiresAt = new Date(session.expires_at * 1000).toISOString();
      await deps.db.transaction().execute(async (trx) => {
        await insertCheckoutSession(trx, {
          id: session.id,
          enrollment_id: input.enrollmentId,
          status: 'open',
          url: session.url,
          setup_intent_id: idOf(session.setup_intent),
          expires_at: expiresAt,
          created_at: at,
        });
        await tell(trx, input.enrollmentId, [
          {
            key: `checkout-session-${number}`,
            at,
            what: 'checkout_session.opened',
            who: work.who,
            details: { checkout_session: session.id, expires_at: expiresAt },
          },
        ]);
      });
      return { id: session.id, url: session.url, expiresAt };
    },

    /**
     * Writes the end of an enrollment and tells the customer; expires the open Checkout Session at Stripe first, so that
     * nobody saves a card for nothing. A session that is complete or expired by then stays as it is. Safe to repeat.
     */
    async endEnrollment(work: EndWork): Promise<void> {
      if (work.openSessionId !== null) {
        await expireSession(work.openSessionId, work.at);
      }
      await deps.db.transaction().execute(async (trx) => {
        await tell(trx, work.enrollmentId, [
          { key: 'ended', at: work.at, what: `enrollment.${work.status}`, who: work.who, why: work.reason },
        ]);
        await insertNotification(trx, {
          id: `ntf_${work.enrollmentId.slice('enr_'.length)}_${work.status}`,
          enrollmentId: work.enrollmentId,
          chargeId: null,
          kind: END_NOTICE[work.status],
          locale: work.notice.locale,
          data: {
            amountMinor: null,
            currency: work.notice.currency,
            description: work.notice.description,
            chargeNumber: null,
            dueAt: null,
            nextAttemptAt: null,
            nextChargeAt: null,
            reason: null,
            timeZone: work.notice.timeZone,
          },
          createdAt: work.at,
        });
        await endEnrollment(trx, work.enrollmentId, work);
      });
    },
  };

  async function createSession({ input, number, at }: OpenSessionWork): Promise<Stripe.Checkout.Session> {
    const { enrollmentId } = input;
    const customer = await knownStripeCustomer(deps, input.customerId);
    // Issued at the Workflow's time, so that a retry sends the same request under the same key.
    const link = await deps.links.create(enrollmentId, at);
    return deps.stripe.checkout.sessions.create(
      {
        mode: 'setup',
        currency: input.terms.currency,
        // Stripe puts the id into the literal braces, so they stay unescaped.
        success_url: `${link}/return?session_id={CHECKOUT_SESSION_ID}`,
        cancel_url: `${link}/account`,
        client_reference_id: enrollmentId,
        locale: input.locale,
        metadata: { enrollment_id: enrollmentId },
        setup_intent_data: {
          metadata: { enrollment_id: enrollmentId },
          ...(input.description === null ? {} : { description: input.description }),
        },
        ...(customer === null ? {} : { customer }),
      },
      { idempotencyKey: freshKey(operationKey(enrollmentId, `checkout-session-${number}`)) },
    );
  }

  async function expireSession(id: string, at: string): Promise<void> {
    const status = await currentStatus(id);
    if (status !== 'open') {
      await closeCheckoutSession(deps.db, id, { status: status === 'complete' ? 'complete' : 'expired', at });
    }
  }

  async function currentStatus(id: string): Promise<Stripe.Checkout.Session.Status | null> {
    try {
      return (await deps.stripe.checkout.sessions.expire(id)).status;
    } catch (error) {
      if (error instanceof Stripe.errors.StripeInvalidRequestError) {
        return (await deps.stripe.checkout.sessions.retrieve(id)).status;
      }
      throw patientFailureOf(error, `expiring ${id}`);
    }
  }
}

const END_NOTICE: Record<EnrollmentEnd, NotificationKind> = {
  canceled: 'enrollment_canceled',
  completed: 'enrollment_completed',
  expired: 'enrollment_expired',
};

/** A 400 to the first request is the caller's to mend, e.g. an unknown Customer: they hear it, and nothing is retried. */
function refused(error: unknown): ApplicationFailure | null {
  if (!(error instanceof Stripe.errors.StripeInvalidRequestError)) {
    return null;
  }
  const failure = failureOf(error, 'opening a Checkout Session');
  return ApplicationFailure.create({
    type: REFUSALS.SetupRefused,
    message: failure instanceof ApplicationFailure ? failure.message : 'Stripe refused the Checkout Session',
    nonRetryable: true,
  });
}

function enrollmentRow({ input, at, setupDeadlineAt }: OpenSessionWork) {
  return {
    id: input.enrollmentId,
    workflow_id: enrollmentWorkflowId(input.enrollmentId),
    customer_id: input.customerId,
    status: 'awaiting_payment_method' as const,
    description: input.description,
    locale: input.locale,
    terms: JSON.stringify(input.terms),
    currency: input.terms.currency,
    request_fingerprint: input.requestFingerprint,
    return_url: input.returnUrl,
    metadata: JSON.stringify(input.metadata),
    livemode: input.livemode,
    setup_deadline_at: setupDeadlineAt,
    created_at: at,
    updated_at: at,
  };
}

/** The id of an object that Stripe gives as id or expanded. */
export function idOf(reference: string | { id: string } | null | undefined): string | null {
  return typeof reference === 'string' ? reference : (reference?.id ?? null);
}

/**
 * Checkout Sessions in setup mode: open one. Called by the enrollment Workflow. A customer waits for the first, so a refused key is waited out. Never saves what comes of one: that is payment-methods.ts.
 */
import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import { Stripe } from 'stripe';
import { writeOpenSession } from '../db/checkout-sessions.ts';
import { findCustomer } from '../db/customers.ts';
import { writeEnrollment } from '../db/enrollments.ts';
import type { Customer } from '../db/schema.ts';
import { factRows } from '../db/timeline.ts';
import { REFUSALS } from '../domain/errors.ts';
import { enrollmentWorkflowId, operationKey } from '../domain/ids.ts';
import { TYPES_THAT_HOLD } from '../domain/payment-methods.ts';
import { type EnrollmentInput, inputOf, type ToldInput } from '../domain/workflow-input.ts';
import type { OpenCheckoutSession } from '../workflows/messages.ts';
import { replaceDeletedCustomer, stripeCustomerOf } from './customers.ts';
import { defect } from './defect.ts';
import type { ActivityDeps } from './deps.ts';
import { freshKey } from './fresh-key.ts';
import { failureOf, isMissingCustomer, patientFailureOf } from './stripe-errors.ts';

export interface OpenSessionWork {
  input: EnrollmentInput;
  /** Counts the enrollment's sessions from 1; numbers the idempotency key. */
  number: number;
  /** ISO 8601, UTC: the Workflow's clock. */
  at: string;
  setupDeadlineAt: string;
  who: string;
}

/** {@link OpenSessionWork} as it is handed over. */
type ToldSessionWork = Omit<OpenSessionWork, 'input'> & { input: ToldInput };

export function createCheckoutSessionActivities(deps: ActivityDeps) {
  return {
    /**
     * Creates a Checkout Session and its row; with the first one also the enrollment's row and, for a customer that we know
     * something of, the Stripe Customer. One that we made and somebody has deleted at Stripe is replaced by a new one. Safe
     * to repeat: the session's key follows from its number.
     * @throws ApplicationFailure `SetupRefused` (not retried) when Stripe refuses the request itself
     */
    async openCheckoutSession(asked: ToldSessionWork): Promise<OpenCheckoutSession> {
      const work: OpenSessionWork = { ...asked, input: inputOf(asked.input) };
      const { input, number, at } = work;
      const customer = await (number === 1 ? enroll(work) : findCustomer(deps.db, input.customerId));
      const session = await sessionOf(work, customer).catch((error: unknown) => {
        throw (
          refused(error) ??
          patientFailureOf(error, `creating Checkout Session ${number} of ${input.enrollmentId}`)
        );
      });
      if (session.url === null) {
        throw defect('BooksDisagree', `${session.id} has no address`);
      }
      const expiresAt = new Date(session.expires_at * 1000).toISOString();
      await writeOpenSession(deps.db, {
        session: {
          id: session.id,
          enrollment_id: input.enrollmentId,
          status: 'open',
          url: session.url,
          setup_intent_id: idOf(session.setup_intent),
          expires_at: expiresAt,
          created_at: at,
        },
        facts: factRows(input.enrollmentId, [
          {
            key: `checkout-session-${number}`,
            at,
            what: 'checkout_session.opened',
            who: work.who,
            details: { checkout_session: session.id, expires_at: expiresAt },
          },
        ]),
      });
      return { id: session.id, url: session.url, expiresAt };
    },
  };

  /** Writes the row of the enrollment. @returns its customer */
  function enroll(work: OpenSessionWork): Promise<Customer> {
    const { input, at, who } = work;
    const fact = { key: 'enrolled', at, what: 'enrollment.created', who, why: input.description };
    return writeEnrollment(deps.db, {
      enrollment: enrollmentRow(work),
      facts: factRows(input.enrollmentId, [fact]),
    });
  }

  async function sessionOf(work: OpenSessionWork, known: Customer): Promise<Stripe.Checkout.Session> {
    const customer = await stripeCustomerOf(deps, known);
    try {
      return await createSession(work, customer);
    } catch (error) {
      if (customer === null || !isMissingCustomer(error)) {
        throw error;
      }
      return createSession(work, await customerInstead(work, known, customer, error));
    }
  }

  /** @throws the error, or what the caller can do, when no new Customer is to take the place of the one that is gone */
  async function customerInstead(
    { input: { enrollmentId }, at }: OpenSessionWork,
    known: Customer,
    gone: string,
    error: unknown,
  ): Promise<string> {
    const instead = { ...known, stripe_customer_id: gone };
    const result = await replaceDeletedCustomer(deps, instead, { enrollmentId, at });
    switch (result.kind) {
      case 'replaced':
        return result.stripeCustomerId;
      case 'given':
        throw setupRefused(
          `the Customer '${gone}', which the request named, was deleted at Stripe; ` +
            'enroll this customer anew, with another stripe_customer_id or without one',
        );
      case 'not_deleted':
        throw error;
      default:
        return result satisfies never;
    }
  }

  async function createSession(
    { input, number, at }: OpenSessionWork,
    customer: string | null,
  ): Promise<Stripe.Checkout.Session> {
    const { enrollmentId } = input;
    // Issued at the Workflow's time, so that a retry sends the same request under the same key.
    const link = await deps.links.create(enrollmentId, at);
    const asked: Stripe.Checkout.SessionCreateParams = {
      mode: 'setup',
      currency: input.terms.currency,
      ...(input.terms.captureMethod === 'manual'
        ? { allowed_payment_method_types: [...TYPES_THAT_HOLD] }
        : {}),
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
    };
    const idempotencyKey = freshKey(operationKey(enrollmentId, `checkout-session-${number}`), asked);
    return deps.stripe.checkout.sessions.create(asked, { idempotencyKey });
  }
}

/** A 400 to the first request is the caller's to mend, e.g. an unknown Customer: they hear it, and nothing is retried. */
function refused(error: unknown): ApplicationFailure | null {
  if (!(error instanceof Stripe.errors.StripeInvalidRequestError)) {
    return null;
  }
  const failure = failureOf(error, 'opening a Checkout Session');
  return setupRefused(
    failure instanceof ApplicationFailure ? failure.message : 'Stripe refused the Checkout Session',
  );
}

function setupRefused(message: string): ApplicationFailure {
  return ApplicationFailure.create({
    type: REFUSALS.SetupRefused,
    message,
    nonRetryable: true,
    // No failure of ours: the metrics of failed Activities leave it out.
    category: ApplicationFailureCategory.BENIGN,
  });
}

/** The row of an enrollment that begins. */
export function enrollmentRow({
  input,
  at,
  setupDeadlineAt,
}: Pick<OpenSessionWork, 'input' | 'at' | 'setupDeadlineAt'>) {
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

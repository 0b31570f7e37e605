/**
 * Saving the payment method of a completed Checkout Session. Called by the enrollment Workflow, whoever told of the completion: nothing is believed that was not read from Stripe here.
 */
import { Context } from '@temporalio/activity';
import type { Stripe } from 'stripe';
import { checkoutPageClose, checkoutSessionClose, closeCheckoutSession } from '../db/checkout-sessions.ts';
import { findCustomer } from '../db/customers.ts';
import { writeSavedMethod } from '../db/saved-method.ts';
import { factRows, factsTold, tell } from '../db/timeline.ts';
import { writeTogether } from '../db/together.ts';
import { failsAhead } from '../domain/method-notice.ts';
import { canHold } from '../domain/payment-methods.ts';
import { anchorOf } from '../domain/schedule.ts';
import type { SparseChanges } from '../domain/schedule-changes.ts';
import type { PlanTerms } from '../domain/terms.ts';
import { FIRST_METHOD, type Told } from '../domain/told.ts';
import { scheduleOf, type ToldTerms } from '../domain/told-terms.ts';
import type { CardExpiry } from './charge-work.ts';
import { idOf } from './checkout-sessions.ts';
import { ownerOf, problemOfSession } from './completed-session.ts';
import type { ActivityDeps } from './deps.ts';
import { type MandatedMethod, savedBy } from './generated-debit.ts';
import { tellIfMethodFails } from './method-notice.ts';
import { expiryOf, labelOf, last4Of } from './payment-method-facts.ts';
import { refreshPaymentMethod } from './payment-method-refresh.ts';
import { failureOf, patientFailureOf } from './stripe-errors.ts';
import { type Upcoming, upcomingAfter } from './upcoming.ts';

export interface SavePaymentMethodWork {
  enrollmentId: string;
  customerId: string;
  checkoutSessionId: string;
  /** Null for the first method; later ones must be of the same Stripe Customer, or of the one in its place. */
  stripeCustomerId: string | null;
  terms: PlanTerms;
  /** Changes of the schedule that were asked for before it started. */
  changes: SparseChanges;
  /** Null for the first method: the schedule starts with it. */
  anchorAt: string | null;
  /** ISO 8601, UTC: the Workflow's clock. */
  at: string;
}

/** {@link SavePaymentMethodWork} as it is handed over. */
export type ToldMethodWork = Told<Omit<SavePaymentMethodWork, 'terms'>, typeof FIRST_METHOD> & {
  terms: ToldTerms<PlanTerms>;
};

export interface SavedPaymentMethod {
  kind: 'saved';
  id: string;
  /** Stripe's `type`, e.g. `card`. */
  type: string;
  stripeCustomerId: string;
  /** For operators, e.g. `visa •••• 4242`; no personal data. */
  label: string;
  expires: CardExpiry | null;
  /** Set with the first method. */
  schedule: (Upcoming & { anchorAt: string }) | null;
}

export type SavePaymentMethodResult =
  | SavedPaymentMethod
  /** Nothing to save yet, or ever: what Stripe says of the session. */
  | { kind: 'not_complete'; status: 'open' | 'expired' }
  /** Complete, and its bank account is still being proven or made: it is read again when Stripe tells of it. */
  | { kind: 'pending' }
  /** Complete, and not to be used: of another enrollment, mode or Customer, or Stripe refuses to attach it. */
  | { kind: 'refused'; reason: string };

/** A saved method as Stripe has it now. */
export interface MethodRead {
  /** It can be charged. */
  usable: boolean;
  /** Null when it cannot be charged, or does not expire. */
  expires: CardExpiry | null;
}

/** A key that is refused for longer is not about to be replaced: it lacks the permission, and operators hear of it. */
const MOST_PATIENCE_MS = 24 * 3_600_000;

type CompletedSession = Stripe.Checkout.Session & {
  setup_intent: Stripe.SetupIntent & { payment_method: Stripe.PaymentMethod };
};

export function createPaymentMethodActivities(deps: ActivityDeps) {
  return {
    /**
     * Reads the session with its SetupIntent and payment method in one call, checks whose they are, creates and attaches
     * to a Customer when the session had none, and writes the rows. One more call where the method is a SEPA debit that
     * Stripe makes of another one. Safe to repeat; the two writes at Stripe have keys.
     * @throws faults, retried; a refused key is waited out, since a customer waits
     */
    async savePaymentMethod(asked: ToldMethodWork): Promise<SavePaymentMethodResult> {
      const terms = { ...asked.terms, schedule: scheduleOf(asked.terms.schedule) };
      const told = { ...FIRST_METHOD, ...asked, terms };
      const session = await read(told.checkoutSessionId);
      const work = await withCustomerNow(told, session);
      if (session.status !== 'complete') {
        return notComplete(session, work);
      }
      const problem = problemOfSession(deps, session, work);
      const refused = problem?.kind === 'refused' ? problem.reason : await unfit(work, session);
      if (refused !== null) {
        return refuse(work, refused);
      }
      if (problem !== null) {
        return wait(work, problem.reason);
      }
      const { setup_intent: setupIntent } = session as CompletedSession;
      const saved = await savedBy(deps.stripe, setupIntent);
      if (saved === null) {
        return wait(work, `${setupIntent.id} has made no SEPA debit yet`);
      }
      const customer = await ownerOf(deps, work, session, saved.method);
      if (customer.kind === 'refused') {
        return refuse(work, customer.reason);
      }
      return keep(work, session, setupIntent.id, saved, customer.id);
    },

    /**
     * Reads a saved method that the network, the bank or somebody in the Dashboard changed, and tells of it. Safe to
     * repeat.
     * @returns whether it can be charged, and until when its card is good
     * @throws faults, retried; a refused key is waited out for a day, then a defect like what Stripe refuses otherwise
     */
    async readPaymentMethod(work: {
      enrollmentId: string;
      paymentMethodId: string;
      eventType: string;
      at: string;
    }): Promise<MethodRead> {
      const { enrollmentId, paymentMethodId, at } = work;
      const { standing, expires } = await refreshPaymentMethod(
        deps,
        paymentMethodId,
        at,
        isLate() ? failureOf : patientFailureOf,
      );
      await deps.db.transaction().execute(async (trx) => {
        await tell(trx, enrollmentId, [
          {
            key: `${paymentMethodId}/${work.eventType}/${at}`,
            at,
            what: TOLD_AS[standing],
            who: 'stripe',
            why: work.eventType,
            details: {
              payment_method: paymentMethodId,
              expires: expires === null ? null : `${expires.expMonth}/${expires.expYear}`,
            },
          },
        ]);
        await tellIfMethodFails(trx, enrollmentId, at);
      });
      return { usable: standing === 'good', expires };
    },
  };

  /** A Customer that was deleted at Stripe has another in its place: what is saved from then on is of that one. */
  async function withCustomerNow(
    work: SavePaymentMethodWork,
    session: Stripe.Checkout.Session,
  ): Promise<SavePaymentMethodWork> {
    const ofSession = idOf(session.customer) || null;
    if (work.stripeCustomerId === null || ofSession === null || ofSession === work.stripeCustomerId) {
      return work;
    }
    const { stripe_customer_id: now } = await findCustomer(deps.db, work.customerId);
    return ofSession === now ? { ...work, stripeCustomerId: now } : work;
  }

  async function read(id: string): Promise<Stripe.Checkout.Session> {
    try {
      return await deps.stripe.checkout.sessions.retrieve(id, { expand: ['setup_intent.payment_method'] });
    } catch (error) {
      throw patientFailureOf(error, `reading ${id}`);
    }
  }

  /**
   * Why the method will not do for the terms; null when it will. The row is asked for them, and only about a method that
   * cannot hold money.
   */
  async function unfit(
    work: SavePaymentMethodWork,
    session: Stripe.Checkout.Session,
  ): Promise<string | null> {
    const setupIntent: Stripe.SetupIntent = (session as CompletedSession).setup_intent;
    const method = setupIntent.payment_method as Stripe.PaymentMethod | null;
    if (method === null || canHold(method.type)) {
      return null;
    }
    const { terms } = await deps.db
      .selectFrom('enrollments')
      .select('terms')
      .where('id', '=', work.enrollmentId)
      .executeTakeFirstOrThrow();
    return terms.captureMethod === 'manual'
      ? `a payment with ${method.type} cannot be held, and the terms capture by hand`
      : null;
  }

  async function notComplete(session: Stripe.Checkout.Session, work: SavePaymentMethodWork) {
    if (session.status === 'expired') {
      await closeCheckoutSession(deps.db, sessionOf(work), { status: 'expired', at: work.at });
      return { kind: 'not_complete', status: 'expired' } as const;
    }
    return { kind: 'not_complete', status: 'open' } as const;
  }

  /** The row stays open, so that the SetupIntent's success is news; its page takes nothing any more. */
  async function wait(work: SavePaymentMethodWork, reason: string): Promise<SavePaymentMethodResult> {
    const page = checkoutPageClose(deps.db, sessionOf(work));
    await writeWithFact(work, page, { said: 'pending', who: 'stripe', why: reason });
    return { kind: 'pending' };
  }

  async function refuse(work: SavePaymentMethodWork, reason: string): Promise<SavePaymentMethodResult> {
    const end = { status: 'complete', at: work.at, refusedReason: reason } as const;
    const row = checkoutSessionClose(deps.db, sessionOf(work), end);
    await writeWithFact(work, row, { said: 'refused', who: 'workflow', why: reason });
    return { kind: 'refused', reason };
  }

  function writeWithFact(
    { checkoutSessionId, enrollmentId, at }: SavePaymentMethodWork,
    write: ReturnType<typeof checkoutPageClose>,
    { said, who, why }: { said: 'pending' | 'refused'; who: string; why: string },
  ): Promise<void> {
    const details = { checkout_session: checkoutSessionId };
    const key = `${checkoutSessionId}/${said}`;
    const fact = { key, at, what: `payment_method.${said}`, who, why, details };
    return writeTogether(deps.db, [write, factsTold(deps.db, enrollmentId, [fact])]);
  }

  async function keep(
    work: SavePaymentMethodWork,
    session: Stripe.Checkout.Session,
    setupIntentId: string,
    { method, mandate }: MandatedMethod,
    stripeCustomerId: string,
  ): Promise<SavedPaymentMethod> {
    const { enrollmentId, at } = work;
    const schedule = work.anchorAt === null ? startOf(work) : null;
    const { db } = deps;
    const saved = {
      id: method.id,
      enrollment_id: enrollmentId,
      stripe_customer_id: stripeCustomerId,
      type: method.type,
      brand: method.card?.brand ?? null,
      last4: last4Of(method),
      exp_month: method.card?.exp_month ?? null,
      exp_year: method.card?.exp_year ?? null,
      fingerprint: method.card?.fingerprint ?? null,
      setup_intent_id: setupIntentId,
      checkout_session_id: session.id,
      mandate_id: idOf(mandate),
      saved_at: at,
    };
    const { customer_details: told } = session;
    const fact = {
      key: `${session.id}/saved`,
      at,
      what: 'payment_method.saved',
      who: 'customer',
      details: { payment_method: method.id, label: labelOf(method), checkout_session: session.id },
    };
    const rows = {
      customer: {
        id: work.customerId,
        stripeCustomerId,
        email: told?.email || null,
        name: told?.name || null,
      },
      method: saved,
      facts: factRows(enrollmentId, [fact]),
    };
    await writeSavedMethod(db, rows, schedule === null ? { at } : { at, next: schedule.next });
    if (mayFail(saved, schedule)) {
      // By itself, since it looks at what has been written; after a crash in between all of this is done again.
      await tellIfMethodFails(db, enrollmentId, at);
    }
    return {
      kind: 'saved',
      id: method.id,
      type: method.type,
      stripeCustomerId,
      label: labelOf(method),
      expires: expiryOf(method),
      schedule,
    };
  }
}

const TOLD_AS = {
  good: 'payment_method.updated',
  detached: 'payment_method.detached',
  mandate_ended: 'payment_method.mandate_ended',
} as const;

/** Whether the running Activity has been tried for as long as a refused key is waited for. */
function isLate(): boolean {
  const { scheduledTimestampMs, currentAttemptScheduledTimestampMs } = Context.current().info;
  return currentAttemptScheduledTimestampMs - scheduledTimestampMs > MOST_PATIENCE_MS;
}

/** Whether the method may be over at the next charge. With a plan of before, its rows are to be asked. */
function mayFail(
  { exp_month: expMonth, exp_year: expYear }: { exp_month: number | null; exp_year: number | null },
  schedule: Upcoming | null,
): boolean {
  return (
    schedule === null ||
    failsAhead({ detached: false, expMonth, expYear }, schedule.next?.dueAt ?? null) !== null
  );
}

function sessionOf({ checkoutSessionId: id, enrollmentId }: SavePaymentMethodWork) {
  return { id, enrollmentId };
}

function startOf(work: SavePaymentMethodWork): (Upcoming & { anchorAt: string }) | null {
  const anchorAt = anchorOf(work.terms.schedule, work.at);
  const planAfter = { anchorAt, occurrence: -1, changes: work.changes };
  const upcoming = upcomingAfter({ terms: work.terms, planAfter }, work.at);
  return upcoming === undefined ? null : { ...upcoming, anchorAt };
}

/**
 * What becomes of an event of Stripe's: whom it concerns is looked up in the rows, and that Workflow is told. Called by
 * `api/inbox-dispatcher.ts`, which marks the row afterwards; nothing here marks anything.
 */
import { type Kysely, sql } from 'kysely';
import { findPaidCharge } from '../db/aftermath.ts';
import { findChargeFacts, findMethodOwner, type SessionName } from '../db/event-facts.ts';
import type { Database } from '../db/schema.ts';
import type { EventQuestion, Ignored } from '../domain/stripe-event.ts';
import {
  decideCharge,
  decidePaidCharge,
  decidePaymentMethod,
  decideSession,
  decideSetupIntent,
  type EventDecision,
  type SessionFacts,
} from '../domain/stripe-event-decision.ts';
import type { BillingClient } from './billing-client.ts';

/** What an event can be told to. */
export type EventReceiver = Pick<
  BillingClient,
  | 'checkoutSessionCompleted'
  | 'checkoutSessionExpired'
  | 'paymentIntentChanged'
  | 'paymentMethodChanged'
  | 'chargeAftermath'
>;

/** The charge that an event is about may still get its row. */
export class RowOnItsWay extends Error {
  override readonly name = 'RowOnItsWay';
}

/**
 * Whom an event concerns, by the rows.
 * @param receivedAt when it came in, by the database's clock; null just now
 * @param findSession what our rows tell of a Checkout Session; null when we have none
 * @throws RowOnItsWay when it is about a charge whose row is not there yet: it is asked again later
 */
export async function decide(
  db: Kysely<Database>,
  findSession: (name: SessionName) => Promise<SessionFacts | null>,
  question: EventQuestion,
  receivedAt: Date | null,
): Promise<EventDecision> {
  switch (question.ask) {
    case 'session': {
      const { checkoutSessionId } = question;
      return decideSession(question, await findSession({ checkoutSessionId }));
    }
    case 'setup_intent': {
      const { setupIntentId } = question;
      return decideSetupIntent(question, await findSession({ setupIntentId }));
    }
    case 'charge':
      return decideCharge(question, await findChargeFacts(db, question.chargeId));
    case 'paid_charge': {
      const { paymentIntentId } = question;
      const charge = (await findPaidCharge(db, { paymentIntentId })) ?? null;
      // Several processes ask again, each on a host of its own: one clock decides how long.
      const waitedS = charge === null && receivedAt !== null ? await secondsSince(db, receivedAt) : 0;
      const decision = decidePaidCharge(charge, waitedS);
      if (decision.kind === 'not_yet') {
        throw new RowOnItsWay(`no charge has ${paymentIntentId} yet`);
      }
      return decision;
    }
    case 'payment_method': {
      const owner = await findMethodOwner(db, question.paymentMethodId);
      return decidePaymentMethod(question, owner);
    }
    default:
      return question satisfies never;
  }
}

/** By the database's clock. */
async function secondsSince(db: Kysely<Database>, instant: Date): Promise<number> {
  const { rows } = await sql<{ seconds: number }>`
    select extract(epoch from now() - ${instant}::timestamptz)::float8 as seconds`.execute(db);
  return rows[0]?.seconds ?? 0;
}

/** @returns false when the Workflow is closed or was never started */
export async function tellWorkflow(
  db: Kysely<Database>,
  billing: EventReceiver,
  decision: Exclude<EventDecision, Ignored>,
): Promise<boolean> {
  const { enrollmentId } = decision;
  switch (decision.signal) {
    case 'checkoutSessionCompleted':
      return billing.checkoutSessionCompleted(enrollmentId, decision.checkoutSessionId);
    case 'checkoutSessionExpired':
      return billing.checkoutSessionExpired(enrollmentId, decision.checkoutSessionId);
    case 'paymentIntentChanged': {
      const { chargeId, paymentIntentId, eventType } = decision;
      return billing.paymentIntentChanged(enrollmentId, { chargeId, paymentIntentId, eventType });
    }
    case 'chargeAftermath': {
      const charge = await findPaidCharge(db, { chargeId: decision.chargeId });
      if (charge !== undefined) {
        // Started when it does not run: the enrollment may have ended long ago.
        await billing.chargeAftermath(charge);
      }
      return charge !== undefined;
    }
    case 'paymentMethodChanged': {
      const { paymentMethodId, eventType } = decision;
      return billing.paymentMethodChanged(enrollmentId, { paymentMethodId, eventType });
    }
    default:
      return decision satisfies never;
  }
}

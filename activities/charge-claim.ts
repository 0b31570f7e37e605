/**
 * A charge's claim to its place: its row, written before Stripe is asked for its money, so that no occurrence and no
 * request is charged twice whatever a Workflow asks for. Called by the charge Activities; never calls Stripe.
 */
import type { Kysely } from 'kysely';
import { claimCharge } from '../db/charge-claims.ts';
import type { Database, NewCharge } from '../db/schema.ts';
import type { ChargeOutcome } from '../domain/charge-outcome.ts';
import type { ChargeStatus } from '../domain/statuses.ts';
import { type ChargeNews, chargeRow } from './charge-record.ts';
import { defect } from './defect.ts';

const NOT_MADE: ChargeOutcome = { kind: 'not_made' };

/**
 * Claims the charge's place before Stripe is asked for its money: its row, with what makes a second one impossible.
 * Safe to repeat.
 * @returns what the row says of its PaymentIntent when it was there before; null when it says nothing
 * @throws ApplicationFailure `BooksDisagree` (not retried) when another charge has the same occurrence or request
 */
export async function claimPlace(
  db: Kysely<Database>,
  { charge, context, at }: Pick<ChargeNews, 'charge' | 'context' | 'at'>,
): Promise<string | null> {
  const unmade = { charge, context, at, outcome: NOT_MADE, attempt: null, dunning: null };
  const claim = await claimCharge(db, chargeRow(unmade, 'scheduled'));
  if (claim.kind === 'taken') {
    const place = {
      occurrence: `occurrence ${charge.occurrence}`,
      'request key': 'the same request',
      number: 'its number',
    }[claim.what];
    throw defect(
      'BooksDisagree',
      `${place} of ${context.enrollmentId} has ${claim.chargeId} already; ${charge.id} was not sent to Stripe: cancel it`,
    );
  }
  return claim.known?.paymentIntentId ?? null;
}

/**
 * What a charge that is parked or canceled may write: its row, without the place that another charge has; null when
 * another charge has its number, and so its row and its PaymentIntent. Claims the place when nobody has it.
 */
export async function rowInPlace(
  db: Kysely<Database>,
  news: Pick<ChargeNews, 'charge' | 'context' | 'at'>,
  status: ChargeStatus,
): Promise<NewCharge | null> {
  const row = chargeRow({ ...news, outcome: NOT_MADE, attempt: null, dunning: null }, status);
  const claim = await claimCharge(db, row);
  if (claim.kind === 'claimed') {
    return { ...row, payment_intent_id: row.payment_intent_id ?? claim.known?.paymentIntentId ?? null };
  }
  return claim.what === 'number' ? null : { ...row, occurrence: null, request_key: null };
}

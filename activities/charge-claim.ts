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

export interface ClaimedPlace {
  /** What the rows know and the Workflow does not; usually null. */
  madeIntentId: string | null;
  /** It was claimed before, by a run of the Workflow that is forgotten. */
  mayBeMade: boolean;
}

/**
 * Claims the charge's place before Stripe is asked for its money: its row, with what makes a second one impossible.
 * Safe to repeat.
 * @returns what is known when the row was there before: its PaymentIntent, or, when it names none, that one may be made
 * all the same and its answer lost
 * @throws ApplicationFailure `BooksDisagree` (not retried) when another charge has the same occurrence or request
 */
export async function claimPlace(
  db: Kysely<Database>,
  { charge, context, at }: Pick<ChargeNews, 'charge' | 'context' | 'at'>,
  isFirstTry = true,
): Promise<ClaimedPlace> {
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
  const { known } = claim;
  // A later try finds the row that the first has written, at the same instant of the Workflow's clock.
  const isAnothers = known !== null && (isFirstTry || known.createdAt.getTime() !== Date.parse(at));
  return { madeIntentId: known?.paymentIntentId ?? null, mayBeMade: isAnothers };
}

interface RowInPlace {
  row: NewCharge;
  /** Before this call: a try that is forgotten may have made its PaymentIntent. */
  wasThere: boolean;
}

/**
 * What a charge that is parked or canceled may write: its row, without the place that another charge has; null when
 * another charge has its number, and so its row and its PaymentIntent. Claims the place when nobody has it.
 */
export async function rowInPlace(
  db: Kysely<Database>,
  news: Pick<ChargeNews, 'charge' | 'context' | 'at'>,
  status: ChargeStatus,
): Promise<RowInPlace | null> {
  const row = chargeRow({ ...news, outcome: NOT_MADE, attempt: null, dunning: null }, status);
  const claim = await claimCharge(db, row);
  if (claim.kind === 'claimed') {
    const { known } = claim;
    const intentId = row.payment_intent_id ?? known?.paymentIntentId ?? null;
    return { row: { ...row, payment_intent_id: intentId }, wasThere: known !== null };
  }
  return claim.what === 'number'
    ? null
    : { row: { ...row, occurrence: null, request_key: null }, wasThere: false };
}

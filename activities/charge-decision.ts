/**
 * What follows on a decline, with its instants: asks the rules of `domain/` with the facts that only rows and Stripe
 * have. Called by the charge Activities. Decides nothing that is not written in those rules.
 */
import type { PaymentIntentOutcome } from '../domain/charge-outcome.ts';
import { classifyDecline } from '../domain/declines.ts';
import { type DunningDecision, decideDunning } from '../domain/dunning.ts';
import { retryAt } from '../domain/retry-time.ts';
import type { AttemptMade, DunningStep } from './charge-record.ts';
import type { ChargeWork } from './charge-work.ts';
import { defect } from './defect.ts';
import type { ActivityDeps } from './deps.ts';
import { outcomeOf } from './payment-intent-outcome.ts';
import { lookUp } from './payment-intents.ts';

/**
 * @param attempt the one that the outcome answers, which may be written already: by an earlier try of this Activity, or
 * when it was made. Number 0: none of ours
 * @returns null when the outcome is no decline
 */
export async function decideOn(
  deps: ActivityDeps,
  work: ChargeWork & { why?: string },
  outcome: PaymentIntentOutcome,
  at: string,
  attempt: Pick<AttemptMade, 'number' | 'paymentMethodId'>,
): Promise<DunningStep | null> {
  const facts = outcome.decline;
  if (facts === null) {
    return null;
  }
  const { charge, terms } = work;
  const counts = await attemptsOnCard(deps, work, attempt, at);
  const firstDeclinedAt = charge.firstDeclinedAt ?? at;
  const ask = (looked: boolean) => {
    const decline = classifyDecline(facts, looked);
    const decision = decideDunning({
      decline,
      policy: terms.dunning,
      addedRetryDays: charge.extraRetryDays,
      automaticRetriesUsed: charge.automaticRetries,
      daysSinceFirstDecline: (Date.parse(at) - Date.parse(firstDeclinedAt)) / 86_400_000,
      paymentMethodType: facts.paymentMethodType,
      network: facts.network,
      ...counts,
      otherMethodAllowed: work.otherMethodAllowed,
    });
    return { decline, decision };
  };
  let { decline, decision } = ask(false);
  if (decision.kind === 'look_first') {
    await refuseSecondPayment(deps, work, outcome.paymentIntentId);
    ({ decline, decision } = ask(true));
  }
  if (decision.kind === 'look_first') {
    throw defect('BooksDisagree', 'dunning asks to look twice');
  }
  return {
    ...decision,
    customerReason: decline.customerReason,
    lastDecline: {
      at,
      class: decline.class,
      code: facts.declineCode ?? facts.code,
      network: facts.network,
      ...counts,
    },
    nextAttemptAt: decision.kind === 'retry' ? nextAttemptAt(work, decision, at) : null,
    giveUpAt:
      decision.kind === 'ask_customer' || decision.kind === 'authenticate'
        ? new Date(Date.parse(at) + decision.giveUpAfterDays * 86_400_000).toISOString()
        : null,
  };
}

/** A try by hand leaves the automatic ones where they are. */
function nextAttemptAt(
  { charge, context, why }: ChargeWork & { why?: string },
  decision: Extract<DunningDecision, { kind: 'retry' }>,
  at: string,
): string {
  const planned = charge.nextAttemptAt;
  return why === 'by_hand' && planned !== null && Date.parse(planned) > Date.parse(at)
    ? planned
    : retryAt(at, decision.afterDays, context.timeZone);
}

/**
 * On the card that was tried, for that amount, and not approved; the attempt in hand is one of them, whether it is written
 * or not. A saved method is one customer's, so it is looked for among their charges: all attempts of a month are those of
 * all customers.
 */
async function attemptsOnCard(
  deps: ActivityDeps,
  { charge, context }: ChargeWork,
  attempt: Pick<AttemptMade, 'number' | 'paymentMethodId'>,
  at: string,
) {
  const dayAgo = new Date(Date.parse(at) - 86_400_000);
  const monthAgo = new Date(Date.parse(at) - 30 * 86_400_000);
  const row = await deps.db
    .selectFrom('charge_attempts')
    .innerJoin('charges', 'charges.id', 'charge_attempts.charge_id')
    .where('charges.enrollment_id', 'in', (eb) =>
      eb
        .selectFrom('enrollments as own')
        .innerJoin('enrollments as theirs', 'theirs.customer_id', 'own.customer_id')
        .where('own.id', '=', context.enrollmentId)
        .select('theirs.id'),
    )
    .where('charge_attempts.payment_method_id', '=', attempt.paymentMethodId)
    .where('charges.amount_minor', '=', charge.amountMinor)
    .where((eb) =>
      eb.or([
        eb('charge_attempts.charge_id', '!=', charge.id),
        eb('charge_attempts.attempt', '!=', attempt.number),
      ]),
    )
    // What never reached Stripe was never tried on the card, and networks limit only what follows on a decline.
    .where('charge_attempts.outcome', 'not in', ['not_made', 'succeeded', 'requires_capture'])
    .where('charge_attempts.attempted_at', '>', monthAgo)
    .select((eb) => [
      eb.fn.countAll<number>().as('month'),
      eb.fn.countAll<number>().filterWhere('charge_attempts.attempted_at', '>', dayAgo).as('day'),
    ])
    .executeTakeFirstOrThrow();
  return { attemptsOnThisCard24h: Number(row.day) + 1, attemptsOnThisCard30d: Number(row.month) + 1 };
}

/** `duplicate_transaction`: another PaymentIntent of this charge that succeeded would mean a double charge ahead. */
async function refuseSecondPayment(
  deps: ActivityDeps,
  work: ChargeWork,
  paymentIntentId: string,
): Promise<void> {
  const other = await lookUp(
    deps.stripe,
    { chargeId: work.charge.id, stripeCustomerId: work.stripeCustomerId },
    null,
  );
  if (
    other !== null &&
    other.id !== paymentIntentId &&
    outcomeOf(other, work.paymentMethodType).status !== 'canceled'
  ) {
    throw defect(
      'BooksDisagree',
      `${work.charge.id} has two PaymentIntents, ${other.id} and ${paymentIntentId}`,
    );
  }
}

/** What stands in the way of a charge, why, and what the customer can do. Called by the account page; pure. */
import type { CustomerCharge } from '../db/customer-charges.ts';
import type { CustomerEnrollment, CustomerPaymentMethod } from '../db/customer-view.ts';
import { formatDay, formatInstant, formatMoney, type Locale } from '../domain/format.ts';
import type { DunningPolicy } from '../domain/terms.ts';
import { deadlineWords } from '../templates/notice.ts';
import type { Say } from '../templates/renderer.ts';
import type { ChargePhase } from './charge-words.ts';
import { isBeyondUse, type Remedies, type Remedy, reasonOf, remediesOf } from './remedies.ts';

export interface ProblemModel {
  id: string;
  title: string;
  paragraphs: string[];
  /** The best way first; empty when the customer can do nothing. */
  actions: { way: Remedy; label: string }[];
}

export interface ProblemContext {
  timeZone: string;
  /** Milliseconds since 1970. */
  nowMs: number;
  /** Nothing is charged until a dispute is over. */
  isDisputed: boolean;
  /** The saved payment method. */
  method: CustomerPaymentMethod | null;
  /** What becomes of the agreement when a charge is given up; null where that is not to be said. */
  afterGivingUp: DunningPolicy['afterLastTry'] | null;
}

/** @returns null when the charge needs nobody */
export function problemModel(
  { charge, phase }: { charge: CustomerCharge; phase: ChargePhase },
  context: ProblemContext,
  locale: Locale,
  say: Say,
): ProblemModel | null {
  const amount = formatMoney(charge.amountMinor, charge.currency, locale);
  const due = say('problem.due', { date: formatDay(charge.dueAt.toISOString(), locale, context.timeZone) });
  if (charge.status === 'needs_attention') {
    const title = say('problem.looking_title', { amount });
    return { id: charge.id, title, paragraphs: [due, say('problem.looking_text')], actions: [] };
  }
  if (phase !== 'customer') {
    return null;
  }
  if (context.isDisputed) {
    const title = say('problem.title', { amount });
    return { id: charge.id, title, paragraphs: [due, say('problem.disputed')], actions: [] };
  }
  const remedies = remediesOf(charge, context.method);
  const mustConfirm =
    !isBeyondUse(charge, context.method) &&
    (remedies.ways.includes('confirm') || reasonOf(charge) === 'authentication_required');
  return {
    id: charge.id,
    title: say(mustConfirm ? 'problem.confirm_title' : 'problem.title', { amount }),
    paragraphs: [
      due,
      ...(mustConfirm ? confirmWords : declineWords)(charge, remedies, context, locale, say),
      ...deadlineLines(charge, context, locale, say),
    ],
    actions: remedies.ways.map((way) => ({ way, label: say(`action.${way}`) })),
  };
}

type Worder = (
  charge: CustomerCharge,
  remedies: Remedies,
  context: ProblemContext,
  locale: Locale,
  say: Say,
) => string[];

const confirmWords: Worder = (charge, { triesUsedUp }, _context, _locale, say) => {
  if (triesUsedUp) {
    return [say('problem.tries_used', { count: charge.triesByHand24h }), say('problem.fix')];
  }
  // Who has left their bank's question unanswered is not waited for: a retry that was planned before comes all the same.
  return charge.status === 'requires_action'
    ? [say('problem.confirm_unfinished'), say('problem.confirm_again')]
    : [say('problem.confirm_why'), say('problem.confirm_fix')];
};

const declineWords: Worder = (charge, { ways, triesUsedUp }, context, locale, say) => {
  return [
    say(`reason.${reasonOf(charge)}`),
    isBeyondUse(charge, context.method)
      ? say('problem.method_removed')
      : retryWords(charge, context, locale, say),
    ...(triesUsedUp ? [say('problem.tries_used', { count: charge.triesByHand24h })] : []),
    say(ways.includes('retry') ? 'problem.fix_or_retry' : 'problem.fix'),
  ];
};

/** @returns null where the agreement ends by itself, or payments are paused already */
export function afterGivingUp({
  terms,
  status,
  cancelAt,
}: CustomerEnrollment): ProblemContext['afterGivingUp'] {
  const { afterLastTry } = terms.dunning;
  const isSo = cancelAt !== null || (status === 'paused' && afterLastTry === 'pause');
  return isSo && afterLastTry !== 'cancel' ? null : afterLastTry;
}

function deadlineLines(
  { giveUpAt }: CustomerCharge,
  { timeZone, nowMs, afterGivingUp }: ProblemContext,
  locale: Locale,
  say: Say,
): string[] {
  return giveUpAt === null || giveUpAt.getTime() <= nowMs
    ? []
    : [deadlineWords({ at: giveUpAt.toISOString(), afterwards: afterGivingUp }, locale, timeZone, say)];
}

function retryWords(
  { nextAttemptAt }: CustomerCharge,
  { timeZone, nowMs }: ProblemContext,
  locale: Locale,
  say: Say,
): string {
  if (nextAttemptAt === null) {
    return say('notice.no_retry');
  }
  return nextAttemptAt.getTime() <= nowMs
    ? say('problem.retry_due')
    : say('notice.retry_at', { date: formatInstant(nextAttemptAt.toISOString(), locale, timeZone) });
}

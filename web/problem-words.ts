/** What stands in the way of a charge, why, and what the customer can do. Called by the account page; pure. */
import type { CustomerCharge } from '../db/customer-charges.ts';
import { formatDay, formatInstant, formatMoney, type Locale } from '../domain/format.ts';
import type { Say } from '../templates/renderer.ts';
import type { ChargePhase } from './charge-words.ts';
import { type Remedies, type Remedy, reasonOf, remediesOf } from './remedies.ts';

export interface ProblemModel {
  id: string;
  title: string;
  paragraphs: string[];
  /** The best way first; empty when the customer can do nothing. */
  actions: { way: Remedy; label: string }[];
}

/**
 * @param isDisputed nothing is charged until a dispute is over
 * @returns null when the charge needs nobody
 */
export function problemModel(
  { charge, phase }: { charge: CustomerCharge; phase: ChargePhase },
  context: { timeZone: string; isDisputed: boolean },
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
  const remedies = remediesOf(charge);
  const mustConfirm = remedies.ways.includes('confirm') || reasonOf(charge) === 'authentication_required';
  return {
    id: charge.id,
    title: say(mustConfirm ? 'problem.confirm_title' : 'problem.title', { amount }),
    paragraphs: [due, ...(mustConfirm ? confirmWords : declineWords)(charge, remedies, context, locale, say)],
    actions: remedies.ways.map((way) => ({ way, label: say(`action.${way}`) })),
  };
}

type Worder = (
  charge: CustomerCharge,
  remedies: Remedies,
  context: { timeZone: string },
  locale: Locale,
  say: Say,
) => string[];

const confirmWords: Worder = (charge, { triesUsedUp }, _context, _locale, say) => {
  if (triesUsedUp) {
    return [say('problem.tries_used', { count: charge.triesByHand24h }), say('problem.fix')];
  }
  return [
    say(charge.status === 'requires_action' ? 'problem.confirm_unfinished' : 'problem.confirm_why'),
    say('problem.confirm_fix'),
  ];
};

const declineWords: Worder = (charge, { ways, triesUsedUp }, { timeZone }, locale, say) => {
  const then =
    charge.nextAttemptAt === null
      ? say('notice.no_retry')
      : say('notice.retry_at', { date: formatInstant(charge.nextAttemptAt.toISOString(), locale, timeZone) });
  return [
    say(`reason.${reasonOf(charge)}`),
    then,
    ...(triesUsedUp ? [say('problem.tries_used', { count: charge.triesByHand24h })] : []),
    say(ways.includes('retry') ? 'problem.fix_or_retry' : 'problem.fix'),
  ];
};

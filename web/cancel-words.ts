/** What canceling would do to this enrollment, in sentences. Called by the page that asks; pure. */
import type { CustomerCharge } from '../db/customer-charges.ts';
import type { CustomerEnrollment } from '../db/customer-view.ts';
import type { CancelPreview, ChargeFate } from '../domain/cancel-preview.ts';
import { formatDay, formatMoney, type Locale } from '../domain/format.ts';
import { sumMinor } from '../domain/money.ts';
import type { Say } from '../templates/renderer.ts';
import { timeZoneOf } from './schedule-words.ts';

export interface CancelChoice {
  when: 'now' | 'at_period_end';
  label: string;
  lines: string[];
}

export interface CancelFacts {
  enrollment: CustomerEnrollment;
  charges: readonly CustomerCharge[];
  now: CancelPreview;
  /** Null where there is no end of a period to wait for. */
  later: CancelPreview | null;
  /** Milliseconds since 1970. */
  nowMs: number;
}

/** The gentler one first. */
export function cancelChoices(facts: CancelFacts, locale: Locale, say: Say): CancelChoice[] {
  const { enrollment, later, nowMs } = facts;
  const zone = timeZoneOf(enrollment.terms.schedule);
  const words: Words = {
    say,
    money: (amountMinor) => formatMoney(amountMinor, enrollment.currency, locale),
    day: (iso) => formatDay(iso, locale, zone),
  };
  const endsAt = later?.takesEffectAt ?? null;
  // A pause that has outlasted the period leaves none to wait for.
  const isAhead = endsAt !== null && Date.parse(endsAt) > nowMs;
  return [
    ...(later === null || !isAhead ? [] : [laterChoice(later, endsAt, words)]),
    { when: 'now', label: say('cancel.now'), lines: nowLines(facts, words) },
  ];
}

interface Words {
  say: Say;
  money(amountMinor: number): string;
  day(iso: string): string;
}

function laterChoice(preview: CancelPreview, endsAt: string, words: Words): CancelChoice {
  const { say, money, day } = words;
  const date = day(endsAt);
  const owed = preview.stillOwedMinor;
  return {
    when: 'at_period_end',
    label: say('cancel.later', { date }),
    lines: [
      say('cancel.until_then', { date }),
      ...nextLines(preview, words),
      ...(owed > 0 ? [say('cancel.still_owed', { amount: money(owed) })] : []),
      say('cancel.can_undo', { date }),
    ],
  };
}

function nowLines({ enrollment, charges, now }: CancelFacts, words: Words): string[] {
  const { say, money } = words;
  if (enrollment.status === 'awaiting_payment_method') {
    return [say('cancel.at_once'), say('cancel.not_started'), say('cancel.final')];
  }
  const total = (...fates: ChargeFate[]) => {
    const amounts = now.charges
      .filter(({ fate }) => fates.includes(fate))
      .map((charge) => charge.amountMinor);
    return { count: amounts.length, amount: money(sumMinor(amounts)) };
  };
  const dropped = total('canceled', 'never_attempted');
  const released = total('held_funds_released');
  const underway = total('outcome_awaited', 'canceled_if_the_bank_allows');
  const hasPaid = charges.some(({ status }) => status === 'succeeded');
  return [
    say(underway.count > 0 ? 'cancel.after_processing' : 'cancel.at_once'),
    say('cancel.no_new'),
    ...nextLines(now, words),
    ...(dropped.count > 0 ? [say('cancel.unpaid_dropped', dropped)] : []),
    ...(released.count > 0 ? [say('cancel.reserved_released', released)] : []),
    ...(underway.count > 0 ? [say(`cancel.processing_${now.lateSuccess}`, underway)] : []),
    ...(hasPaid ? [say('cancel.paid_stays')] : []),
    say('cancel.final'),
  ];
}

function nextLines({ nextChargeStopped: next }: CancelPreview, { say, money, day }: Words): string[] {
  return next === null
    ? []
    : [say('cancel.next_dropped', { amount: money(next.amountMinor), date: day(next.dueAt) })];
}

/**
 * A notification in words: what its mail says and what the customer's page repeats. Called by the mailer and the
 * pages. It words what it is given: what the row holds, without a next charge that the enrollment's end comes before.
 */
import { formatDay, formatInstant, formatMoney, type Locale } from '../domain/format.ts';
import type { NotificationData, NotificationKind } from '../domain/notifications.ts';
import type { DunningPolicy } from '../domain/terms.ts';
import type { Say } from './renderer.ts';

export interface NoticeWords {
  /** One line, free of line breaks. */
  subject: string;
  title: string;
  paragraphs: string[];
  /** What is at stake, label and value. */
  facts: { label: string; value: string }[];
  /** Label of the button that leads to the customer's page. */
  action: string;
}

type Sentence =
  | 'body'
  | 'reason'
  | 'retry'
  | 'last_retry'
  | 'nothing_to_do'
  | 'nothing_more'
  | 'enough_money'
  | 'or_choose'
  | 'choose_another'
  | 'confirm_how'
  | 'next'
  | 'questions'
  | 'contact_merchant'
  | 'deadline';

const SENTENCES: Readonly<Record<NotificationKind, readonly Sentence[]>> = {
  charge_succeeded: ['body', 'next'],
  charge_failed: ['body', 'reason', 'retry', 'or_choose'],
  authentication_required: ['body', 'confirm_how', 'deadline'],
  last_try_ahead: ['body', 'reason', 'last_retry', 'choose_another'],
  charge_recovered: ['body', 'nothing_more', 'next'],
  charge_given_up: ['body', 'reason', 'questions'],
  charge_processing: ['body'],
  charge_refunded: ['body', 'questions'],
  refund_failed: ['body', 'contact_merchant'],
  payment_method_needed: ['body', 'next'],
  enrollment_canceled: ['body', 'questions'],
  enrollment_completed: ['body'],
  enrollment_expired: ['body', 'questions'],
};

/**
 * A first failure asks for different things: nothing when it passes by itself, money on the account, another method. What
 * the button leads to is decided when it is pressed (`web/checkout.ts`), by the same two facts.
 */
const DELAYED: readonly Sentence[] = ['body', 'reason', 'retry', 'nothing_to_do'];
const SHORT_OF_MONEY: readonly Sentence[] = ['body', 'reason', 'retry', 'enough_money'];
const REFUSED: readonly Sentence[] = ['body', 'reason', 'retry', 'choose_another', 'deadline'];

interface Wording {
  /** Whose subject, title, body and action of the catalogs: `notice.<as>.…`. */
  as: NotificationKind | 'charge_delayed' | 'charge_refused';
  sentences: readonly Sentence[];
}

function wordingOf(kind: NotificationKind, { reason, nextAttemptAt }: NotificationData): Wording {
  if (kind !== 'charge_failed') {
    return { as: kind, sentences: SENTENCES[kind] };
  }
  if (nextAttemptAt === null) {
    return { as: 'charge_refused', sentences: REFUSED };
  }
  if (reason === 'temporary') {
    return { as: 'charge_delayed', sentences: DELAYED };
  }
  return { as: kind, sentences: reason === 'insufficient_funds' ? SHORT_OF_MONEY : SENTENCES[kind] };
}

/**
 * @param notice.hasUnpaid something else of the enrollment is unpaid now: nobody is told that there is nothing to do
 * @param say of the same language as `locale`
 */
export function noticeWords(
  notice: { kind: NotificationKind; data: NotificationData; hasUnpaid?: boolean },
  locale: Locale,
  say: Say,
): NoticeWords {
  const { kind, data, hasUnpaid = false } = notice;
  const amount = data.amountMinor === null ? '' : formatMoney(data.amountMinor, data.currency, locale);
  const { as, sentences } = wordingOf(kind, data);
  return {
    subject: oneLine(say(`notice.${as}.subject`, { amount })),
    title: say(`notice.${as}.title`),
    paragraphs: sentences.flatMap((sentence) =>
      sentenceOf(sentence, { as, data, amount, locale, hasUnpaid }, say),
    ),
    facts: factsOf(data, amount, locale, say),
    action: say(`notice.${as}.action`),
  };
}

function sentenceOf(
  sentence: Sentence,
  notice: { as: Wording['as']; data: NotificationData; amount: string; locale: Locale; hasUnpaid: boolean },
  say: Say,
): string[] {
  const { as, data, amount, locale, hasUnpaid } = notice;
  const at = (iso: string) => formatInstant(iso, locale, data.timeZone);
  switch (sentence) {
    case 'body':
      return [say(`notice.${as}.body`, { amount })];
    case 'reason':
      return data.reason === null ? [] : [say(`reason.${data.reason}`)];
    case 'retry':
      return [
        data.nextAttemptAt === null
          ? say('notice.no_retry')
          : say('notice.retry_at', { date: at(data.nextAttemptAt) }),
      ];
    case 'last_retry':
      return data.nextAttemptAt === null
        ? []
        : [say('notice.last_retry_at', { date: at(data.nextAttemptAt) })];
    case 'next':
      return data.nextChargeAt === null ? [] : [say('notice.next_charge', { date: at(data.nextChargeAt) })];
    case 'nothing_more':
      return hasUnpaid ? [] : [say('notice.nothing_more')];
    case 'deadline':
      return data.giveUpAt === undefined
        ? []
        : [
            deadlineWords(
              { at: data.giveUpAt, afterwards: data.afterGivingUp ?? null },
              locale,
              data.timeZone,
              say,
            ),
          ];
    case 'nothing_to_do':
    case 'enough_money':
    case 'or_choose':
    case 'choose_another':
    case 'confirm_how':
    case 'questions':
    case 'contact_merchant':
      return [say(`notice.${sentence}`)];
    default:
      return sentence satisfies never;
  }
}

/** Until when the customer is waited for, and what follows then; null says nothing of that. */
export function deadlineWords(
  { at, afterwards }: { at: string; afterwards: DunningPolicy['afterLastTry'] | null },
  locale: Locale,
  timeZone: string,
  say: Say,
): string {
  const key = afterwards === null ? 'notice.deadline' : `notice.deadline_${afterwards}`;
  return say(key, { date: formatInstant(at, locale, timeZone) });
}

function factsOf(data: NotificationData, amount: string, locale: Locale, say: Say): NoticeWords['facts'] {
  return [
    ...(data.description === null ? [] : [{ label: say('notice.for'), value: oneLine(data.description) }]),
    ...(amount === '' ? [] : [{ label: say('notice.amount'), value: amount }]),
    ...(data.dueAt === null
      ? []
      : [{ label: say('notice.due'), value: formatDay(data.dueAt, locale, data.timeZone) }]),
  ];
}

/** A text from outside may hold line breaks, which would look like our own lines in a text mail. */
export function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

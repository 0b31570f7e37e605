/**
 * A notification in words: what its mail says and what the customer's page repeats. Called by the mailer and the
 * pages. It words what the row holds; it never looks at the present state, which may have moved on.
 */
import { formatDay, formatInstant, formatMoney, type Locale } from '../domain/format.ts';
import type { NotificationData, NotificationKind } from '../domain/notifications.ts';
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
  | 'choose_another'
  | 'confirm_how'
  | 'next'
  | 'questions';

const SENTENCES: Readonly<Record<NotificationKind, readonly Sentence[]>> = {
  charge_succeeded: ['body', 'next'],
  charge_failed: ['body', 'reason', 'retry', 'choose_another'],
  authentication_required: ['body', 'confirm_how'],
  last_try_ahead: ['body', 'reason', 'last_retry', 'choose_another'],
  charge_recovered: ['body', 'next'],
  charge_given_up: ['body', 'reason', 'questions'],
  charge_processing: ['body'],
  charge_refunded: ['body', 'questions'],
  payment_method_needed: ['body', 'next'],
  enrollment_canceled: ['body', 'questions'],
  enrollment_completed: ['body'],
  enrollment_expired: ['body', 'questions'],
};

/** @param say of the same language as `locale` */
export function noticeWords(
  notice: { kind: NotificationKind; data: NotificationData },
  locale: Locale,
  say: Say,
): NoticeWords {
  const { kind, data } = notice;
  const amount = data.amountMinor === null ? '' : formatMoney(data.amountMinor, data.currency, locale);
  const title = say(`notice.${kind}.title`);
  return {
    subject: oneLine(say(`notice.${kind}.subject`, { amount })),
    title,
    paragraphs: SENTENCES[kind].flatMap((sentence) =>
      sentenceOf(sentence, { kind, data, amount, locale }, say),
    ),
    facts: factsOf(data, amount, locale, say),
    action: say(`notice.${kind}.action`),
  };
}

function sentenceOf(
  sentence: Sentence,
  notice: { kind: NotificationKind; data: NotificationData; amount: string; locale: Locale },
  say: Say,
): string[] {
  const { kind, data, amount, locale } = notice;
  const at = (iso: string) => formatInstant(iso, locale, data.timeZone);
  switch (sentence) {
    case 'body':
      return [say(`notice.${kind}.body`, { amount })];
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
    case 'choose_another':
    case 'confirm_how':
    case 'questions':
      return [say(`notice.${sentence}`)];
    default:
      return sentence satisfies never;
  }
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

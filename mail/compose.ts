/**
 * One notification as a mail: subject, text and HTML. Called by the mailer and by the preview. A company's own
 * template of the kind (`mails/<kind>.html.liquid`) goes before the general one.
 */
import type { Locale } from '../domain/format.ts';
import type { NotificationData, NotificationKind } from '../domain/notifications.ts';
import { noticeWords, oneLine } from '../templates/notice.ts';
import type { Renderer } from '../templates/renderer.ts';

export interface MailContent {
  kind: NotificationKind;
  data: NotificationData;
  locale: Locale;
  /** Whom to greet; null greets nobody. */
  name: string | null;
  /** The customer's link. */
  link: string;
  /** Something else of the enrollment is unpaid now. @default false */
  hasUnpaid?: boolean;
}

export interface ComposedMail {
  subject: string;
  text: string;
  html: string;
}

/** @throws Error of a template or catalog that does not fit: a defect, found again at each try */
export async function composeMail(renderer: Renderer, content: MailContent): Promise<ComposedMail> {
  const { kind, locale } = content;
  const words = noticeWords(content, locale, renderer.sayIn(locale));
  const name = content.name === null ? null : oneLine(content.name);
  const model = { words, name, link: content.link, kind, data: content.data };
  const templateOf = (form: 'html' | 'text') => {
    const own = `mails/${kind}.${form}.liquid`;
    return renderer.has(own) ? own : `mails/notification.${form}.liquid`;
  };
  const [text, html] = await Promise.all([
    renderer.text(templateOf('text'), locale, model),
    renderer.html(templateOf('html'), locale, model),
  ]);
  return { subject: words.subject, text, html };
}

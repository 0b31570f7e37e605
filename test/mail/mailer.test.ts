import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createMailer, type Mailer, MailNotSent, MailRefused, type MailToSend } from '../../mail/mailer.ts';
import { createRenderer } from '../../templates/renderer.ts';
import { HOSTILE, hostileNotice } from '../templates/sample-notices.ts';
import { type SmtpCatcher, startSmtpCatcher } from './smtp-catcher.ts';

const renderer = createRenderer({ merchantName: 'Kissa' });
const mail: MailToSend = {
  ...hostileNotice('charge_failed'),
  notificationId: 'ntf_1',
  locale: 'ja',
  address: 'aoi@example.jp',
  name: '佐藤 葵',
  link: 'https://pay.example.com/c/token',
};

describe('createMailer', () => {
  let smtp: SmtpCatcher;
  let mailer: Mailer;
  beforeAll(async () => {
    smtp = await startSmtpCatcher();
    mailer = createMailer({ url: smtp.url, from: 'Kissa <billing@kissa.example>', renderer });
  });
  beforeEach(() => {
    smtp.mails.length = 0;
    smtp.refusals.clear();
  });
  afterAll(async () => {
    mailer.close();
    await smtp.close();
  });

  it('delivers subject, text and HTML in Japanese to one named recipient', async () => {
    await expect(mailer.send(mail)).resolves.toBe('<ntf_1@kissa.example>');
    const [got] = smtp.mails;
    expect(got?.subject).toContain('お支払いができませんでした');
    expect(got?.to).toMatchObject({ value: [{ name: '佐藤 葵', address: 'aoi@example.jp' }] });
    expect(got?.from).toMatchObject({ value: [{ name: 'Kissa', address: 'billing@kissa.example' }] });
    expect(got?.text).toContain('佐藤 葵 様');
    expect(got?.html).toContain('lang="ja"');
    expect(got?.headers.get('auto-submitted')).toBe('auto-generated');
  });

  it('gives a repeat of the same notification the same Message-ID', async () => {
    await mailer.send(mail);
    await mailer.send(mail);
    expect(smtp.mails.map((got) => got.messageId)).toEqual([
      '<ntf_1@kissa.example>',
      '<ntf_1@kissa.example>',
    ]);
  });

  it('adds no recipient and no header for a name with line breaks', async () => {
    await mailer.send({ ...mail, name: HOSTILE });
    const [got] = smtp.mails;
    expect(got?.headers.has('bcc')).toBe(false);
    expect(got?.to).toMatchObject({ value: [{ address: 'aoi@example.jp' }] });
  });

  it('tells a recipient that is refused for good from a server that asks to come back', async () => {
    smtp.refusals.set(mail.address, 550);
    await expect(mailer.send(mail)).rejects.toThrow(MailRefused);
    smtp.refusals.set(mail.address, 451);
    await expect(mailer.send(mail)).rejects.toThrow(MailNotSent);
  });

  it('refuses for good what is no address', async () => {
    await expect(mailer.send({ ...mail, address: 'nobody' })).rejects.toThrow(MailRefused);
    expect(smtp.mails).toHaveLength(0);
  });

  it('never repeats the address in its errors', async () => {
    smtp.refusals.set(mail.address, 550);
    await expect(mailer.send(mail)).rejects.toThrow(/^EENVELOPE 550 RCPT TO$/);
  });

  it('says that nothing was sent when there is no server', async () => {
    const away = createMailer({ url: 'smtp://127.0.0.1:1', from: 'a@b.example', renderer });
    await expect(away.send(mail)).rejects.toThrow(MailNotSent);
    away.close();
  });
});

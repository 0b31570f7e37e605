import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { LOCALES } from '../../domain/format.ts';
import { CUSTOMER_REASONS, NOTIFICATION_KINDS } from '../../domain/notifications.ts';
import { composeMail } from '../../mail/compose.ts';
import { createRenderer } from '../../templates/renderer.ts';
import { htmlFaults } from '../support/html.ts';
import { HOSTILE, hostileNotice, sampleNotices } from '../templates/sample-notices.ts';

const renderer = createRenderer({ merchantName: 'Kissa & Co.' });
const link = 'https://pay.example.com/c/token';
const grid = sampleNotices().flatMap((notice) => LOCALES.map((locale) => ({ ...notice, locale })));

describe('composeMail', () => {
  it.each(grid)('says the same in text and HTML, with the link: $kind in $locale', async (content) => {
    const mail = await composeMail(renderer, { ...content, name: 'Aoi Sato', link });
    expect(mail.subject).not.toMatch(/[{}\n]|undefined|null/);
    const read = mail.html
      .replace(/<style>[\s\S]*<\/style>|<[^>]+>/g, ' ')
      .replaceAll('&amp;', '&')
      .replace(/\s+/g, ' ');
    for (const line of mail.text.split('\n').filter((text) => !/^(--|.*:)$/.test(text))) {
      const [, value = line] = /^[^:]{1,12}: (.*)$/.exec(line) ?? [];
      expect(read).toContain(value.replace(/\s+/g, ' ').trim());
    }
    expect(mail.text).toContain(`\n${link}\n`);
    expect(mail.html).toContain(`href="${link}"`);
    expect(mail.text).toContain('Aoi Sato');
    expect(mail.html).toContain(`<html lang="${content.locale}">`);
    expect(`${mail.text}${mail.html}`).not.toMatch(/undefined|\[object|\{\{|\{%/);
  });

  it.each(grid)('is well-formed, as HTML and as text: $kind in $locale', async (content) => {
    for (const name of ['Aoi Sato', null, HOSTILE]) {
      const { html, text, subject } = await composeMail(renderer, { ...content, name, link });
      expect(htmlFaults(html)).toEqual([]);
      // Mail programs run no script, load nothing of ours, and read no style sheet of another address.
      expect(html).not.toMatch(/<(script|link|img|iframe|form)\b/);
      expect(text.replace(HOSTILE.replace(/\s+/g, ' '), '')).not.toMatch(/<\/?[a-z]|&(amp|lt|gt|#\d+);/);
      expect(text).not.toMatch(/\n{3}|[ \t]\n|^\s|\r/);
      expect(text.endsWith('\n')).toBe(true);
      // RFC 5322: 998 octets in a line at most; a subject that is longer than this is cut in lists.
      expect(Math.max(...text.split('\n').map((line) => Buffer.byteLength(line)))).toBeLessThan(998);
      expect(subject.length).toBeLessThanOrEqual(70);
    }
  });

  it('has a subject and a title of its own for each kind', async () => {
    const mails = await Promise.all(
      sampleNotices().map((notice) => composeMail(renderer, { ...notice, locale: 'en', name: null, link })),
    );
    expect(new Set(mails.map((mail) => mail.subject)).size).toBe(NOTIFICATION_KINDS.length);
  });

  it('claims of no completed agreement that all was paid: some may have been given up or forgiven', async () => {
    const notice = sampleNotices().find(({ kind }) => kind === 'enrollment_completed');
    const said = async (locale: 'en' | 'ja') => {
      if (notice === undefined) {
        throw new Error('no sample');
      }
      const { subject, text } = await composeMail(renderer, { ...notice, locale, name: null, link });
      return `${subject}\n${text}`;
    };
    expect(await said('en')).toContain('Nothing more will be charged.');
    expect(await said('en')).not.toMatch(/\b(all|every)\b/i);
    expect(await said('ja')).toContain('今後の請求はありません。');
    expect(await said('ja')).not.toMatch(/お支払いがすべて/);
  });

  it.each(NOTIFICATION_KINDS)('shows hostile texts as texts: %s', async (kind) => {
    const mail = await composeMail(renderer, { ...hostileNotice(kind), locale: 'en', name: HOSTILE, link });
    expect(mail.html).not.toContain('<script');
    expect(mail.html).toContain('&lt;script&gt;');
    expect(mail.html).not.toContain('"><');
    expect(mail.subject).not.toMatch(/[\r\n]/);
    expect(mail.text).not.toMatch(/^Bcc:/m);
    // Neither ICU nor Liquid syntax in a value is carried out.
    expect(mail.text).toContain('{amount}{{ merchant }}');
  });

  it('names the amount, the reason and the next try on a first failure', async () => {
    const notice = sampleNotices().find(({ kind }) => kind === 'charge_failed');
    if (!notice) throw new Error('no sample');
    const mail = await composeMail(renderer, { ...notice, locale: 'en', name: null, link });
    expect(mail.subject).toBe('Your payment of ¥1,980 did not go through');
    expect(mail.text).toContain('There was not enough money available');
    expect(mail.text).toContain('try again by ourselves on November 24, 2026 at 10:00 AM GMT+9');
    const final = { ...notice, data: { ...notice.data, nextAttemptAt: null } };
    const last = await composeMail(renderer, { ...final, locale: 'en', name: null, link });
    expect(last.text).toContain('We will not try this payment method again by ourselves.');
    expect(last.text).not.toContain('try again by ourselves on');
  });

  const at = '2026-11-24T01:00:00.000Z';
  it.each([
    [
      'insufficient_funds',
      at,
      'Your payment of',
      'Use another payment method',
      'If there is enough money by then',
    ],
    ['declined', at, 'Your payment of', 'Use another payment method', 'You need not wait for that'],
    [
      'temporary',
      at,
      'Your payment of ¥1,980 is delayed',
      'See your payment',
      'There is nothing you need to do.',
    ],
    [
      'expired_card',
      null,
      'Please choose another way',
      'Choose another payment method',
      'We will not try this',
    ],
    ['declined', null, 'Please choose another way', 'Choose another payment method', 'We will not try this'],
  ] as const)(
    'asks for what a first failure needs: %s, tried again %s',
    async (reason, nextAttemptAt, ...said) => {
      const [subject, action, sentence] = said;
      const data = { ...hostileNotice('charge_failed').data, reason, nextAttemptAt };
      const content = { kind: 'charge_failed' as const, data, locale: 'en' as const, name: null, link };
      const mail = await composeMail(renderer, content);
      expect(mail.subject).toContain(subject);
      expect(mail.text).toContain(`${action}:\n${link}`);
      expect(mail.text).toContain(sentence);
      expect(mail.text.includes('try again by ourselves on')).toBe(nextAttemptAt !== null);
    },
  );

  it.each([
    ['charge_failed', 'cancel', 'the agreement ends.'],
    ['authentication_required', 'pause', 'your payments are paused.'],
    ['charge_failed', 'keep_active', 'we stop trying to take it. Later payments go on as agreed.'],
    ['authentication_required', undefined, 'we stop trying to take it.'],
  ] as const)(
    'says by when the customer must act, and what else: %s, %s',
    async (kind, afterGivingUp, end) => {
      const { data } = hostileNotice(kind);
      const until = { giveUpAt: '2026-12-09T01:00:00.000Z', ...(afterGivingUp && { afterGivingUp }) };
      const of = { kind, locale: 'en' as const, name: null, link };
      const asked = await composeMail(renderer, { ...of, data: { ...data, nextAttemptAt: null, ...until } });
      const by = 'If this payment has not been made by December 9, 2026 at 10:00 AM GMT+9,';
      expect(asked.text.replace(/\s+/g, ' ')).toContain(`${by} ${end}`);
      const other = await composeMail(renderer, { ...of, data: { ...data, nextAttemptAt: null } });
      expect(other.text).not.toContain('If this payment');
    },
  );

  it('tells each reason in its own words', async () => {
    const notice = hostileNotice('charge_failed');
    const texts = await Promise.all(
      CUSTOMER_REASONS.map(async (reason) => {
        const content = { kind: notice.kind, data: { ...notice.data, reason } };
        return (await composeMail(renderer, { ...content, locale: 'ja', name: null, link })).text;
      }),
    );
    expect(new Set(texts).size).toBe(CUSTOMER_REASONS.length);
  });

  it('takes a template and a sentence of the company, and ours for the rest', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'templates-'));
    try {
      mkdirSync(join(folder, 'mails'));
      mkdirSync(join(folder, 'locales'));
      writeFileSync(
        join(folder, 'mails/charge_failed.html.liquid'),
        '<p>{{ words.title }}</p><p>{{ data.description }}</p>',
      );
      writeFileSync(
        join(folder, 'locales/en.json'),
        JSON.stringify({ 'notice.charge_failed.title': 'Oh dear, {merchant} could not charge you' }),
      );
      const own = createRenderer({ merchantName: 'Kissa & Co.', templatesDir: folder });
      const failed = await composeMail(own, {
        ...hostileNotice('charge_failed'),
        locale: 'en',
        name: null,
        link,
      });
      expect(failed.html).toMatch(
        /^<p>Oh dear, Kissa &amp; Co\. could not charge you<\/p><p>&#34;&gt;&lt;script/,
      );
      expect(failed.text).toContain('Oh dear, Kissa & Co. could not charge you');
      const recovered = await composeMail(own, {
        ...hostileNotice('charge_recovered'),
        locale: 'en',
        name: null,
        link,
      });
      expect(recovered.html).toContain('<!doctype html>');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

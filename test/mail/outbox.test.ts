import { setTimeout } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { pino } from 'pino';
import { createCustomerLinks } from '../../config/customer-links.ts';
import { claimMails } from '../../db/notifications.ts';
import { createMailer, type Mailer } from '../../mail/mailer.ts';
import { createMailOutbox, type MailOutbox, retryDelayMs } from '../../mail/outbox.ts';
import { createRenderer } from '../../templates/renderer.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { waitFor } from '../support/wait.ts';
import { daysAhead, seedCharge, seedEnrollment, seedFact, seedNotification } from '../web/rows.ts';
import { type SmtpCatcher, startSmtpCatcher } from './smtp-catcher.ts';

const links = createCustomerLinks({
  secrets: ['a-secret-of-more-than-thirty-two-letters'],
  publicUrl: 'https://pay.example.com',
  ttlDays: 400,
});

describe('createMailOutbox', () => {
  let test: TestDatabase;
  let smtp: SmtpCatcher;
  let mailer: Mailer;
  let logged: string[];
  const outboxes: MailOutbox[] = [];

  beforeAll(async () => {
    [test, smtp] = await Promise.all([createTestDatabase(), startSmtpCatcher()]);
    const renderer = createRenderer({ merchantName: 'Kissa' });
    mailer = createMailer({ url: smtp.url, from: 'Kissa <billing@kissa.example>', renderer });
  });
  beforeEach(async () => {
    await test.db.deleteFrom('notifications').execute();
    Object.assign(smtp, { hold: null, mostAtOnce: 0 });
    smtp.mails.length = 0;
    smtp.refusals.clear();
    logged = [];
  });
  afterEach(() => Promise.all(outboxes.splice(0).map((outbox) => outbox.stop())));
  afterAll(async () => {
    mailer.close();
    await Promise.all([smtp.close(), test.drop()]);
  });

  function outboxOf(): MailOutbox {
    const log = pino({}, { write: (line: string) => void logged.push(line) });
    const outbox = createMailOutbox({ db: test.db, mailer, links, log });
    outboxes.push(outbox);
    return outbox;
  }

  function row(id: string) {
    return test.db.selectFrom('notifications').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
  }

  it('mails a notification once, with a link made now, and marks it', async () => {
    const enrollment = await seedEnrollment(test.db);
    const id = await seedNotification(test.db, enrollment, 'charge_failed', { reason: 'expired_card' });
    await expect(outboxOf().dispatchOnce()).resolves.toMatchObject({ claimed: 1 });
    await expect(outboxOf().dispatchOnce()).resolves.toMatchObject({ claimed: 0 });

    const [mail] = smtp.mails;
    expect(smtp.mails).toHaveLength(1);
    expect(mail?.text).toContain('The card has expired.');
    const token = /https:\/\/pay\.example\.com\/c\/(\S+)/.exec(mail?.text ?? '')?.[1] ?? '';
    await expect(links.read(token)).resolves.toBe(enrollment);
    expect(await row(id)).toMatchObject({
      mailed_at: expect.any(Date),
      mail_message_id: mail?.messageId,
      mail_attempts: 1,
      mail_error: null,
    });
  });

  it('speaks the language of the notification, whatever the form of its locale', async () => {
    const enrollment = await seedEnrollment(test.db);
    await seedNotification(test.db, enrollment, 'charge_failed', {}, { locale: 'ja-JP' });
    await outboxOf().dispatchOnce();
    expect(smtp.mails[0]?.subject).toContain('お支払い方法をお選びください');
  });

  it.each<[string, Parameters<typeof seedEnrollment>[1], string[], boolean]>([
    ['of one that goes on', {}, [], true],
    ['after a cancel as of that payment', { cancel_at: '2030-12-23T00:00:00.000Z' }, [], false],
    ['before a cancel as of the one after it', { cancel_at: '2031-01-23T00:00:00.000Z' }, [], true],
    ['while a cancel waits for another one', {}, ['enrollment.cancel_accepted'], false],
    ['after the end', { status: 'canceled', ended_at: '2026-11-24T00:00:00.000Z' }, [], false],
  ])('names the next payment %s: only while there is one', async (_name, seed, facts, names) => {
    const enrollment = await seedEnrollment(test.db, seed);
    for (const what of facts) {
      await seedFact(test.db, enrollment, { what });
    }
    const nextChargeAt = '2030-12-23T00:00:00.000Z';
    await seedNotification(test.db, enrollment, 'charge_succeeded', { nextChargeAt });
    await outboxOf().dispatchOnce();
    const [mail] = smtp.mails;
    expect(smtp.mails).toHaveLength(1);
    expect([mail?.text, mail?.html].map((text) => String(text).includes('2030'))).toEqual([names, names]);
  });

  it('mails each row once when several dispatchers run at once', async () => {
    const enrollment = await seedEnrollment(test.db);
    for (let number = 0; number < 45; number++) {
      await seedNotification(test.db, enrollment, 'charge_succeeded');
    }
    const started = [outboxOf(), outboxOf(), outboxOf()];
    for (const outbox of started) {
      outbox.start();
    }
    await waitFor('45 marked rows', async () => {
      const { left } = await test.db
        .selectFrom('notifications')
        .select((eb) => eb.fn.countAll<number>().as('left'))
        .where('mailed_at', 'is', null)
        .executeTakeFirstOrThrow();
      return left === 0;
    });
    await Promise.all(started.map((outbox) => outbox.stop()));
    expect(smtp.mails).toHaveLength(45);
    expect(new Set(smtp.mails.map((mail) => mail.messageId)).size).toBe(45);
  });

  it('mails what one customer is told in the order it happened, also by several dispatchers', async () => {
    const enrollment = await seedEnrollment(test.db);
    const told = ['charge_failed', 'charge_recovered', 'charge_succeeded', 'enrollment_completed'] as const;
    const ids: string[] = [];
    for (const [minute, kind] of told.entries()) {
      const createdAt = new Date(Date.now() - (10 - minute) * 60_000).toISOString();
      ids.push(await seedNotification(test.db, enrollment, kind, {}, { createdAt }));
    }
    // The order of the table and of the queue is another one.
    for (const [index, id] of ids.entries()) {
      const due = new Date(Date.now() - (index + 1) * 60_000);
      await test.db.updateTable('notifications').set({ next_mail_at: due }).where('id', '=', id).execute();
    }
    const started = [outboxOf(), outboxOf(), outboxOf()];
    // Until all have looked, the first is on its way: one that looks after that may well take the second.
    let sent = () => {};
    smtp.hold = new Promise((resolve) => {
      sent = resolve;
    });
    const claimed: number[] = [];
    const rounds = started.map(async (outbox) => claimed.push((await outbox.dispatchOnce()).claimed));
    await waitFor('the others to find nothing', () => claimed.length === started.length - 1);
    expect(claimed).toEqual([0, 0]);
    sent();
    await Promise.all(rounds);
    expect(smtp.mails.map(({ subject }) => subject)).toEqual(['Please choose another way to pay ¥1,980']);
    for (const outbox of started) {
      outbox.start();
    }
    await waitFor('all four', () => smtp.mails.length === told.length);
    expect(smtp.mails.map(({ messageId }) => messageId)).toEqual(ids.map((id) => `<${id}@kissa.example>`));
  });

  it('says that nothing is left to do for a payment only while no other one is unpaid', async () => {
    const enrollment = await seedEnrollment(test.db);
    await seedCharge(test.db, enrollment);
    const said = async () => {
      smtp.mails.length = 0;
      await seedNotification(test.db, enrollment, 'charge_recovered');
      await outboxOf().dispatchOnce();
      return smtp.mails[0]?.text;
    };
    expect(await said()).toContain('There is nothing more to do for it.');
    await seedCharge(test.db, enrollment, { number: 2, status: 'requires_action' });
    const text = await said();
    expect(text).toContain('has now gone through.');
    expect(text).not.toContain('nothing more to do');
  });

  it('keeps that order for a dispatcher that began to look before another one claimed', async () => {
    const enrollment = await seedEnrollment(test.db);
    const first = await seedNotification(
      test.db,
      enrollment,
      'charge_failed',
      {},
      { createdAt: daysAhead(-1) },
    );
    await seedNotification(test.db, enrollment, 'charge_recovered');
    await test.db.transaction().execute(async (late) => {
      // Its time stands still from here on, while it sees what the other one has claimed.
      await sql`select now()`.execute(late);
      expect((await claimMails(test.db, 20, 60_000)).map(({ id }) => id)).toEqual([first]);
      expect(await claimMails(late, 20, 60_000)).toEqual([]);
    });
  });

  it('lets a mail that was put off for long hold up no other', async () => {
    const enrollment = await seedEnrollment(test.db);
    const createdAt = daysAhead(-1);
    const stuck = await seedNotification(test.db, enrollment, 'charge_failed', {}, { createdAt });
    await seedNotification(test.db, enrollment, 'charge_recovered');
    const putOff = async (minutes: number) => {
      const due = new Date(Date.now() + minutes * 60_000);
      await test.db.updateTable('notifications').set({ next_mail_at: due }).where('id', '=', stuck).execute();
    };
    await putOff(5);
    await expect(outboxOf().dispatchOnce()).resolves.toMatchObject({ claimed: 0 });
    await putOff(15);
    await expect(outboxOf().dispatchOnce()).resolves.toMatchObject({ claimed: 1 });
    expect(smtp.mails.map(({ subject }) => subject)).toEqual(['Solved: your payment of ¥1,980 was received']);
  });

  it('claims no more than a batch and sends no more than a few at once', async () => {
    for (let number = 0; number < 30; number++) {
      await seedNotification(test.db, await seedEnrollment(test.db), 'charge_succeeded');
    }
    await expect(outboxOf().dispatchOnce()).resolves.toMatchObject({ claimed: 20 });
    expect(smtp.mails).toHaveLength(20);
    expect(smtp.mostAtOnce).toBeGreaterThan(1);
    expect(smtp.mostAtOnce).toBeLessThanOrEqual(5);
  });

  it('tries again later when the server asks for it, and not before', async () => {
    smtp.refusals.set('aoi@example.jp', 451);
    const id = await seedNotification(test.db, await seedEnrollment(test.db), 'charge_failed');
    await outboxOf().dispatchOnce();
    const failed = await row(id);
    expect(failed).toMatchObject({ mailed_at: null, mail_attempts: 1, mail_error: 'EENVELOPE 451 RCPT TO' });
    const delayMs = failed.next_mail_at.getTime() - Date.now();
    expect(delayMs).toBeGreaterThan(25_000);
    expect(delayMs).toBeLessThan(35_000);
    await expect(outboxOf().dispatchOnce()).resolves.toMatchObject({ claimed: 0 });

    smtp.refusals.clear();
    await test.db
      .updateTable('notifications')
      .set({ next_mail_at: daysAhead(-1) })
      .execute();
    await outboxOf().dispatchOnce();
    expect(await row(id)).toMatchObject({
      mailed_at: expect.any(Date),
      mail_attempts: 2,
      mail_error: null,
    });
  });

  it('gives up after days, and says so', async () => {
    smtp.refusals.set('aoi@example.jp', 451);
    const enrollment = await seedEnrollment(test.db);
    const old = { createdAt: daysAhead(-3.1) };
    const id = await seedNotification(test.db, enrollment, 'charge_failed', {}, old);
    await outboxOf().dispatchOnce();
    const given = await row(id);
    expect(given.mail_error).toBe('given up after 1 tries, the last: EENVELOPE 451 RCPT TO');
    expect(given.next_mail_at.getUTCFullYear()).toBe(9999);
    await expect(outboxOf().dispatchOnce()).resolves.toMatchObject({ claimed: 0 });
  });

  it('gives up at once what the server refuses for good, and goes on with the others', async () => {
    smtp.refusals.set('gone@example.jp', 550);
    const gone = await seedEnrollment(test.db, { customer: { email: 'gone@example.jp' } });
    const refused = await seedNotification(test.db, gone, 'charge_failed');
    const other = await seedNotification(test.db, await seedEnrollment(test.db), 'charge_failed');
    await outboxOf().dispatchOnce();
    expect((await row(refused)).mail_error).toBe('refused by the mail server: EENVELOPE 550 RCPT TO');
    expect((await row(other)).mailed_at).not.toBeNull();
  });

  it('has nothing to do for a customer without an e-mail address: the notice says so from the start', async () => {
    const nobody = await seedEnrollment(test.db, { customer: { email: null } });
    const id = await seedNotification(test.db, nobody, 'charge_failed');
    await expect(outboxOf().dispatchOnce()).resolves.toMatchObject({ claimed: 0 });
    const kept = await row(id);
    expect(kept).toMatchObject({ mailed_at: null, mail_error: 'the customer has no e-mail address' });
    expect(kept.mail_attempts).toBe(0);
  });

  it('records a customer whose address is gone by then', async () => {
    const enrollmentId = await seedEnrollment(test.db);
    const id = await seedNotification(test.db, enrollmentId, 'charge_failed');
    await test.db
      .updateTable('customers')
      .set({ email: null })
      .where('id', 'in', (eb) =>
        eb.selectFrom('enrollments').select('customer_id').where('id', '=', enrollmentId),
      )
      .execute();
    await outboxOf().dispatchOnce();
    expect(await row(id)).toMatchObject({
      mailed_at: null,
      mail_error: 'the customer has no e-mail address',
    });
    await expect(outboxOf().dispatchOnce()).resolves.toMatchObject({ claimed: 0 });
  });

  it('keeps a row of a kind that it does not know for a version that does', async () => {
    const id = await seedNotification(test.db, await seedEnrollment(test.db), 'charge_failed');
    await test.db.updateTable('notifications').set({ kind: 'of_tomorrow' }).where('id', '=', id).execute();
    await outboxOf().dispatchOnce();
    const kept = await row(id);
    expect(kept.mail_error).toBe("no words for the kind 'of_tomorrow'");
    expect(kept.next_mail_at.getTime()).toBeLessThan(Date.now() + 60_000);
  });

  it('takes over a mail whose dispatcher died, after its lease', async () => {
    const id = await seedNotification(test.db, await seedEnrollment(test.db), 'charge_failed');
    const { claimMails } = await import('../../db/notifications.ts');
    await expect(claimMails(test.db, 10, 60_000)).resolves.toHaveLength(1);
    await expect(outboxOf().dispatchOnce()).resolves.toMatchObject({ claimed: 0 });
    await test.db
      .updateTable('notifications')
      .set({ next_mail_at: daysAhead(0) })
      .execute();
    await expect(outboxOf().dispatchOnce()).resolves.toMatchObject({ claimed: 1 });
    expect((await row(id)).mailed_at).not.toBeNull();
  });

  it('waits on stop for the mail that is being sent, and takes no other', async () => {
    let letGo = () => {};
    smtp.hold = new Promise((resolve) => {
      letGo = resolve;
    });
    const enrollment = await seedEnrollment(test.db);
    const id = await seedNotification(test.db, enrollment, 'charge_failed');
    const outbox = outboxOf();
    outbox.start();
    await waitFor('the claim', async () => (await row(id)).mail_attempts === 1);
    await waitFor('the server to have it', () => smtp.mostAtOnce === 1);
    const later = await seedNotification(test.db, enrollment, 'charge_recovered');
    let stopped = false;
    const stopping = outbox.stop().then(() => {
      stopped = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(stopped).toBe(false);
    letGo();
    await stopping;
    expect((await row(id)).mailed_at).not.toBeNull();
    expect((await row(later)).mail_attempts).toBe(0);
  });

  it('gives back on stop what it has claimed and not begun to send', async () => {
    let letGo = () => {};
    smtp.hold = new Promise((resolve) => {
      letGo = resolve;
    });
    for (let number = 0; number < 12; number++) {
      await seedNotification(test.db, await seedEnrollment(test.db), 'charge_succeeded');
    }
    const outbox = outboxOf();
    outbox.start();
    await waitFor('the server to have as many as it is given at once', () => smtp.mostAtOnce === 5);
    const stopped = outbox.stop();
    letGo();
    await stopped;
    expect(smtp.mails).toHaveLength(5);
    const due = await claimMails(test.db, 20, 60_000);
    expect(due.map(({ attempts }) => attempts)).toEqual(Array(7).fill(1));
  });

  it('goes on after the database was away', async () => {
    const broken = { count: 0 };
    const db = test.db.withPlugin({
      transformQuery: ({ node }) => {
        if (broken.count++ === 0) throw new Error('connection terminated');
        return node;
      },
      transformResult: async ({ result }) => result,
    });
    const id = await seedNotification(test.db, await seedEnrollment(test.db), 'charge_failed');
    const log = pino({}, { write: (line: string) => void logged.push(line) });
    const outbox = createMailOutbox({ db, mailer, links, log });
    outboxes.push(outbox);
    outbox.start();
    await waitFor('the mail', async () => (await row(id)).mailed_at !== null);
    expect(logged.join('')).toContain('mails could not be claimed');
  });

  it('asks a mail server that is away with a few mails, and puts off no other', async () => {
    for (let number = 0; number < 15; number++) {
      await seedNotification(test.db, await seedEnrollment(test.db), 'charge_succeeded');
    }
    const renderer = createRenderer({ merchantName: 'Kissa' });
    const away = createMailer({ url: 'smtp://127.0.0.1:1', from: 'Kissa <billing@kissa.example>', renderer });
    const log = pino({}, { write: (line: string) => void logged.push(line) });
    const outbox = createMailOutbox({ db: test.db, mailer: away, links, log });
    outboxes.push(outbox);
    const tried = () =>
      test.db
        .selectFrom('notifications')
        .select(['mail_error', 'next_mail_at'])
        .where('mail_attempts', '>', 0)
        .execute();
    outbox.start();
    await waitFor('the first round', async () => logged.length >= 5);
    // It would go on at once if the server had taken them.
    await setTimeout(500);
    await outbox.stop();
    expect(logged.join('')).not.toContain('could not be');
    const failed = await tried();
    expect(failed).toHaveLength(5);
    expect(failed.map(({ mail_error }) => mail_error)).toEqual(Array(5).fill('ESOCKET CONN'));
    await expect(outboxOf().dispatchOnce()).resolves.toEqual({ claimed: 10, isServerAway: false });
    expect(smtp.mails).toHaveLength(10);
    away.close();
  });

  it('never logs an address, a name or a link', async () => {
    smtp.refusals.set('gone@example.jp', 550);
    const gone = await seedEnrollment(test.db, { customer: { email: 'gone@example.jp', name: 'Gone Girl' } });
    await seedNotification(test.db, gone, 'charge_failed');
    await seedNotification(test.db, await seedEnrollment(test.db), 'charge_failed');
    await outboxOf().dispatchOnce();
    expect(logged).toHaveLength(2);
    expect(logged.join('')).not.toMatch(/@|Gone|Aoi|\/c\//);
  });
});

describe('retryDelayMs', () => {
  it('doubles from half a minute up to six hours', () => {
    expect([1, 2, 3].map(retryDelayMs)).toEqual([30_000, 60_000, 120_000]);
    expect(retryDelayMs(50)).toBe(6 * 3_600_000);
  });
});

/** Canceling on the customer's page: now, at the end of the period, and taking it back. */
import { describe, expect, it } from '@jest/globals';
import { CommandRefused } from '../../api/billing-client.ts';
import { mentioned, PUBLIC_URL } from './pages-app.ts';
import { pages, test } from './pages-of-each-test.ts';
import { daysAhead, seedCharge, seedEnrollment, seedFact } from './rows.ts';

const REQUESTED = { by: 'customer', reason: 'asked on the customer page' };
const NEXT = { occurrence: 3, dueAt: '2099-12-23T01:00:00.000Z', amountMinor: 1980 };

describe('the page that asks', () => {
  it('says what each choice stops, and what stays owed', async () => {
    const id = await seedEnrollment(test.db, { status: 'past_due' });
    await seedCharge(test.db, id, { number: 1 });
    pages.billing.preview = {
      nextChargeStopped: NEXT,
      stillOwedMinor: 1980,
      charges: [
        { id: 'chg_x_2', amountMinor: 1980, fate: 'canceled' },
        { id: 'chg_x_3', amountMinor: 700, fate: 'held_funds_released' },
        { id: 'chg_x_4', amountMinor: 500, fate: 'outcome_awaited' },
      ],
    };
    const { body } = await pages.get(id, '/cancel');
    const [later = '', now = ''] = mentioned(body).split(' Now ');
    expect(later).toContain('On December 23, 2099, at the end of the period');
    expect(later).toContain('The payment of ¥1,980 on December 23, 2099 will not be made.');
    expect(later).toContain('What is unpaid, ¥1,980, is still owed and goes on being collected.');
    expect(later).toContain('You can take this back on your page until December 23, 2099.');
    expect(now).toContain('The unpaid payment of ¥1,980 is no longer collected here.');
    expect(now).toContain('The reserved amount of ¥700 is released.');
    expect(now).toContain('A payment of ¥500 is already on its way');
    expect(now).toContain('If it arrives, it is returned to you.');
    expect(now).toContain('Payments already made are not returned by this.');
    expect(pages.billing.asked.map(([command]) => command)).toEqual(['previewCancel', 'previewCancel']);
  });

  it('says that a late payment is kept when that was agreed', async () => {
    const id = await seedEnrollment(test.db);
    const fate = 'canceled_if_the_bank_allows' as const;
    pages.billing.preview = { lateSuccess: 'keep', charges: [{ id: 'chg_x_1', amountMinor: 500, fate }] };
    expect(mentioned((await pages.get(id, '/cancel')).body)).toContain(
      'If it arrives, Kissa Coffee keeps it.',
    );
  });

  it('offers no end of a period that is over: a pause has outlasted it', async () => {
    pages.billing.preview = { nextChargeStopped: { ...NEXT, dueAt: daysAhead(-7) } };
    const { body } = await pages.get(await seedEnrollment(test.db), '/cancel');
    expect(body).not.toContain('type="radio"');
    expect(mentioned(body)).not.toContain('at the end of the period');
  });

  it('promises no end at once while a payment is on its way', async () => {
    const id = await seedEnrollment(test.db);
    const fate = 'outcome_awaited' as const;
    pages.billing.preview = { charges: [{ id: 'chg_x_1', amountMinor: 500, fate }] };
    const text = mentioned((await pages.get(id, '/cancel')).body);
    expect(text).not.toContain('ends at once');
    expect(text).toContain('The agreement ends as soon as what is on its way is done.');
  });

  it('speaks of several payments on their way as several, in both languages', async () => {
    const id = await seedEnrollment(test.db);
    const fate = 'outcome_awaited' as const;
    const charges = [1, 2].map((number) => ({ id: `chg_x_${number}`, amountMinor: 500, fate }));
    pages.billing.preview = { charges };
    const said = async (lang: string) => mentioned((await pages.get(id, `/cancel?lang=${lang}`)).body);
    expect(await said('en')).toContain(
      '2 payments, ¥1,000 in all, are already on their way and may not be stoppable. What arrives of them is returned to you.',
    );
    expect(await said('ja')).toContain('￥1,000のお支払い（2件）がすでに処理中で');
    pages.billing.preview = { charges, lateSuccess: 'keep' };
    expect(await said('en')).toContain('What arrives of them, Kissa Coffee keeps.');
  });

  it.each([
    ['nothing is planned', {}, null],
    ['no payment method is saved yet', { status: 'awaiting_payment_method' as const }, NEXT],
    ['it ends with the period already', { cancel_at: '2099-12-23T01:00:00.000Z' }, NEXT],
  ])('offers only to end it now when %s', async (_name, seed, nextChargeStopped) => {
    pages.billing.preview = { nextChargeStopped };
    const { body } = await pages.get(await seedEnrollment(test.db, seed), '/cancel');
    expect(body).not.toContain('type="radio"');
    expect(body).toContain('<input type="hidden" name="when" value="now">');
  });

  it.each([{}, { when: '' }, { when: 'tomorrow' }])(
    'names the field when nothing was chosen: %j',
    async (fields) => {
      pages.billing.preview = { nextChargeStopped: NEXT };
      const answer = await pages.post(await seedEnrollment(test.db), '/cancel', fields);
      expect(answer.statusCode).toBe(400);
      expect(answer.body).toContain('<title>Choose when it should end');
      expect(answer.body).toMatch(/<fieldset class="options" aria-describedby="when-error">/);
      expect(answer.body).toMatch(
        /role="alert">\s*<p id="when-error"><a href="#when-at_period_end">When should it end\?/,
      );
      expect(answer.body).toMatch(/id="when-now" required [^>]*aria-invalid="true"/);
      expect(pages.billing.asked.map(([command]) => command)).not.toContain('cancelEnrollment');
    },
  );
});

describe('the button', () => {
  it.each([
    ['now', 'cancelEnrollment'],
    ['at_period_end', 'cancelAtPeriodEnd'],
  ])('asks the Workflow and goes back to the account: %s', async (when, command) => {
    const id = await seedEnrollment(test.db);
    const answer = await pages.post(id, '/cancel', { when });
    expect(answer.headers.location).toBe(`${await pages.pathOf(id)}/account`);
    expect(pages.billing.asked).toEqual([[command, id, REQUESTED]]);
  });

  it('goes back to the account also when it was asked before', async () => {
    pages.billing.error = new CommandRefused('cancel_pending', 'already');
    const id = await seedEnrollment(test.db);
    expect((await pages.post(id, '/cancel', { when: 'now' })).statusCode).toBe(303);
  });

  it('does nothing twice: an enrollment that has ended leads to its account', async () => {
    const id = await seedEnrollment(test.db, { status: 'canceled', ended_at: daysAhead(0) });
    const account = `${await pages.pathOf(id)}/account`;
    expect((await pages.get(id, '/cancel')).headers.location).toBe(account);
    expect((await pages.post(id, '/cancel', { when: 'now' })).headers.location).toBe(account);
    expect((await pages.post(id, '/undo-cancel')).headers.location).toBe(account);
    expect(pages.billing.asked).toEqual([]);
  });

  it.each([
    [{ 'sec-fetch-site': 'cross-site' }, 403],
    [{ 'sec-fetch-site': 'same-site' }, 403],
    [{ 'sec-fetch-site': 'none' }, 403],
    [{ 'sec-fetch-site': '', origin: 'https://evil.example' }, 403],
    [{ 'sec-fetch-site': '', origin: PUBLIC_URL }, 303],
    [{ 'sec-fetch-site': '', origin: 'null' }, 303],
    [{ 'sec-fetch-site': 'same-origin', origin: 'null' }, 303],
  ])('takes a form from its own pages only: %j gives %d', async (headers, status) => {
    const url = `${await pages.pathOf(await seedEnrollment(test.db))}/cancel`;
    const given = Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== ''));
    const answer = await pages.app.inject({
      method: 'POST',
      url,
      headers: { ...given, 'content-type': 'application/x-www-form-urlencoded' },
      payload: 'when=now',
    });
    expect(answer.statusCode).toBe(status);
    expect(pages.billing.asked).toHaveLength(status === 303 ? 1 : 0);
  });
});

describe('afterwards the account', () => {
  it('says by its row that a payment on its way must finish, and offers nothing that would be refused', async () => {
    const id = await seedEnrollment(test.db, { status: 'past_due' });
    await seedCharge(test.db, id, { number: 1, status: 'processing' });
    await seedCharge(test.db, id, { number: 2, status: 'requires_payment_method' });
    await seedFact(test.db, id, { what: 'enrollment.cancel_accepted' });
    const { body } = await pages.get(id, '/account');
    expect(mentioned(body)).toContain('Your cancellation is noted.');
    expect(body).not.toContain('<form');
    expect(body).not.toContain('/cancel"');
    expect((await pages.get(id, '/cancel')).statusCode).toBe(303);
  });

  it('says until when everything stays, and takes it back until then', async () => {
    const cancelAt = '2099-12-23T01:00:00.000Z';
    const id = await seedEnrollment(test.db, {
      cancel_at: cancelAt,
      next_charge_at: cancelAt,
      next_charge_amount_minor: 1980,
    });
    const { body } = await pages.get(id, '/account');
    const text = mentioned(body);
    expect(text).toContain('Ends on December 23, 2099');
    expect(text).toContain('Next payment None. The agreement ends first.');
    expect(body).toMatch(/action="[^"]+\/undo-cancel"/);
    const undone = await pages.post(id, '/undo-cancel');
    expect(undone.headers.location).toBe(`${await pages.pathOf(id)}/account`);
    expect(pages.billing.asked).toEqual([
      ['undoCancel', id, { by: 'customer', reason: 'kept on the customer page' }],
    ]);
  });

  it('still shows a payment that comes before the end', async () => {
    const id = await seedEnrollment(test.db, {
      cancel_at: '2099-12-23T01:00:00.000Z',
      next_charge_at: '2099-12-01T01:00:00.000Z',
      next_charge_amount_minor: 1980,
    });
    expect(mentioned((await pages.get(id, '/account')).body)).toContain(
      'Next payment ¥1,980 December 1, 2099',
    );
  });

  it('offers no way back once it is about to take effect', async () => {
    const id = await seedEnrollment(test.db, { cancel_at: daysAhead(-0.001) });
    expect((await pages.get(id, '/account')).body).not.toContain('/undo-cancel');
  });
});

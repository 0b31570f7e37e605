import { describe, expect, it } from '@jest/globals';
import { mentioned } from './pages-app.ts';
import { get, pages, test } from './pages-of-each-test.ts';
import {
  daysAhead,
  seedCharge,
  seedCheckoutSession,
  seedEnrollment,
  seedFact,
  seedNotification,
  seedPaymentMethod,
} from './rows.ts';

describe('GET /c/:token/account', () => {
  it('shows agreement, next payment, method, payments and messages', async () => {
    const id = await seedEnrollment(test.db, {
      next_charge_at: '2099-12-23T01:00:00.000Z',
      next_charge_amount_minor: 1980,
    });
    await seedPaymentMethod(test.db, id);
    await seedCharge(test.db, id, { number: 1, due_at: '2026-10-23T01:00:00.000Z' });
    await seedCharge(test.db, id, {
      number: 2,
      due_at: '2026-11-23T01:00:00.000Z',
      refunded_minor: 500,
    });
    await seedNotification(test.db, id, 'charge_succeeded');
    const answer = await get(id, '/account');
    expect(answer.statusCode).toBe(200);
    const text = mentioned(answer.body);
    expect(text).toContain('¥1,980 every month.');
    expect(text).toContain('December 23, 2099 at 10:00 AM GMT+9');
    expect(text).toContain('Visa ending in 4242 Expires 04/31');
    expect(text).toMatch(/November 23, 2026 Payment 2 ¥1,980 Paid, ¥500 returned/);
    expect(text).toMatch(/October 23, 2026 Payment 1 ¥1,980 Paid/);
    expect(text).toContain('Payment received: ¥1,980');
    expect(answer.body).toContain(`${await pages.pathOf(id)}/charges/chg_${id.slice(4)}_2/receipt`);
  });

  it('speaks the language of the enrollment, and the one that was chosen on every address after it', async () => {
    const id = await seedEnrollment(test.db, { locale: 'ja' });
    const own = await get(id, '/account');
    expect(own.body).toContain('<html lang="ja">');
    expect(own.body).toContain('毎月￥1,980のお支払い。');
    expect(own.body).toContain('/cancel"');
    const chosen = await get(id, '/account?lang=en');
    expect(chosen.body).toContain('<html lang="en">');
    expect(chosen.body).toContain('/cancel?lang=en"');
    expect(chosen.body).toContain('/checkout-sessions?lang=en"');
  });

  it('ignores what it does not understand in the address', async () => {
    const id = await seedEnrollment(test.db);
    for (const query of ['?lang=xx', '?lang=a&lang=b', '?checkout=../x', '?checkout=a&checkout=b', '?%']) {
      expect((await get(id, `/account${query}`)).statusCode).toBe(200);
    }
  });

  it('says what went wrong, when it is tried again, and how to mend it', async () => {
    const id = await seedEnrollment(test.db, { status: 'past_due' });
    await seedPaymentMethod(test.db, id);
    const chargeId = await seedCharge(test.db, id, {
      status: 'requires_payment_method',
      attempts: 1,
      next_attempt_at: '2099-11-24T01:00:00.000Z',
    });
    await seedNotification(test.db, id, 'charge_failed', { reason: 'insufficient_funds' }, { chargeId });
    const { body } = await get(id, '/account');
    const text = mentioned(body);
    expect(text).toContain('Your payment of ¥1,980 did not go through');
    expect(text).toContain('There was not enough money available for it.');
    expect(text).toContain('We will try again by ourselves on November 24, 2099 at 10:00 AM GMT+9.');
    expect(body).toMatch(/<form method="post" action="[^"]+\/checkout-sessions">/);
    expect(body).not.toContain('<noscript>');
  });

  it('says that the saved payment method was removed, and how to save another', async () => {
    const id = await seedEnrollment(test.db, {
      next_charge_at: '2099-12-23T01:00:00.000Z',
      next_charge_amount_minor: 1980,
    });
    await seedPaymentMethod(test.db, id, { detached_at: daysAhead(0) });
    const { body } = await get(id, '/account');
    const text = mentioned(body);
    expect(text).toContain('Your payment method can no longer be charged');
    expect(text).toContain('Visa ending in 4242 No longer usable');
    expect(text).not.toContain('nothing you need to do');
    expect(body).toContain('id="renew-method"');
  });

  it.each([
    ['once', [2200], '¥2,200 every month. Changed on November 23, 2026; before it was ¥1,980.'],
    ['twice', [2200, 2500], '¥2,500 every month. Changed on November 24, 2026; before it was ¥2,200.'],
    ['and back', [2200, 1980], '¥1,980 every month. Changed on November 24, 2026; before it was ¥2,200.'],
    ['to the same', [2200, 2200], '¥2,200 every month. Changed on November 23, 2026; before it was ¥1,980.'],
    ['to what it was', [1980], '¥1,980 every month. Goes on until you cancel.'],
  ])('says what an amount that was changed %s is, since when, and what it was before', async (...row) => {
    const [, amounts, expected] = row;
    const id = await seedEnrollment(test.db);
    for (const [index, amount_minor] of amounts.entries()) {
      const at = `2026-11-${23 + index}T01:00:00.000Z`;
      await seedFact(test.db, id, { what: 'schedule.amount_changed', at, details: { amount_minor } });
    }
    expect(mentioned((await get(id, '/account')).body)).toContain(expected);
  });

  it('reloads itself without script only while something is under way', async () => {
    const id = await seedEnrollment(test.db, {
      next_charge_at: daysAhead(-0.0001),
      next_charge_amount_minor: 1980,
    });
    expect((await get(id, '/account')).body).toContain('<noscript><meta http-equiv="refresh" content="5">');
  });

  it('shows hostile texts as texts', async () => {
    const hostile = `"><script>alert(1)</script>{{ merchant }}`;
    const id = await seedEnrollment(test.db, { description: hostile });
    await seedCharge(test.db, id, { description: hostile });
    await seedNotification(test.db, id, 'charge_failed', { description: hostile });
    const { body } = await get(id, '/account');
    expect(body).not.toContain('<script>');
    expect(body).toContain('&lt;script&gt;alert(1)&lt;/script&gt;{{ merchant }}');
  });

  it('links back to the company with the id added, only to an origin that is allowed', async () => {
    const link = async (returnUrl: string) => {
      const id = await seedEnrollment(test.db, { return_url: returnUrl });
      const found = /<a class="button" href="([^"]+)">Back to/.exec((await get(id, '/account')).body)?.[1];
      return { id, found };
    };
    const good = await link('https://shop.example/thanks?order=7');
    expect(good.found).toBe(`https://shop.example/thanks?order=7&amp;enrollment=${good.id}`);
    for (const url of ['https://evil.example/', 'javascript:alert(1)', 'https://shop.example.evil/', 'x']) {
      expect((await link(url)).found).toBeUndefined();
    }
  });

  it('shows every charge that is not settled, however many came after it', async () => {
    const id = await seedEnrollment(test.db, { status: 'past_due' });
    await seedCharge(test.db, id, { number: 1, status: 'requires_payment_method', amount_minor: 777 });
    for (let number = 2; number <= 65; number++) {
      await seedCharge(test.db, id, { number });
    }
    const text = mentioned((await get(id, '/account')).body);
    expect(text).toContain('Your payment of ¥777 did not go through');
    expect(text).toContain('The newest 60 are shown.');
    expect(text).toContain('Payment 65');
    expect(text).not.toContain('Payment 6 ');
  });

  it('shows nothing of another enrollment', async () => {
    const other = await seedEnrollment(test.db, { description: 'Secret society' });
    await seedCharge(test.db, other, { amount_minor: 98_765 });
    const session = await seedCheckoutSession(test.db, other, { status: 'complete' });
    const id = await seedEnrollment(test.db);
    const { body } = await get(id, `/account?checkout=${session.id}`);
    expect(body).not.toMatch(/Secret society|98,765/);
    expect(body).not.toContain('Your payment method is saved');
  });
});

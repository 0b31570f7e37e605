import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApi, type TestApi } from './test-api.ts';

let api: TestApi;
let serial = 0;

const MONTHLY = {
  terms: {
    currency: 'jpy',
    schedule: { type: 'recurring', amount_minor: 980, interval: { unit: 'month' } },
  },
};

beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.close());

const enroll = (body: object | string) =>
  api.request('POST', '/v1/enrollments', { body, idempotencyKey: `key-${++serial}` });

describe('POST /v1/enrollments', () => {
  const schedule = MONTHLY.terms.schedule;
  const withSchedule = (more: object) => ({
    terms: { ...MONTHLY.terms, schedule: { ...schedule, ...more } },
  });
  const withTerms = (more: object) => ({ terms: { ...MONTHLY.terms, ...more } });
  const instalments = (more: object) => ({
    terms: { currency: 'jpy', schedule: { type: 'installments', interval: { unit: 'month' }, ...more } },
  });

  it.each<[string, object, string, RegExp]>([
    ['no terms', {}, 'terms', /got nothing/],
    ['an unknown field', { ...MONTHLY, plan: 'gold' }, 'plan', /unknown field/],
    ['an unknown field deep inside', withSchedule({ amount: 5 }), 'terms.schedule.amount', /unknown field/],
    ['an unknown currency', withTerms({ currency: 'xyz' }), 'terms.currency', /ISO 4217.*'xyz'/],
    ['a currency in capitals', withTerms({ currency: 'JPY' }), 'terms.currency', /lower case/],
    ['an amount of nothing', withSchedule({ amount_minor: 0 }), 'terms.schedule.amount_minor', /got '0'/],
    ['a negative amount', withSchedule({ amount_minor: -980 }), 'terms.schedule.amount_minor', /got '-980'/],
    ['half a yen', withSchedule({ amount_minor: 980.5 }), 'terms.schedule.amount_minor', /int.*'980.5'/],
    [
      'an amount as text',
      withSchedule({ amount_minor: '980' }),
      'terms.schedule.amount_minor',
      /number.*'980'/,
    ],
    [
      'an amount below what Stripe takes',
      withSchedule({ amount_minor: 49 }),
      'terms.schedule.amount_minor',
      /49 \(JPY 49\).*50 \(JPY 50\)/,
    ],
    [
      'an amount that Stripe cannot take',
      withSchedule({ amount_minor: 10_000_000_000 }),
      'terms.schedule.amount_minor',
      /above the most/,
    ],
    [
      'an unknown schedule',
      withTerms({ schedule: { type: 'lunar' } }),
      'terms.schedule.type',
      /once, installments/,
    ],
    ['no schedule type', withTerms({ schedule: {} }), 'terms.schedule.type', /once, installments/],
    [
      'an unknown unit',
      withSchedule({ interval: { unit: 'fortnight' } }),
      'terms.schedule.interval.unit',
      /'fortnight'/,
    ],
    [
      'minutes where they are off',
      withSchedule({ interval: { unit: 'minute' } }),
      'terms.schedule.interval.unit',
      /minute is switched off/,
    ],
    [
      'an interval of nothing',
      withSchedule({ interval: { unit: 'day', count: 0 } }),
      'terms.schedule.interval.count',
      /got '0'/,
    ],
    [
      'an interval of four years',
      withSchedule({ interval: { unit: 'year', count: 4 } }),
      'terms.schedule.interval.count',
      /4; expected.*3/,
    ],
    [
      'no such time zone',
      withSchedule({ time_zone: 'Mars/Olympus' }),
      'terms.schedule.time_zone',
      /IANA.*'Mars\/Olympus'/,
    ],
    ['an offset for a time zone', withSchedule({ time_zone: '+09:00' }), 'terms.schedule.time_zone', /IANA/],
    ['hour 24', withSchedule({ local_hour: 24 }), 'terms.schedule.local_hour', /got '24'/],
    [
      'a spread into the next day',
      withSchedule({ local_hour: 23, spread_minutes: 61 }),
      'terms.schedule.spread_minutes',
      /61; expected a whole number from 1 to 60/,
    ],
    [
      'a date without a time',
      withSchedule({ starts_at: '2027-01-31' }),
      'terms.schedule.starts_at',
      /ISO 8601.*'2027-01-31'/,
    ],
    [
      'a day that does not exist',
      withSchedule({ starts_at: '2027-02-30T00:00:00Z' }),
      'terms.schedule.starts_at',
      /ISO 8601/,
    ],
    [
      'a beginning of last year',
      withSchedule({ starts_at: '2025-01-15T00:00:00Z' }),
      'terms.schedule.starts_at',
      /'2025-01-15T00:00:00\.000Z' is past, it is \d{4}-.*Z now; expected an instant ahead, or nothing/,
    ],
    [
      'a single charge of last year',
      withTerms({ schedule: { type: 'once', amount_minor: 500, at: '2025-01-15T00:00:00Z' } }),
      'terms.schedule.at',
      /is past/,
    ],
    [
      'a year far away',
      withSchedule({ ends_at: '9999-12-31T23:59:59-23:59' }),
      'terms.schedule.ends_at',
      /2000 to 2199/,
    ],
    [
      'an end before the first charge',
      withSchedule({ ends_at: '2020-01-01T00:00:00Z' }),
      'terms.schedule.ends_at',
      /before the first charge/,
    ],
    [
      'nine retries',
      withTerms({ dunning: { retry_after_days: Array(9).fill(1) } }),
      'terms.dunning.retry_after_days',
      /8/,
    ],
    [
      'a retry at once',
      withTerms({ dunning: { retry_after_days: [0] } }),
      'terms.dunning.retry_after_days.0',
      /got '0'/,
    ],
    ['a deadline of no days', withTerms({ setup_deadline_days: 0 }), 'terms.setup_deadline_days', /got '0'/],
    [
      'instalments without amounts',
      instalments({}),
      'terms.schedule',
      /amounts_minor, or total_amount_minor with count/,
    ],
    [
      'instalments told twice',
      instalments({ amounts_minor: [500], total_amount_minor: 500, count: 1 }),
      'terms.schedule',
      /either/,
    ],
    ['a total without a count', instalments({ total_amount_minor: 500 }), 'terms.schedule', /either/],
    [
      'parts too small to charge',
      instalments({ total_amount_minor: 100, count: 12 }),
      'terms.schedule.total_amount_minor',
      /below the least/,
    ],
    [
      'an empty list of instalments',
      instalments({ amounts_minor: [] }),
      'terms.schedule.amounts_minor',
      />=1/,
    ],
    [
      'one instalment too small',
      instalments({ amounts_minor: [500, 1] }),
      'terms.schedule.amounts_minor.1',
      /below the least/,
    ],
    ['no e-mail address', { ...MONTHLY, customer: { email: 'jane' } }, 'customer.email', /e-mail.*'jane'/],
    [
      'a Stripe Customer and an e-mail',
      { ...MONTHLY, customer: { stripe_customer_id: 'cus_1', email: 'a@b.co' } },
      'customer',
      /either stripe_customer_id/,
    ],
    [
      'a Customer id of another form',
      { ...MONTHLY, customer: { stripe_customer_id: 'acct_1' } },
      'customer.stripe_customer_id',
      /cus_/,
    ],
    [
      'a name with NUL',
      { ...MONTHLY, customer: { name: 'a\u0000b' } },
      'customer.name',
      /control characters/,
    ],
    [
      'a name with a line break',
      { ...MONTHLY, customer: { name: 'a\nBcc: x' } },
      'customer.name',
      /control characters/,
    ],
    ['half a surrogate pair', { ...MONTHLY, description: '\ud800' }, 'description', /well-formed/],
    ['a description without end', { ...MONTHLY, description: 'x'.repeat(501) }, 'description', /500/],
    ['a language we do not speak', { ...MONTHLY, locale: 'tlh' }, 'locale', /'tlh'/],
    [
      'too many metadata keys',
      { ...MONTHLY, metadata: Object.fromEntries(Array.from({ length: 21 }, (_, i) => [`k${i}`, ''])) },
      'metadata',
      /20 keys/,
    ],
    ['a metadata key with brackets', { ...MONTHLY, metadata: { 'a[b]': '' } }, 'metadata.a[b]', /key/],
    ['metadata that is no text', { ...MONTHLY, metadata: { a: 5 } }, 'metadata.a', /string/],
    [
      'another site to return to',
      { ...MONTHLY, return_url: 'https://evil.example/' },
      'return_url',
      /origin.*ALLOWED_RETURN_ORIGINS/,
    ],
    [
      'a site that begins like ours',
      { ...MONTHLY, return_url: 'https://shop.example.com.evil.example/' },
      'return_url',
      /origin/,
    ],
    [
      'our site as a user name',
      { ...MONTHLY, return_url: 'https://shop.example.com@evil.example/' },
      'return_url',
      /origin/,
    ],
    [
      'a user name at our site',
      { ...MONTHLY, return_url: 'https://evil@shop.example.com/' },
      'return_url',
      /origin/,
    ],
    ['our site without TLS', { ...MONTHLY, return_url: 'http://shop.example.com/' }, 'return_url', /origin/],
    ['a script to return to', { ...MONTHLY, return_url: 'javascript:alert(1)' }, 'return_url', /http/],
  ])('refuses %s, naming the field and what was expected', async (_what, body, param, message) => {
    const reply = await enroll(body);
    expect(reply.status).toBe(400);
    expect(reply.body.error).toMatchObject({
      code: 'invalid_request',
      param,
      message: expect.stringMatching(message),
    });
    expect(reply.body.error.message.startsWith(param)).toBe(true);
    expect(api.asked).toHaveLength(0);
  });

  it('names every field that is wrong', async () => {
    const { body } = await enroll({ terms: { currency: 'xyz', schedule: { type: 'once' } }, locale: 5 });
    expect(body.error.issues.map(({ param }: { param: string }) => param)).toEqual([
      'terms.currency',
      'terms.schedule.amount_minor',
      'locale',
    ]);
    expect(body.error.message).toContain('and 2 more');
  });

  it('repeats no more of a value than a message needs', async () => {
    const { text } = await enroll({ ...MONTHLY, locale: 'x'.repeat(5_000) });
    expect(text.length).toBeLessThan(1_000);
  });

  it('takes minutes where they are allowed, and returns to its own address', async () => {
    const open = await startApi({ environment: { ALLOW_MINUTE_SCHEDULES: 'true' } });
    try {
      const { status } = await open.request('POST', '/v1/enrollments', {
        idempotencyKey: 'minutes',
        body: {
          ...withSchedule({ interval: { unit: 'minute', count: 1 } }),
          return_url: 'https://billing.example.com/anything',
        },
      });
      expect(status).toBe(201);
    } finally {
      await open.close();
    }
  });
});

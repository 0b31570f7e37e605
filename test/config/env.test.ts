import { describe, expect, it } from '@jest/globals';
import { readDatabaseUrl, readSettings } from '../../config/env.ts';
import { START_TO_CLOSE_MS } from '../../workflows/stripe-activities.ts';

const REQUIRED = {
  CUSTOMER_LINK_SECRETS: 'a-secret-of-thirty-two-characters-or-more',
  DATABASE_URL: 'postgres://billing:hunter2@localhost/billing',
  STRIPE_SECRET_KEY: 'sk_test_1234567890',
  STRIPE_WEBHOOK_SECRET: 'whsec_one, whsec_two',
  MAIL_URL: 'smtp://localhost:2525',
};

describe('readSettings', () => {
  it('fills in defaults and reads lists', () => {
    const settings = readSettings({ ...REQUIRED, API_PORT: '0', ALLOW_MINUTE_SCHEDULES: 'true' });
    expect(settings.API_PORT).toBe(0);
    expect(settings.ALLOW_MINUTE_SCHEDULES).toBe(true);
    expect(settings.STRIPE_WEBHOOK_SECRET).toEqual(['whsec_one', 'whsec_two']);
    expect(settings.ALLOWED_RETURN_ORIGINS).toEqual([]);
  });

  it('reports everything that is wrong at once', () => {
    const wrong = { ...REQUIRED, DATABASE_URL: undefined, API_PORT: '70000', LOG_LEVEL: 'loud' };
    expect(() => readSettings(wrong)).toThrow(/LOG_LEVEL: 'loud'.*API_PORT: '70000'.*DATABASE_URL: missing/s);
  });

  it.each([
    ['STRIPE_SECRET_KEY', 'pk_test_not_a_secret_key'],
    ['CUSTOMER_LINK_SECRETS', 'too-short-to-sign'],
    ['DATABASE_URL', 'mysql://root:hunter2@localhost/db'],
  ])('never repeats a wrong %s', (name, value) => {
    let message = '';
    try {
      readSettings({ ...REQUIRED, [name]: value });
    } catch (error) {
      message = String(error);
    }
    expect(message).toContain(`${name}: (not shown)`);
    expect(message).not.toContain(value);
  });

  const ADDRESS = 'expected an address that begins with http:// or https://, without user, query or fragment';
  const ORIGINS =
    'expected origins, e.g. https://shop.example.com, each without user, path, query or fragment';
  const CODEC_ORIGINS = ORIGINS.replace('shop', 'temporal');
  const SENDER = 'expected one address, e.g. billing@example.com or Billing <billing@example.com>';
  const SIGNING = 'expected signing secrets of webhook endpoints, whsec_…, separated by commas';

  it.each([
    ['PUBLIC_URL', 'billing.example.com:8443', ADDRESS],
    ['PUBLIC_URL', 'billing.example.com', ADDRESS],
    ['PUBLIC_URL', 'https:billing.example.com', ADDRESS],
    ['PUBLIC_URL', 'https://billing.example.com/?x=1#y', ADDRESS],
    ['PUBLIC_URL', 'https://billing.example.com/?', ADDRESS],
    ['PUBLIC_URL', 'https://billing.example.com/#', ADDRESS],
    ['TEMPORAL_UI_URL', 'localhost:8233', ADDRESS],
    ['STRIPE_API_URL', 'ftp://api.stripe.com', ADDRESS],
    ['STRIPE_API_URL', 'api.stripe.com', ADDRESS],
    ['STRIPE_API_URL', 'https://proxy.example.com/stripe', 'expected an address without a path'],
    ['API_TRUSTED_PROXIES', '10.0.0.0/8,10.1.1', 'expected IP addresses or CIDRs'],
    ['API_TRUSTED_PROXIES', '10.0.0.0/33', 'expected IP addresses or CIDRs'],
    ['ALLOWED_RETURN_ORIGINS', 'shop.example.com,*', ORIGINS],
    ['ALLOWED_RETURN_ORIGINS', 'https://shop.example.com,*', ORIGINS],
    ['ALLOWED_RETURN_ORIGINS', 'https://shop.example.com/thanks', ORIGINS],
    ['ALLOWED_RETURN_ORIGINS', 'https://shop.example.com//', ORIGINS],
    ['ALLOWED_RETURN_ORIGINS', 'https://shop.example.com/?', ORIGINS],
    ['ALLOWED_RETURN_ORIGINS', 'https://shop.example.com/#', ORIGINS],
    ['ALLOWED_RETURN_ORIGINS', 'shop.example.com:443', ORIGINS],
    ['ALLOWED_RETURN_ORIGINS', 'app://shop', ORIGINS],
    ['ALLOWED_RETURN_ORIGINS', 'ws://shop.example.com', ORIGINS],
    ['CODEC_ALLOWED_ORIGINS', 'https://temporal.example.com/ui', CODEC_ORIGINS],
    ['MAIL_FROM', 'abc', SENDER],
    ['MAIL_FROM', 'Billing <abc>', SENDER],
    ['MAIL_FROM', 'billing@', SENDER],
    ['MAIL_FROM', 'a@example.com, b@example.com', SENDER],
    ['MAIL_FROM', 'Billing: a@example.com;', SENDER],
  ])('refuses %s=%s, shows it, and says what it expected', (name, value, expected) => {
    expect(() => readSettings({ ...REQUIRED, [name]: value })).toThrow(`  ${name}: '${value}'; ${expected}`);
  });

  it.each([
    ['STRIPE_WEBHOOK_SECRET', 'sk_live_1234567890', SIGNING],
    ['STRIPE_WEBHOOK_SECRET', 'nonsense', SIGNING],
    ['STRIPE_WEBHOOK_SECRET', 'whsec_one,nonsense', SIGNING],
    ['PUBLIC_URL', 'https://user:hunter2@billing.example.com', ADDRESS],
    ['PUBLIC_URL', 'mailto:a@b', ADDRESS],
    ['ALLOWED_RETURN_ORIGINS', 'https://user:hunter2@shop.example.com', ORIGINS],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'ftp://user:hunter2@collector', ''],
  ])('refuses %s=%s without showing it', (name, value, expected) => {
    const read = () => readSettings({ ...REQUIRED, [name]: value });
    expect(read).toThrow(`  ${name}: (not shown); ${expected}`);
    expect(read).not.toThrow(value);
  });

  it.each([
    ['PUBLIC_URL', 'https://example.com/billing/'],
    ['PUBLIC_URL', 'http://[::1]:3000'],
    ['TEMPORAL_UI_URL', 'http://localhost:8233'],
    ['STRIPE_API_URL', 'http://stripe-stand-in.localhost:12111'],
    ['STRIPE_API_URL', 'http://[::1]:12111/'],
    ['API_TRUSTED_PROXIES', '10.0.0.0/8, ::1, fd00::/8, loopback'],
    ['ALLOWED_RETURN_ORIGINS', 'https://shop.example.com, http://127.0.0.1:4000'],
    ['STRIPE_WEBHOOK_SECRET', 'whsec_aB3+/=, whsec_two'],
    ['MAIL_FROM', 'billing@localhost'],
    ['MAIL_FROM', '"Kissa, Inc." <billing@example.com>'],
    ['MAIL_FROM', '喫茶 <billing@example.com>'],
  ])('takes %s=%s', (name, value) => {
    expect(readSettings({ ...REQUIRED, [name]: value })).toBeDefined();
  });

  describe.each(['sk_live_1234567890', 'rk_live_1234567890'])('with a live key, %s', (key) => {
    const OWN = { MAIL_FROM: 'Kissa <billing@kissa.jp>', MERCHANT_NAME: 'Kissa' };
    const LIVE = { ...REQUIRED, ...OWN, STRIPE_SECRET_KEY: key };
    const HTTPS = 'expected an address that begins with https://, since STRIPE_SECRET_KEY is a live key';

    it.each(['http://billing.example.com', 'http://127.0.0.1:3000', 'HTTP://localhost'])(
      'refuses PUBLIC_URL=%s',
      (address) => {
        expect(() => readSettings({ ...LIVE, PUBLIC_URL: address })).toThrow(
          `  PUBLIC_URL: '${address}'; ${HTTPS}`,
        );
      },
    );

    it('needs a PUBLIC_URL, and says so together with what else is wrong', () => {
      const message = new RegExp(`API_PORT: '70000'.*PUBLIC_URL: missing; ${HTTPS}`, 's');
      expect(() => readSettings({ ...LIVE, API_PORT: '70000' })).toThrow(message);
    });

    it.each([
      ['MAIL_FROM', undefined, 'missing; expected an address of your own'],
      ['MAIL_FROM', 'kissa@Example.com', "'kissa@Example.com'; expected an address of your own"],
      ['MERCHANT_NAME', undefined, 'missing; expected the name of your company'],
    ])('refuses %s=%s, which no customer knows', (name, value, said) => {
      const settings = { ...LIVE, PUBLIC_URL: 'https://billing.kissa.jp', [name]: value };
      expect(() => readSettings(settings)).toThrow(
        `wrong:\n  ${name}: ${said}, since STRIPE_SECRET_KEY is a live key`,
      );
      expect(readSettings({ ...settings, STRIPE_SECRET_KEY: 'sk_test_1' })).toBeDefined();
    });

    it('takes https://', () => {
      const PUBLIC_URL = 'HTTPS://billing.example.com';
      expect(readSettings({ ...LIVE, PUBLIC_URL }).PUBLIC_URL).toBe(PUBLIC_URL);
    });
  });

  it.each(['ALLOWED_RETURN_ORIGINS', 'CODEC_ALLOWED_ORIGINS'] as const)(
    'reads each of %s as browsers write it',
    (name) => {
      const given =
        'https://a.example.com/, https://b.example.com:443,HTTPS://C.Example.com, http://D:80/, http://e:4000';
      expect(readSettings({ ...REQUIRED, [name]: given })[name]).toEqual([
        'https://a.example.com',
        'https://b.example.com',
        'https://c.example.com',
        'http://d',
        'http://e:4000',
      ]);
    },
  );

  it('takes no time for a request to Stripe in which the Activity that makes it would be given up', () => {
    const within = (ms: number) => readSettings({ ...REQUIRED, STRIPE_TIMEOUT_MS: String(ms) });
    expect(() => within(START_TO_CLOSE_MS - 10_000)).toThrow('STRIPE_TIMEOUT_MS');
    expect(within(START_TO_CLOSE_MS - 15_000).STRIPE_TIMEOUT_MS).toBe(45_000);
  });

  it.each([
    ['TEMPORAL_API_KEY', 'key\n', 'key'],
    ['TEMPORAL_NAMESPACE', ' default', 'default'],
    ['PUBLIC_URL', 'https://billing.example.com\r\n', 'https://billing.example.com'],
    ['STRIPE_SECRET_KEY', 'sk_test_1234567890\n', 'sk_test_1234567890'],
    ['STRIPE_EVENT_SWEEP_SECONDS', ' ', 300],
    ['METRICS_PORT', '\n', 9464],
  ])('reads %s without the blanks and line breaks around it', (name, value, read) => {
    expect(readSettings({ ...REQUIRED, [name]: value })).toMatchObject({ [name]: read });
  });

  it('treats an empty setting as missing', () => {
    expect(() => readSettings({ ...REQUIRED, STRIPE_WEBHOOK_SECRET: '' })).toThrow(
      'STRIPE_WEBHOOK_SECRET: missing',
    );
    expect(() => readSettings({ ...REQUIRED, STRIPE_WEBHOOK_SECRET: ' , ' })).toThrow('at least one secret');
  });
});

describe('readDatabaseUrl', () => {
  it('needs no other setting', () => {
    expect(readDatabaseUrl({ DATABASE_URL: REQUIRED.DATABASE_URL })).toBe(REQUIRED.DATABASE_URL);
    expect(() => readDatabaseUrl({})).toThrow('DATABASE_URL: missing');
  });
});

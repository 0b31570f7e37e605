import { describe, expect, it } from '@jest/globals';
import { readDatabaseUrl, readSettings } from '../../config/env.ts';

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

/** What is made of an error of Stripe's: retried under the same key, or shown to a person. */
import { describe, expect, it } from '@jest/globals';
import { ApplicationFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { Stripe } from 'stripe';
import { failureOf, unusableMethod } from '../../activities/stripe-errors.ts';

/** As the package makes an error of what Stripe answers. */
function said(raw: object) {
  const body: Parameters<typeof Stripe.errors.StripeError.generate>[0] = Object.assign(
    { type: 'api_error', message: 'said by a test' } as const,
    raw,
  );
  return Stripe.errors.StripeError.generate(body);
}

function failure(raw: object): ApplicationFailure {
  const made = failureOf(said(raw), 'trying');
  expect(made).toBeInstanceOf(ApplicationFailure);
  return made as ApplicationFailure;
}

/** The delays of a thousand Activities that fail the same way at that try. */
function delaysOf(raw: object, attempt: number): Promise<number[]> {
  const environment = new MockActivityEnvironment({ attempt });
  return environment.run(async () =>
    Array.from({ length: 1_000 }, () => Number(failure(raw).nextRetryDelay)),
  );
}

describe('failureOf', () => {
  it('F6: retries a key that is still in use', () => {
    const raw = { type: 'idempotency_error', code: 'idempotency_key_in_use', statusCode: 409 };
    expect(failure(raw)).toMatchObject({ type: 'StripeOutcomeUnknown', nonRetryable: false });
  });

  it('F10: shows a key that was used for another request to a person, and never takes a new one', () => {
    const raw = { type: 'idempotency_error', statusCode: 400 };
    expect(failure(raw)).toMatchObject({ type: 'StripeIdempotencyMismatch', nonRetryable: true });
  });

  const limited = { type: 'rate_limit_error', statusCode: 429 };
  const inSeconds = (seconds: number) => new Date(Date.now() + seconds * 1_000).toUTCString();

  it.each([
    ['seconds', '7', 1, 7_000, 9_000],
    ['seconds, spread over more by the third try', '7', 3, 7_000, 15_000],
    ['less than a second', '0.5', 1, 500, 2_500],
    ['a date', inSeconds(60), 1, 50_000, 62_000],
    ['more than five minutes, which is not waited for', '86400', 1, 300_000, 302_000],
    ['a date in an hour', inSeconds(3_600), 1, 300_000, 302_000],
    ['nothing', '0', 1, 1_000, 3_000],
    ['less than nothing', '-5', 1, 1_000, 3_000],
    ['a date that has passed', inSeconds(-60), 1, 1_000, 3_000],
    ['what is neither', 'soon', 1, 1_000, 3_000],
  ])('F7: waits as long as Retry-After says: %s', async (_what, said, attempt, fromMs, toMs) => {
    const delays = await delaysOf({ ...limited, headers: { 'retry-after': said } }, attempt);
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(fromMs);
    expect(Math.max(...delays)).toBeLessThanOrEqual(toMs);
  });

  it.each([
    [1, undefined, 3_000],
    [2, undefined, 5_000],
    [3, undefined, 9_000],
    [5, undefined, 33_000],
    [2_000, undefined, 33_000],
    [1, 'false', 33_000],
    [1, 'true', 3_000],
  ])(
    'F7: spreads who were refused together, at try %i, Stripe-Should-Retry %s',
    async (attempt, said, toMs) => {
      const headers = said === undefined ? {} : { 'stripe-should-retry': said };
      const delays = await delaysOf({ ...limited, headers }, attempt);
      expect(Math.min(...delays)).toBeGreaterThanOrEqual(1_000);
      expect(Math.max(...delays)).toBeLessThanOrEqual(toMs);
      // A thousand of them, and in no twentieth of the time more than a tenth.
      const parts = Array<number>(21).fill(0);
      for (const delay of delays) {
        const part = Math.floor(((delay - 1_000) / (toMs - 1_000)) * 20);
        parts[part] = Number(parts[part]) + 1;
      }
      expect(Math.max(...parts)).toBeLessThan(100);
    },
  );

  it('waits as long as Retry-After says where the outcome is unknown too', () => {
    const raw = { statusCode: 503, headers: { 'retry-after': '9' } };
    expect(failure(raw)).toMatchObject({ type: 'StripeOutcomeUnknown', nextRetryDelay: 9_000 });
    expect(failure({ statusCode: 503 }).nextRetryDelay).toBeUndefined();
  });

  it.each([
    [{ type: 'invalid_request_error', statusCode: 400 }, 'StripeOutcomeUnknown', false],
    [{ type: 'idempotency_error', statusCode: 400 }, 'StripeIdempotencyMismatch', true],
  ])('repeats what Stripe asks to repeat, but never with another request: %o', (raw, type, nonRetryable) => {
    const headers = { 'stripe-should-retry': 'true' };
    expect(failure({ ...raw, headers })).toMatchObject({ type, nonRetryable });
  });

  it.each([
    ['F9', { type: 'authentication_error', statusCode: 401 }, 'StripeKeyRefused', true],
    ['F9', { type: 'invalid_request_error', statusCode: 400 }, 'StripeRequestRefused', true],
    ['F4', { type: 'api_error', statusCode: 500 }, 'StripeOutcomeUnknown', false],
  ] as const)('%s: %o', (_case, raw, type, nonRetryable) => {
    expect(failure(raw)).toMatchObject({ type, nonRetryable });
  });
});

describe('unusableMethod', () => {
  it.each([
    [{ code: 'resource_missing', param: 'payment_method' }, 'payment_method_unusable'],
    [{ code: 'payment_method_unexpected_state', param: 'payment_method' }, 'payment_method_unusable'],
    [{ param: 'payment_method' }, 'payment_method_unusable'],
    [{ code: 'payment_intent_mandate_invalid' }, 'payment_intent_mandate_invalid'],
    [{ code: 'payment_intent_mandate_invalid', param: 'mandate_data' }, 'payment_intent_mandate_invalid'],
    [{ code: 'india_recurring_payment_mandate_canceled' }, 'india_recurring_payment_mandate_canceled'],
    [{ code: 'payment_method_bank_account_blocked' }, 'payment_method_bank_account_blocked'],
    [{ code: 'resource_missing', param: 'customer' }, null],
    [{ code: 'parameter_unknown', param: 'payment_method' }, null],
    [{ code: 'toString' }, null],
    [{}, null],
  ])('reads a 400 with %o as %s', (raw, expected) => {
    expect(unusableMethod(said({ type: 'invalid_request_error', statusCode: 400, ...raw }))).toBe(expected);
  });

  it('leaves a decline and a fault what they are', () => {
    const code = 'payment_intent_mandate_invalid';
    expect(unusableMethod(said({ type: 'card_error', statusCode: 402, code }))).toBeNull();
    expect(unusableMethod(said({ type: 'api_error', statusCode: 500, code }))).toBeNull();
  });
});

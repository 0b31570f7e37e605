/** What is made of an error of Stripe's: retried under the same key, or shown to a person. */
import { describe, expect, it } from '@jest/globals';
import { ApplicationFailure } from '@temporalio/common';
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

describe('failureOf', () => {
  it('F6: retries a key that is still in use', () => {
    const raw = { type: 'idempotency_error', code: 'idempotency_key_in_use', statusCode: 409 };
    expect(failure(raw)).toMatchObject({ type: 'StripeOutcomeUnknown', nonRetryable: false });
  });

  it('F10: shows a key that was used for another request to a person, and never takes a new one', () => {
    const raw = { type: 'idempotency_error', statusCode: 400 };
    expect(failure(raw)).toMatchObject({ type: 'StripeIdempotencyMismatch', nonRetryable: true });
  });

  it('F7: waits as long as Retry-After says', () => {
    const raw = { type: 'rate_limit_error', statusCode: 429, headers: { 'retry-after': '7' } };
    expect(failure(raw)).toMatchObject({ type: 'StripeRateLimited', nextRetryDelay: 7_000 });
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

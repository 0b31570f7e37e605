/** What is made of an error of Stripe's: retried under the same key, or shown to a person. */
import { describe, expect, it } from '@jest/globals';
import { ApplicationFailure } from '@temporalio/common';
import { Stripe } from 'stripe';
import { failureOf } from '../../activities/stripe-errors.ts';

/** As the package makes an error of what Stripe answers. */
function failure(raw: object): ApplicationFailure {
  const said: Parameters<typeof Stripe.errors.StripeError.generate>[0] = Object.assign(
    { type: 'api_error', message: 'said by a test' } as const,
    raw,
  );
  const made = failureOf(Stripe.errors.StripeError.generate(said), 'trying');
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

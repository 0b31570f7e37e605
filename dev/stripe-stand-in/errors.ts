// Errors in Stripe's shape. Everything under /v1 throws these; only http/api.ts turns them into answers.
// A message never holds a full key or a card number.

import type Stripe from 'stripe';

export type ErrorType = 'api_error' | 'card_error' | 'idempotency_error' | 'invalid_request_error';

export interface ErrorBody {
  type: ErrorType;
  message: string;
  code?: string;
  decline_code?: string;
  advice_code?: string;
  network_advice_code?: string;
  network_decline_code?: string;
  param?: string;
  doc_url?: string;
  charge?: string;
  payment_intent?: Stripe.PaymentIntent;
  payment_method?: Stripe.PaymentMethod;
  setup_intent?: Stripe.SetupIntent;
}

/**
 * An answer that is not 2xx. `stored` says whether the idempotency layer keeps it as the answer for the key:
 * Stripe keeps what the endpoint answered once it began to execute, and forgets what was refused before that.
 */
export class StripeFailure extends Error {
  readonly status: number;
  readonly body: ErrorBody;
  readonly stored: boolean;

  constructor(status: number, body: ErrorBody, stored = true) {
    super(body.message);
    this.status = status;
    this.body = body.code === undefined ? body : { ...body, doc_url: docUrl(body.code) };
    this.stored = stored;
  }
}

export function docUrl(code: string): string {
  return `https://docs.stripe.com/error-codes/${code.replaceAll('_', '-')}`;
}

/** A parameter that is wrong by itself: refused before the endpoint executes, so the key stays unused. */
export function invalidParam(param: string, message: string, code?: string): StripeFailure {
  const body: ErrorBody = { type: 'invalid_request_error', message, param };
  return new StripeFailure(400, code === undefined ? body : { ...body, code }, false);
}

/** A request that its own parameters allow but the state of the objects does not. */
export function refused(message: string, extra: Partial<ErrorBody> = {}): StripeFailure {
  return new StripeFailure(400, { type: 'invalid_request_error', message, ...extra });
}

/** The object of the address does not exist: 404. `param` is the name Stripe gives the path's id. */
export function notFound(noun: string, id: string, param = 'id'): StripeFailure {
  return new StripeFailure(404, {
    type: 'invalid_request_error',
    code: 'resource_missing',
    message: `No such ${noun}: '${id}'`,
    param,
  });
}

/** An object named by a parameter does not exist: 400, not 404. */
export function missingParam(noun: string, id: string, param: string): StripeFailure {
  return refused(`No such ${noun}: '${id}'`, { code: 'resource_missing', param });
}

// Parameters and rules that PaymentIntents, SetupIntents and Checkout Sessions share.

import type Stripe from 'stripe';
import { invalidParam, refused, StripeFailure } from '../errors.ts';
import {
  array,
  boolean,
  ignored,
  object,
  oneOf,
  type Param,
  type Parsed,
  required,
  string,
  unsettable,
} from '../http/params.ts';

/** Refused with its own code since 2026-09-30: the types follow from the account's settings and a filter. */
export const removedMethodTypes: Param<never> = {
  read(_, name) {
    throw new StripeFailure(
      400,
      {
        type: 'invalid_request_error',
        code: 'payment_method_types_no_longer_supported',
        message:
          'The `payment_method_types` parameter is no longer supported. Use `allowed_payment_method_types` or ' +
          '`excluded_payment_method_types`, or manage payment methods in the Dashboard.',
        param: name,
      },
      false,
    );
  },
};

const typeList = array(string());
export const methodFilterShape = {
  allowed_payment_method_types: unsettable(typeList),
  excluded_payment_method_types: unsettable(typeList),
  payment_method_types: removedMethodTypes,
  payment_method_configuration: ignored,
};

export const automaticMethods = object({
  enabled: required(boolean),
  allow_redirects: oneOf('always', 'never'),
});

export const mandateData = unsettable(
  object({
    customer_acceptance: required(
      object({
        accepted_at: ignored,
        offline: ignored,
        online: object({ ip_address: string(), user_agent: string(), infer_from_client: boolean }),
        type: required(oneOf('online', 'offline')),
      }),
    ),
  }),
);

/** The types on offer: what the account has for the currency, cut by the filters. Throws when nothing is left. */
export function offeredTypes(
  currency: string | null,
  allowed: readonly string[] | null,
  excluded: readonly string[] | null,
): string[] {
  const account = ['card'];
  if (currency === null || currency === 'usd') account.push('us_bank_account');
  if (currency === null || currency === 'eur') account.push('sepa_debit');
  // By itself it is on no offer: Stripe wants to know of its mandate then.
  if (allowed?.includes('acss_debit') && (currency === 'cad' || currency === 'usd'))
    account.push('acss_debit');
  const offered = account.filter(
    (type) => (allowed?.includes(type) ?? true) && !(excluded?.includes(type) ?? false),
  );
  if (offered.length === 0) {
    throw invalidParam(
      allowed === null ? 'excluded_payment_method_types' : 'allowed_payment_method_types',
      'No valid payment method types for this request: none of the allowed types can be used with this currency.',
    );
  }
  return offered;
}

/**
 * With redirect methods on offer Stripe wants to know where the customer comes back to.
 * @param automatic null when the types were restricted instead
 */
export function requireReturnUrl(
  automatic: Stripe.PaymentIntent.AutomaticPaymentMethods | Stripe.SetupIntent.AutomaticPaymentMethods | null,
  returnUrl: string | null,
  intentNoun: string,
): void {
  if (returnUrl !== null || automatic === null || !automatic.enabled || automatic.allow_redirects === 'never')
    return;
  throw refused(
    `This ${intentNoun} is configured to accept payment methods enabled in your Dashboard. Because some of these ` +
      'payment methods might redirect your customer off of your page, you must provide a `return_url`. If you ' +
      "don't want to accept redirect-based payment methods, set `automatic_payment_methods[enabled]` to `true` and " +
      '`automatic_payment_methods[allow_redirects]` to `never` when creating Setup Intents and Payment Intents.',
    { param: 'return_url' },
  );
}

/** What `automatic_payment_methods` of a new intent reads as: on, unless the types were restricted. */
export function automaticOf(
  asked:
    | Parsed<{ enabled: ReturnType<typeof required<boolean>>; allow_redirects: Param<'always' | 'never'> }>
    | undefined,
  restricted: boolean,
): Stripe.PaymentIntent.AutomaticPaymentMethods | null {
  if (asked !== undefined) {
    return asked.enabled ? { allow_redirects: asked.allow_redirects ?? 'always', enabled: true } : null;
  }
  return restricted ? null : { allow_redirects: 'always', enabled: true };
}

/** A PaymentMethod whose type the intent does not offer. */
export function refuseType(types: readonly string[], method: Stripe.PaymentMethod, noun: string): void {
  if (types.includes(method.type)) return;
  throw refused(
    `The PaymentMethod provided (${method.type}) is not allowed for this ${noun}. Please attempt with a different ` +
      `PaymentMethod. Allowed types: ${types.join(', ')}.`,
    { param: 'payment_method' },
  );
}

export function unexpectedState(
  message: string,
  intent: Stripe.PaymentIntent | Stripe.SetupIntent,
): StripeFailure {
  return intent.object === 'payment_intent'
    ? refused(message, { code: 'payment_intent_unexpected_state', payment_intent: intent })
    : refused(message, { code: 'setup_intent_unexpected_state', setup_intent: intent });
}

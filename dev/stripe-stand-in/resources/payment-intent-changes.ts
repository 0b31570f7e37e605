// Creating and changing PaymentIntents: checks what a request asks for against the objects it names.
// Confirming, capturing and canceling are in payments/.

import type Stripe from 'stripe';
import { amountRefusal } from '../data/currencies.ts';
import { invalidParam, missingParam, notFound, refused } from '../errors.ts';
import { changeMetadata } from '../http/metadata.ts';
import type { Parsed } from '../http/params.ts';
import { buildPaymentIntent } from '../objects/intents.ts';
import { CONFIRMABLE, checkPayment, confirmPayment } from '../payments/confirm.ts';
import type { World } from '../store/world.ts';
import { emit, type Turn } from '../turn.ts';
import { automaticOf, offeredTypes, refuseType, unexpectedState } from './intent-params.ts';
import { customerParam, usableMethod } from './lookups.ts';
import type { changeShape, confirmOnly, createShape } from './payment-intent-params.ts';
import { addMethod, type methodDataShape } from './payment-methods.ts';
import { type shipping, toAddress } from './shared-params.ts';

export function requirePaymentIntent(world: World, id: string): Stripe.PaymentIntent {
  const intent = world.paymentIntents.get(id);
  if (intent === undefined) throw notFound('payment_intent', id, 'intent');
  return intent;
}

const NEED_CONFIRM = [
  'off_session',
  'error_on_requires_action',
  'return_url',
  'mandate',
  'mandate_data',
] as const;

function refuseWithoutConfirm(params: Parsed<typeof createShape>): void {
  for (const name of NEED_CONFIRM) {
    if (params[name] === undefined) continue;
    throw invalidParam(name, `The parameter \`${name}\` can only be used when \`confirm\` is set to true.`);
  }
}

export function paymentMethodOf(
  turn: Turn,
  params: {
    payment_method?: string | null | undefined;
    payment_method_data?: Parsed<typeof methodDataShape> | undefined;
  },
  customer: string | null,
): Stripe.PaymentMethod | null | undefined {
  if (params.payment_method_data !== undefined)
    return addMethod(turn, params.payment_method_data, 'payment_method_data');
  if (params.payment_method === undefined || params.payment_method === null) return params.payment_method;
  return usableMethod(turn, params.payment_method, customer);
}

function toShipping(input: NonNullable<ReturnType<typeof shipping.read>>): Stripe.PaymentIntent.Shipping {
  return {
    ...(input.address === undefined ? {} : { address: toAddress(input.address) }),
    carrier: input.carrier ?? null,
    ...(input.name === undefined ? {} : { name: input.name }),
    phone: input.phone ?? null,
    tracking_number: input.tracking_number ?? null,
  };
}

export function createPaymentIntent(turn: Turn, params: Parsed<typeof createShape>): Stripe.PaymentIntent {
  const { world } = turn;
  const tooSmallOrLarge = amountRefusal(params.amount, params.currency);
  if (tooSmallOrLarge !== null) throw tooSmallOrLarge;
  if (params.confirm !== true) refuseWithoutConfirm(params);
  if (params.on_behalf_of !== undefined) throw missingParam('account', params.on_behalf_of, 'on_behalf_of');
  const customer = params.customer === undefined ? null : customerParam(world, params.customer).id;
  const allowed = params.allowed_payment_method_types ?? null;
  const excluded = params.excluded_payment_method_types ?? null;
  const types = offeredTypes(params.currency, allowed, excluded);
  const method = paymentMethodOf(turn, params, customer) ?? null;
  if (method !== null) refuseType(types, method, 'PaymentIntent');
  if (params.mandate !== undefined && world.mandates.get(params.mandate) === undefined) {
    throw missingParam('mandate', params.mandate, 'mandate');
  }
  const card = params.payment_method_options?.card;
  const intent = buildPaymentIntent({
    created: world.clock.now(),
    livemode: world.livemode,
    amount: params.amount,
    currency: params.currency,
    customer,
    description: params.description ?? null,
    metadata: changeMetadata(null, params.metadata),
    paymentMethod: method?.id ?? null,
    paymentMethodTypes: types,
    allowed,
    automatic: automaticOf(params.automatic_payment_methods, allowed !== null),
    captureMethod: card?.capture_method ?? params.capture_method ?? 'automatic_async',
    confirmationMethod: params.confirmation_method ?? 'automatic',
    receiptEmail: params.receipt_email ?? null,
    setupFutureUsage: params.setup_future_usage ?? null,
    shipping: params.shipping ? toShipping(params.shipping) : null,
    statementDescriptor: params.statement_descriptor ?? null,
    statementDescriptorSuffix: params.statement_descriptor_suffix ?? null,
    transferGroup: params.transfer_group ?? null,
    requestThreeDSecure: card?.request_three_d_secure ?? 'automatic',
  });
  intent.excluded_payment_method_types = excluded;
  const confirm = params.confirm === true ? { paymentMethod: method, ...confirmationOf(params) } : null;
  if (confirm !== null && method !== null) checkPayment(turn, intent, confirm);
  world.paymentIntents.insert(intent);
  emit(turn, 'payment_intent.created', intent);
  if (confirm !== null) confirmPayment(turn, intent, confirm);
  return intent;
}

type ConfirmParams = Parsed<typeof confirmOnly>;

export function confirmationOf(params: ConfirmParams) {
  return {
    offSession: params.off_session !== undefined && params.off_session !== false,
    returnUrl: params.return_url ?? null,
    errorOnRequiresAction: params.error_on_requires_action ?? false,
    mandateAgreed: params.mandate_data != null,
    mandate: params.mandate ?? null,
    byScript: params.use_stripe_sdk ?? false,
  };
}

/** What an update or a confirm changes. Everything but metadata and description is for payments that are not over. */
export function changePaymentIntent(
  turn: Turn,
  intent: Stripe.PaymentIntent,
  params: Partial<Parsed<typeof changeShape>>,
): void {
  const { world } = turn;
  const open = CONFIRMABLE.includes(intent.status);
  const harmless = [
    'metadata',
    'description',
    'receipt_email',
    'shipping',
    'transfer_group',
    'payment_details',
  ];
  if (!open && Object.keys(params).some((name) => !harmless.includes(name))) {
    throw unexpectedState(
      `This PaymentIntent's ${Object.keys(params).find((name) => !harmless.includes(name))} could not be updated ` +
        `because it has a status of ${intent.status}. You may only update it while it has one of the following ` +
        'statuses: requires_payment_method, requires_confirmation, requires_action.',
      intent,
    );
  }
  const nextCurrency = params.currency ?? intent.currency;
  if (params.amount !== undefined || params.currency !== undefined) {
    const refusal = amountRefusal(params.amount ?? intent.amount, nextCurrency);
    if (refusal !== null) throw refusal;
  }
  const customer = changedCustomer(world, intent, params.customer);
  const method = paymentMethodOf(turn, params, customer);
  const filter = changedFilter(intent, nextCurrency, params);
  if (method) refuseType(filter.payment_method_types, method, 'PaymentIntent');
  const threeDs = params.payment_method_options?.card?.request_three_d_secure;
  const { card } = intent.payment_method_options ?? {};
  world.paymentIntents.update(intent, {
    ...(params.amount === undefined ? {} : { amount: params.amount }),
    currency: nextCurrency,
    ...filter,
    customer,
    ...(params.description === undefined ? {} : { description: params.description }),
    ...(params.metadata === undefined ? {} : { metadata: changeMetadata(intent.metadata, params.metadata) }),
    ...(params.receipt_email === undefined ? {} : { receipt_email: params.receipt_email }),
    ...(params.setup_future_usage === undefined ? {} : { setup_future_usage: params.setup_future_usage }),
    ...(params.shipping === undefined ? {} : { shipping: params.shipping && toShipping(params.shipping) }),
    ...(params.statement_descriptor === undefined
      ? {}
      : { statement_descriptor: params.statement_descriptor }),
    ...(params.statement_descriptor_suffix === undefined
      ? {}
      : { statement_descriptor_suffix: params.statement_descriptor_suffix }),
    ...(params.transfer_group === undefined ? {} : { transfer_group: params.transfer_group }),
    ...(threeDs === undefined || card === undefined
      ? {}
      : {
          payment_method_options: {
            ...intent.payment_method_options,
            card: { ...card, request_three_d_secure: threeDs },
          },
        }),
    ...(method === undefined
      ? {}
      : {
          payment_method: method?.id ?? null,
          status: method === null ? 'requires_payment_method' : 'requires_confirmation',
          next_action: null,
        }),
    last_payment_error: null,
  });
}

/** The types that are offered from now on: a new list of those allowed or excluded takes the place of the one before. */
function changedFilter(
  intent: Stripe.PaymentIntent,
  currency: string,
  params: Partial<Parsed<typeof changeShape>>,
) {
  const { allowed_payment_method_types: allowed, excluded_payment_method_types: excluded } = params;
  if (allowed === undefined && excluded === undefined) {
    return { payment_method_types: intent.payment_method_types };
  }
  const wanted = allowed === undefined ? intent.allowed_payment_method_types : allowed;
  const unwanted = excluded === undefined ? intent.excluded_payment_method_types : excluded;
  return {
    allowed_payment_method_types: wanted,
    excluded_payment_method_types: unwanted,
    payment_method_types: offeredTypes(currency, wanted, unwanted),
  };
}

function changedCustomer(
  world: World,
  intent: Stripe.PaymentIntent,
  wanted: string | undefined,
): string | null {
  const now = typeof intent.customer === 'string' ? intent.customer : null;
  if (wanted === undefined || wanted === now) return now;
  if (now !== null) {
    throw refused(
      'You cannot modify `customer` on a PaymentIntent once it already has been set. To fulfill a payment with a ' +
        'different Customer, cancel this PaymentIntent and create a new one.',
      { param: 'customer' },
    );
  }
  return customerParam(world, wanted).id;
}

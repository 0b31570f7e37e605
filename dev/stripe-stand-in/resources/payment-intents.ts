// /v1/payment_intents: create, retrieve, update, confirm, capture, cancel, list. Search is in search.ts.

import type Stripe from 'stripe';
import { amountRefusal } from '../data/currencies.ts';
import { invalidParam, missingParam, notFound, refused } from '../errors.ts';
import { listOf, pagingByTime, within } from '../http/list.ts';
import { changeMetadata, metadata } from '../http/metadata.ts';
import {
  boolean,
  either,
  ignored,
  integer,
  notHere,
  object,
  oneOf,
  type Parsed,
  required,
  string,
  unsettable,
} from '../http/params.ts';
import { type Route, route } from '../http/routes.ts';
import { buildPaymentIntent } from '../objects/intents.ts';
import { cancelPayment } from '../payments/cancel.ts';
import { capturePayment } from '../payments/capture.ts';
import { checkPayment, confirmPayment } from '../payments/confirm.ts';
import type { World } from '../store/world.ts';
import { emit, type Turn } from '../turn.ts';
import {
  automaticMethods,
  automaticOf,
  mandateData,
  methodFilterShape,
  offeredTypes,
  refuseType,
  unexpectedState,
} from './intent-params.ts';
import { customerParam, usableMethod } from './lookups.ts';
import { addMethod, methodDataShape } from './payment-methods.ts';
import { currency, email, shipping, toAddress, url } from './shared-params.ts';

const suffix = unsettable(string({ max: 22 }));
const methodOptions = object({
  card: object({
    capture_method: oneOf('manual'),
    request_three_d_secure: oneOf('any', 'automatic', 'challenge'),
    setup_future_usage: oneOf('none', 'off_session', 'on_session'),
    cvc_token: notHere,
    installments: notHere,
    mandate_options: notHere,
    moto: ignored,
    network: ignored,
    request_extended_authorization: notHere,
    request_incremental_authorization: notHere,
    request_multicapture: notHere,
    request_overcapture: notHere,
    require_cvc_recollection: ignored,
    statement_descriptor_suffix_kana: ignored,
    statement_descriptor_suffix_kanji: ignored,
    three_d_secure: notHere,
  }),
  us_bank_account: ignored,
  sepa_debit: ignored,
  link: ignored,
});
const confirmOnly = {
  error_on_requires_action: boolean,
  mandate: string(),
  mandate_data: mandateData,
  off_session: either(boolean, oneOf('one_off', 'recurring')),
  return_url: url,
  use_stripe_sdk: boolean,
  confirmation_token: notHere,
};
const methodShape = {
  payment_method: unsettable(string()),
  payment_method_data: object(methodDataShape),
  payment_method_options: methodOptions,
  receipt_email: unsettable(email),
  setup_future_usage: unsettable(oneOf('off_session', 'on_session')),
  shipping: unsettable(shipping),
};
const changeShape = {
  ...methodFilterShape,
  ...methodShape,
  amount: integer({ min: 1 }),
  amount_details: notHere,
  application_fee_amount: notHere,
  currency,
  customer: string(),
  description: unsettable(string()),
  hooks: notHere,
  metadata,
  payment_details: notHere,
  statement_descriptor: unsettable(string({ max: 22 })),
  statement_descriptor_suffix: suffix,
  transfer_data: notHere,
  transfer_group: string(),
};
const createShape = {
  ...changeShape,
  ...confirmOnly,
  amount: required(integer({ min: 1 })),
  currency: required(currency),
  automatic_payment_methods: automaticMethods,
  capture_method: oneOf('automatic', 'automatic_async', 'manual'),
  confirm: boolean,
  confirmation_method: oneOf('automatic', 'manual'),
  on_behalf_of: string(),
  radar_options: ignored,
};

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

function methodOf(
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

function create(turn: Turn, params: Parsed<typeof createShape>): Stripe.PaymentIntent {
  const { world } = turn;
  const tooSmallOrLarge = amountRefusal(params.amount, params.currency);
  if (tooSmallOrLarge !== null) throw tooSmallOrLarge;
  if (params.confirm !== true) refuseWithoutConfirm(params);
  if (params.on_behalf_of !== undefined) throw missingParam('account', params.on_behalf_of, 'on_behalf_of');
  const customer = params.customer === undefined ? null : customerParam(world, params.customer).id;
  const allowed = params.allowed_payment_method_types ?? null;
  const excluded = params.excluded_payment_method_types ?? null;
  const types = offeredTypes(params.currency, allowed, excluded);
  const method = methodOf(turn, params, customer) ?? null;
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
  const confirm = params.confirm === true ? { paymentMethod: method, ...confirmation(params) } : null;
  if (confirm !== null && method !== null) checkPayment(turn, intent, confirm);
  world.paymentIntents.insert(intent);
  emit(turn, 'payment_intent.created', intent);
  if (confirm !== null) confirmPayment(turn, intent, confirm);
  return intent;
}

type ConfirmParams = Parsed<typeof confirmOnly>;

function confirmation(params: ConfirmParams) {
  return {
    offSession: params.off_session !== undefined && params.off_session !== false,
    returnUrl: params.return_url ?? null,
    errorOnRequiresAction: params.error_on_requires_action ?? false,
    mandateAgreed: params.mandate_data != null,
    byScript: params.use_stripe_sdk ?? false,
  };
}

/** What an update or a confirm changes. Everything but metadata and description is for payments that are not over. */
function change(turn: Turn, intent: Stripe.PaymentIntent, params: Partial<Parsed<typeof changeShape>>): void {
  const { world } = turn;
  const open = ['requires_payment_method', 'requires_confirmation', 'requires_action'].includes(
    intent.status,
  );
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
  const method = methodOf(turn, params, customer);
  if (method) refuseType(intent.payment_method_types, method, 'PaymentIntent');
  const threeDs = params.payment_method_options?.card?.request_three_d_secure;
  const { card } = intent.payment_method_options ?? {};
  world.paymentIntents.update(intent, {
    ...(params.amount === undefined ? {} : { amount: params.amount }),
    currency: nextCurrency,
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

function changedCustomer(
  world: World,
  intent: Stripe.PaymentIntent,
  wanted: string | undefined,
): string | null {
  const now = typeof intent.customer === 'string' ? intent.customer : null;
  if (wanted === undefined || wanted === now) return now;
  if (now !== null) {
    throw refused('The customer of a PaymentIntent cannot be changed once it is set.', { param: 'customer' });
  }
  return customerParam(world, wanted).id;
}

export const paymentIntentRoutes: Route[] = [
  route('POST', '/v1/payment_intents', createShape, create),

  route(
    'GET',
    '/v1/payment_intents',
    { ...pagingByTime, customer: string(), customer_account: ignored },
    (turn, params) =>
      listOf(
        turn.world.paymentIntents,
        params,
        '/v1/payment_intents',
        'payment_intent',
        (intent) =>
          (params.customer === undefined || intent.customer === params.customer) &&
          within(intent.created, params.created),
      ),
  ),

  route('GET', '/v1/payment_intents/:id', { client_secret: string() }, (turn, _, id) =>
    requirePaymentIntent(turn.world, id),
  ),

  route('POST', '/v1/payment_intents/:id', changeShape, (turn, params, id) => {
    const intent = requirePaymentIntent(turn.world, id);
    change(turn, intent, params);
    return intent;
  }),

  route(
    'POST',
    '/v1/payment_intents/:id/confirm',
    {
      ...methodShape,
      ...confirmOnly,
      allowed_payment_method_types: methodFilterShape.allowed_payment_method_types,
      excluded_payment_method_types: methodFilterShape.excluded_payment_method_types,
      payment_method_types: methodFilterShape.payment_method_types,
      amount_details: notHere,
      amount_to_confirm: notHere,
      capture_method: oneOf('automatic', 'automatic_async', 'manual'),
      client_secret: string(),
      hooks: notHere,
      payment_details: notHere,
      radar_options: ignored,
    },
    (turn, params, id) => {
      const intent = requirePaymentIntent(turn.world, id);
      const customer = typeof intent.customer === 'string' ? intent.customer : null;
      const method = methodOf(turn, params, customer) ?? null;
      const open = ['requires_payment_method', 'requires_confirmation', 'requires_action'].includes(
        intent.status,
      );
      if (open) {
        const { receipt_email, setup_future_usage, shipping: ship, payment_method_options } = params;
        change(turn, intent, {
          ...(receipt_email === undefined ? {} : { receipt_email }),
          ...(setup_future_usage === undefined ? {} : { setup_future_usage }),
          ...(ship === undefined ? {} : { shipping: ship }),
          ...(payment_method_options === undefined ? {} : { payment_method_options }),
        });
        if (params.capture_method !== undefined) {
          turn.world.paymentIntents.update(intent, { capture_method: params.capture_method });
        }
      }
      confirmPayment(turn, intent, { paymentMethod: method, ...confirmation(params) });
      return intent;
    },
  ),

  route(
    'POST',
    '/v1/payment_intents/:id/capture',
    {
      amount_details: notHere,
      amount_to_capture: integer({ min: 1 }),
      application_fee_amount: notHere,
      final_capture: boolean,
      hooks: notHere,
      metadata,
      payment_details: notHere,
      statement_descriptor: notHere,
      statement_descriptor_suffix: suffix,
      transfer_data: notHere,
    },
    (turn, params, id) => {
      const intent = requirePaymentIntent(turn.world, id);
      capturePayment(turn, intent, params.amount_to_capture ?? null);
      return turn.world.paymentIntents.update(intent, {
        ...(params.metadata === undefined
          ? {}
          : { metadata: changeMetadata(intent.metadata, params.metadata) }),
        ...(params.statement_descriptor_suffix === undefined
          ? {}
          : { statement_descriptor_suffix: params.statement_descriptor_suffix }),
      });
    },
  ),

  route(
    'POST',
    '/v1/payment_intents/:id/cancel',
    { cancellation_reason: oneOf('duplicate', 'fraudulent', 'requested_by_customer', 'abandoned') },
    (turn, params, id) => {
      const intent = requirePaymentIntent(turn.world, id);
      cancelPayment(turn, intent, params.cancellation_reason ?? null);
      return intent;
    },
  ),
];

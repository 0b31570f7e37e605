// /v1/setup_intents and /v1/setup_attempts.

import type Stripe from 'stripe';
import { missingParam, notFound } from '../errors.ts';
import { listOf, pagingByTime, within } from '../http/list.ts';
import { changeMetadata, metadata } from '../http/metadata.ts';
import { boolean, ignored, notHere, object, oneOf, required, string, unsettable } from '../http/params.ts';
import { type Route, route } from '../http/routes.ts';
import { buildSetupIntent } from '../objects/intents.ts';
import { cancelSetup } from '../payments/cancel.ts';
import { checkSetup, confirmSetup } from '../payments/confirm.ts';
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
import { url } from './shared-params.ts';

const changeShape = {
  ...methodFilterShape,
  attach_to_self: notHere,
  customer: string(),
  description: unsettable(string()),
  flow_directions: notHere,
  metadata,
  payment_method: unsettable(string()),
  payment_method_data: object(methodDataShape),
  payment_method_options: object({
    card: object({
      request_three_d_secure: oneOf('any', 'automatic', 'challenge'),
      mandate_options: notHere,
      network: ignored,
      moto: boolean,
    }),
    us_bank_account: object({
      verification_method: oneOf('automatic', 'instant', 'microdeposits'),
      financial_connections: ignored,
      mandate_options: notHere,
      networks: ignored,
    }),
    sepa_debit: ignored,
  }),
};
const confirmShape = {
  confirmation_token: notHere,
  mandate_data: mandateData,
  return_url: url,
  use_stripe_sdk: boolean,
};

export function requireSetupIntent(world: World, id: string): Stripe.SetupIntent {
  const intent = world.setupIntents.get(id);
  if (intent === undefined) throw notFound('setupintent', id, 'intent');
  return intent;
}

/** The PaymentMethod of a request: named, or made from `payment_method_data`. */
function methodOf(
  turn: Turn,
  params: {
    payment_method?: string | null | undefined;
    payment_method_data?: Parameters<typeof addMethod>[1] | undefined;
  },
  customer: string | null,
): Stripe.PaymentMethod | null | undefined {
  if (params.payment_method_data !== undefined)
    return addMethod(turn, params.payment_method_data, 'payment_method_data');
  if (params.payment_method === undefined || params.payment_method === null) return params.payment_method;
  return usableMethod(turn, params.payment_method, customer);
}

type Options = {
  card?: { request_three_d_secure?: 'any' | 'automatic' | 'challenge' | undefined } | undefined;
};

function optionsOf(
  before: Stripe.SetupIntent,
  asked: Options | undefined,
): Stripe.SetupIntent.PaymentMethodOptions | null {
  const wanted = asked?.card?.request_three_d_secure;
  const { card } = before.payment_method_options ?? {};
  if (wanted === undefined || card === undefined) return before.payment_method_options;
  return { ...before.payment_method_options, card: { ...card, request_three_d_secure: wanted } };
}

export const setupIntentRoutes: Route[] = [
  route(
    'POST',
    '/v1/setup_intents',
    {
      ...changeShape,
      ...confirmShape,
      automatic_payment_methods: automaticMethods,
      confirm: boolean,
      on_behalf_of: string(),
      single_use: notHere,
      usage: oneOf('off_session', 'on_session'),
    },
    (turn, params) => {
      const { world } = turn;
      if (params.on_behalf_of !== undefined)
        throw missingParam('account', params.on_behalf_of, 'on_behalf_of');
      const customer = params.customer === undefined ? null : customerParam(world, params.customer).id;
      const types = offeredTypes(
        null,
        params.allowed_payment_method_types ?? null,
        params.excluded_payment_method_types ?? null,
      );
      const method = methodOf(turn, params, customer) ?? null;
      if (method !== null) refuseType(types, method, 'SetupIntent');
      const restricted = params.allowed_payment_method_types != null;
      const intent = buildSetupIntent({
        created: world.clock.now(),
        livemode: world.livemode,
        customer,
        description: params.description ?? null,
        metadata: changeMetadata(null, params.metadata),
        paymentMethod: method?.id ?? null,
        paymentMethodTypes: types,
        allowed: params.allowed_payment_method_types ?? null,
        automatic: automaticOf(params.automatic_payment_methods, restricted),
        usage: params.usage ?? 'off_session',
      });
      intent.excluded_payment_method_types = params.excluded_payment_method_types ?? null;
      intent.payment_method_options = optionsOf(intent, params.payment_method_options);
      const confirm =
        params.confirm === true
          ? {
              paymentMethod: method,
              returnUrl: params.return_url ?? null,
              byScript: params.use_stripe_sdk ?? false,
            }
          : null;
      if (confirm !== null && method !== null) checkSetup(turn, intent, confirm);
      world.setupIntents.insert(intent);
      emit(turn, 'setup_intent.created', intent);
      if (confirm !== null) confirmSetup(turn, intent, confirm);
      return intent;
    },
  ),

  route(
    'GET',
    '/v1/setup_intents',
    { ...pagingByTime, attach_to_self: notHere, customer: string(), payment_method: string() },
    (turn, params) =>
      listOf(
        turn.world.setupIntents,
        params,
        '/v1/setup_intents',
        'setupintent',
        (intent) =>
          (params.customer === undefined || intent.customer === params.customer) &&
          (params.payment_method === undefined || intent.payment_method === params.payment_method) &&
          within(intent.created, params.created),
      ),
  ),

  route('GET', '/v1/setup_intents/:id', { client_secret: string() }, (turn, _, id) =>
    requireSetupIntent(turn.world, id),
  ),

  route('POST', '/v1/setup_intents/:id', changeShape, (turn, params, id) => {
    const { world } = turn;
    const intent = requireSetupIntent(world, id);
    if (!['requires_payment_method', 'requires_confirmation', 'requires_action'].includes(intent.status)) {
      const changes = Object.keys(params).filter((name) => !['metadata', 'description'].includes(name));
      if (changes.length > 0) {
        throw unexpectedState(
          `You cannot update this SetupIntent because it has a status of ${intent.status}.`,
          intent,
        );
      }
    }
    const customer =
      params.customer === undefined ? intent.customer : customerParam(world, params.customer).id;
    const method = methodOf(turn, params, typeof customer === 'string' ? customer : null);
    if (method) refuseType(intent.payment_method_types, method, 'SetupIntent');
    world.setupIntents.update(intent, {
      customer,
      ...(params.description === undefined ? {} : { description: params.description }),
      ...(params.metadata === undefined
        ? {}
        : { metadata: changeMetadata(intent.metadata, params.metadata) }),
      payment_method_options: optionsOf(intent, params.payment_method_options),
      ...(method === undefined
        ? {}
        : {
            payment_method: method?.id ?? null,
            status: method === null ? 'requires_payment_method' : 'requires_confirmation',
            next_action: null,
            last_setup_error: null,
          }),
    });
    return intent;
  }),

  route('POST', '/v1/setup_intents/:id/confirm', { ...changeShape, ...confirmShape }, (turn, params, id) => {
    const intent = requireSetupIntent(turn.world, id);
    const customer = typeof intent.customer === 'string' ? intent.customer : null;
    const method = methodOf(turn, params, customer);
    turn.world.setupIntents.update(intent, {
      payment_method_options: optionsOf(intent, params.payment_method_options),
    });
    confirmSetup(turn, intent, {
      paymentMethod: method ?? null,
      returnUrl: params.return_url ?? null,
      byScript: params.use_stripe_sdk ?? false,
    });
    return intent;
  }),

  route(
    'POST',
    '/v1/setup_intents/:id/cancel',
    { cancellation_reason: oneOf('abandoned', 'duplicate', 'requested_by_customer') },
    (turn, params, id) => {
      const intent = requireSetupIntent(turn.world, id);
      cancelSetup(turn, intent, params.cancellation_reason ?? null);
      return intent;
    },
  ),

  route('GET', '/v1/setup_attempts', { ...pagingByTime, setup_intent: required(string()) }, (turn, params) =>
    listOf(
      turn.world.setupAttempts,
      params,
      '/v1/setup_attempts',
      'setup_attempt',
      (attempt) => attempt.setup_intent === params.setup_intent && within(attempt.created, params.created),
    ),
  ),
];

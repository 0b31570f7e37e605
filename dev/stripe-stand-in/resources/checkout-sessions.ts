// /v1/checkout/sessions in setup mode: create, retrieve, update, list, expire.

import type Stripe from 'stripe';
import { invalidParam, missingParam, notFound, refused } from '../errors.ts';
import { listOf, pagingByTime, within } from '../http/list.ts';
import { changeMetadata, metadata } from '../http/metadata.ts';
import {
  boolean,
  ignored,
  integer,
  notHere,
  object,
  oneOf,
  type Param,
  type Parsed,
  required,
  string,
  unsettable,
} from '../http/params.ts';
import { type Route, route } from '../http/routes.ts';
import { buildSetupIntent } from '../objects/intents.ts';
import { buildSession, customerDetails } from '../objects/session.ts';
import { expireSession } from '../payments/checkout.ts';
import { changeNotes } from '../payments/notes.ts';
import type { World } from '../store/world.ts';
import { emit, type Turn } from '../turn.ts';
import { methodFilterShape, offeredTypes } from './intent-params.ts';
import { customerParam } from './lookups.ts';
import { currency, email, url } from './shared-params.ts';

const MIN_SECONDS = 30 * 60;
const MAX_SECONDS = 24 * 60 * 60;

const LOCALES = (
  'auto bg cs da de el en en-GB es es-419 et fi fil fr fr-CA hr hu id it ja ko lt lv ms mt nb nl pl pt pt-BR ro ru ' +
  'sk sl sv th tr vi zh zh-HK zh-TW'
).split(' ');

const note = unsettable(object({ message: required(string({ max: 1200 })) }));

/** A parameter that Stripe has, but not in setup mode. */
function notInSetup(reason: string): Param<never> {
  return {
    read(_, name) {
      throw invalidParam(name, `You can not pass \`${name}\` in \`setup\` mode: ${reason}.`);
    },
  };
}

const createShape = {
  ...methodFilterShape,
  adaptive_pricing: ignored,
  after_expiration: notHere,
  automatic_tax: notHere,
  billing_address_collection: oneOf('auto', 'required'),
  branding_settings: ignored,
  cancel_url: url,
  client_reference_id: string({ max: 200 }),
  consent_collection: object({
    payment_method_reuse_agreement: object({ position: required(oneOf('auto', 'hidden')) }),
    promotions: oneOf('auto', 'none'),
    terms_of_service: oneOf('none', 'required'),
  }),
  currency,
  custom_text: object({
    after_submit: note,
    shipping_address: note,
    submit: note,
    terms_of_service_acceptance: note,
  }),
  customer: string(),
  customer_creation: oneOf('always', 'if_required'),
  customer_email: email,
  customer_update: object({
    address: oneOf('auto', 'never'),
    name: oneOf('auto', 'never'),
    shipping: oneOf('auto', 'never'),
  }),
  expires_at: integer(),
  line_items: notInSetup('nothing is sold'),
  locale: oneOf(...LOCALES),
  metadata,
  mode: required(oneOf('payment', 'setup', 'subscription')),
  name_collection: notHere,
  origin_context: oneOf('mobile_app', 'web'),
  payment_intent_data: notInSetup('it belongs to `payment` mode'),
  payment_method_collection: notInSetup('it belongs to `subscription` mode'),
  payment_method_data: notHere,
  payment_method_options: object({
    card: object({ request_three_d_secure: oneOf('any', 'automatic', 'challenge') }),
    us_bank_account: ignored,
    sepa_debit: ignored,
  }),
  permissions: ignored,
  phone_number_collection: object({ enabled: required(boolean) }),
  redirect_on_completion: oneOf('always', 'if_required', 'never'),
  return_url: url,
  saved_payment_method_options: notInSetup('it belongs to `payment` and `subscription` mode'),
  setup_intent_data: object({
    description: string(),
    metadata,
    on_behalf_of: string(),
  }),
  submit_type: oneOf('auto', 'book', 'donate', 'pay', 'subscribe'),
  subscription_data: notInSetup('it belongs to `subscription` mode'),
  success_url: url,
  ui_mode: oneOf('hosted_page', 'embedded_page', 'elements', 'form'),
  wallet_options: ignored,
};

export function requireSession(world: World, id: string): Stripe.Checkout.Session {
  const session = world.sessions.get(id);
  if (session === undefined) throw notFound('checkout.session', id, 'session');
  return session;
}

function checkAddresses(params: Parsed<typeof createShape>, uiMode: string): void {
  if (uiMode === 'hosted_page') {
    if (params.success_url === undefined) {
      throw invalidParam('success_url', 'Missing required param: success_url.', 'parameter_missing');
    }
    if (params.return_url !== undefined) {
      throw invalidParam('return_url', '`return_url` can only be used with the embedded ui modes.');
    }
    return;
  }
  for (const name of ['success_url', 'cancel_url'] as const) {
    if (params[name] !== undefined)
      throw invalidParam(name, `\`${name}\` can not be used with ui_mode \`${uiMode}\`.`);
  }
  if (params.return_url === undefined && params.redirect_on_completion !== 'never') {
    throw invalidParam('return_url', 'Missing required param: return_url.', 'parameter_missing');
  }
}

function create(turn: Turn, params: Parsed<typeof createShape>): Stripe.Checkout.Session {
  const { world } = turn;
  if (params.mode !== 'setup') {
    throw invalidParam(
      'mode',
      `This stand-in has Checkout Sessions in setup mode only, not in ${params.mode} mode.`,
    );
  }
  const uiMode = params.ui_mode ?? 'hosted_page';
  checkAddresses(params, uiMode);
  if (params.currency === undefined && params.allowed_payment_method_types == null) {
    throw invalidParam(
      'currency',
      '`currency` is required in `setup` mode when `allowed_payment_method_types` is not set.',
      'parameter_missing',
    );
  }
  const now = world.clock.now();
  const expiresAt = params.expires_at ?? now + MAX_SECONDS;
  if (expiresAt < now + MIN_SECONDS || expiresAt > now + MAX_SECONDS) {
    throw invalidParam(
      'expires_at',
      'The `expires_at` timestamp must be at least 30 minutes and at most 24 hours from Checkout Session creation.',
    );
  }
  if (params.customer !== undefined && params.customer_email !== undefined) {
    throw invalidParam(
      'customer_email',
      'You may only specify one of these parameters: customer, customer_email.',
    );
  }
  if (params.customer !== undefined && params.customer_creation !== undefined) {
    throw invalidParam(
      'customer_creation',
      'You may only specify one of these parameters: customer, customer_creation.',
    );
  }
  if (params.customer_update !== undefined && params.customer === undefined) {
    throw invalidParam('customer_update', '`customer_update` can only be used with `customer`.');
  }
  const terms = params.setup_intent_data;
  if (terms?.on_behalf_of !== undefined) {
    throw missingParam('account', terms.on_behalf_of, 'setup_intent_data[on_behalf_of]');
  }
  const customer = params.customer === undefined ? null : customerParam(world, params.customer);
  const allowed = params.allowed_payment_method_types ?? null;
  const excluded = params.excluded_payment_method_types ?? null;
  const types = offeredTypes(params.currency ?? null, allowed, excluded);
  const intent = world.setupIntents.insert(
    buildSetupIntent({
      created: now,
      livemode: world.livemode,
      customer: customer?.id ?? null,
      description: terms?.description ?? null,
      metadata: changeMetadata(null, terms?.metadata),
      paymentMethod: null,
      paymentMethodTypes: types,
      allowed,
      automatic: null,
      usage: 'off_session',
    }),
  );
  const requestThreeDSecure = params.payment_method_options?.card?.request_three_d_secure ?? 'automatic';
  const { card } = intent.payment_method_options ?? {};
  if (card !== undefined) card.request_three_d_secure = requestThreeDSecure;
  emit(turn, 'setup_intent.created', intent);
  const consent = params.consent_collection;
  const session = world.sessions.insert(
    buildSession({
      created: now,
      livemode: world.livemode,
      baseUrl: turn.baseUrl,
      expiresAt,
      allowed,
      excluded,
      paymentMethodTypes: types,
      cancelUrl: params.cancel_url ?? null,
      successUrl: params.success_url ?? null,
      returnUrl: params.return_url ?? null,
      uiMode,
      clientReferenceId: params.client_reference_id ?? null,
      consentCollection:
        consent === undefined
          ? null
          : {
              payment_method_reuse_agreement: consent.payment_method_reuse_agreement ?? null,
              promotions: consent.promotions ?? null,
              terms_of_service: consent.terms_of_service ?? null,
            },
      currency: params.currency ?? null,
      customText: {
        after_submit: params.custom_text?.after_submit ?? null,
        shipping_address: params.custom_text?.shipping_address ?? null,
        submit: params.custom_text?.submit ?? null,
        terms_of_service_acceptance: params.custom_text?.terms_of_service_acceptance ?? null,
      },
      customer: customer?.id ?? null,
      customerEmail: params.customer_email ?? null,
      customerCreation: customer === null ? (params.customer_creation ?? 'if_required') : null,
      customerDetails:
        customer !== null
          ? customerDetails(customer.email, null)
          : params.customer_email === undefined
            ? null
            : customerDetails(params.customer_email, null),
      billingAddressCollection: params.billing_address_collection ?? null,
      locale: params.locale ?? null,
      metadata: changeMetadata(null, params.metadata),
      setupIntent: intent.id,
      requestThreeDSecure,
      collectPhone: params.phone_number_collection?.enabled ?? null,
      submitType: params.submit_type ?? null,
    }),
  );
  changeNotes(world, intent.id, { session: session.id });
  world.timers.set('expire_session', session.id, expiresAt * 1000);
  return session;
}

export const checkoutSessionRoutes: Route[] = [
  route('POST', '/v1/checkout/sessions', createShape, create),

  route(
    'GET',
    '/v1/checkout/sessions',
    {
      ...pagingByTime,
      customer: string(),
      customer_account: ignored,
      customer_details: object({ email: required(string()) }),
      payment_intent: string(),
      payment_link: ignored,
      status: oneOf('complete', 'expired', 'open'),
      subscription: ignored,
    },
    (turn, params) =>
      listOf(
        turn.world.sessions,
        params,
        '/v1/checkout/sessions',
        'checkout.session',
        (session) =>
          (params.customer === undefined || session.customer === params.customer) &&
          (params.customer_details === undefined ||
            session.customer_details?.email === params.customer_details.email) &&
          (params.payment_intent === undefined || session.payment_intent === params.payment_intent) &&
          (params.status === undefined || session.status === params.status) &&
          within(session.created, params.created),
      ),
  ),

  route('GET', '/v1/checkout/sessions/:id', {}, (turn, _, id) => requireSession(turn.world, id)),

  route(
    'POST',
    '/v1/checkout/sessions/:id',
    { metadata, collected_information: notHere, shipping_options: notHere, line_items: notHere },
    (turn, params, id) => {
      const session = requireSession(turn.world, id);
      return turn.world.sessions.update(session, {
        metadata: changeMetadata(session.metadata, params.metadata),
      });
    },
  ),

  route('GET', '/v1/checkout/sessions/:id/line_items', { limit: ignored }, (turn, _, id) => {
    requireSession(turn.world, id);
    return { object: 'list', data: [], has_more: false, url: `/v1/checkout/sessions/${id}/line_items` };
  }),

  route('POST', '/v1/checkout/sessions/:id/expire', {}, (turn, _, id) => {
    const session = requireSession(turn.world, id);
    if (session.status !== 'open') {
      throw refused(
        `Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a status of ${session.status}.`,
        { param: 'session' },
      );
    }
    expireSession(turn, session);
    return session;
  }),
];

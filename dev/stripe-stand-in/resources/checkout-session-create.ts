// Creates a Checkout Session in setup mode, with the SetupIntent it will fill.

import type Stripe from 'stripe';
import { invalidParam, missingParam } from '../errors.ts';
import { changeMetadata } from '../http/metadata.ts';
import type { Parsed } from '../http/params.ts';
import { buildSetupIntent } from '../objects/intents.ts';
import { buildSession, customerDetails } from '../objects/session.ts';
import { changeNotes } from '../payments/notes.ts';
import { emit, type Turn } from '../turn.ts';
import type { createShape } from './checkout-session-params.ts';
import { offeredTypes } from './intent-params.ts';
import { customerParam } from './lookups.ts';

const MIN_SECONDS = 30 * 60;
const MAX_SECONDS = 24 * 60 * 60;

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

export function createSession(turn: Turn, params: Parsed<typeof createShape>): Stripe.Checkout.Session {
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

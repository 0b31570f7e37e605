// The parameters of creating a Checkout Session in setup mode.

import { invalidParam } from '../errors.ts';
import { metadata } from '../http/metadata.ts';
import {
  boolean,
  ignored,
  integer,
  notHere,
  object,
  oneOf,
  type Param,
  required,
  string,
  unsettable,
} from '../http/params.ts';
import { methodFilterShape } from './intent-params.ts';
import { currency, email, url } from './shared-params.ts';

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

export const createShape = {
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

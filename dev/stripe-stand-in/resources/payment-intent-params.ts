// The parameters of PaymentIntents: what create, update and confirm take.

import { metadata } from '../http/metadata.ts';
import {
  boolean,
  either,
  ignored,
  integer,
  notHere,
  object,
  oneOf,
  required,
  string,
  unsettable,
} from '../http/params.ts';
import { automaticMethods, mandateData, methodFilterShape } from './intent-params.ts';
import { methodDataShape } from './payment-methods.ts';
import { currency, email, shipping, url } from './shared-params.ts';

export const suffix = unsettable(string({ max: 22 }));
export const methodOptions = object({
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
export const confirmOnly = {
  error_on_requires_action: boolean,
  mandate: string(),
  mandate_data: mandateData,
  off_session: either(boolean, oneOf('one_off', 'recurring')),
  return_url: url,
  use_stripe_sdk: boolean,
  confirmation_token: notHere,
};
export const methodShape = {
  payment_method: unsettable(string()),
  payment_method_data: object(methodDataShape),
  payment_method_options: methodOptions,
  receipt_email: unsettable(email),
  setup_future_usage: unsettable(oneOf('off_session', 'on_session')),
  shipping: unsettable(shipping),
};
export const changeShape = {
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
export const createShape = {
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

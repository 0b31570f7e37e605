// /v1/payment_intents: create, retrieve, update, confirm, capture, cancel, list. Search is in search.ts.

import { listOf, pagingByTime, within } from '../http/list.ts';
import { changeMetadata, metadata } from '../http/metadata.ts';
import { boolean, ignored, integer, notHere, oneOf, string } from '../http/params.ts';
import { type Route, route } from '../http/routes.ts';
import { cancelPayment } from '../payments/cancel.ts';
import { capturePayment } from '../payments/capture.ts';
import { CONFIRMABLE, confirmPayment } from '../payments/confirm.ts';
import { methodFilterShape } from './intent-params.ts';
import {
  changePaymentIntent,
  confirmationOf,
  createPaymentIntent,
  paymentMethodOf,
  requirePaymentIntent,
} from './payment-intent-changes.ts';
import { changeShape, confirmOnly, createShape, methodShape, suffix } from './payment-intent-params.ts';

export const paymentIntentRoutes: Route[] = [
  route('POST', '/v1/payment_intents', createShape, createPaymentIntent),

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
    changePaymentIntent(turn, intent, params);
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
      const method = paymentMethodOf(turn, params, customer) ?? null;
      const open = CONFIRMABLE.includes(intent.status);
      if (open) {
        const { receipt_email, setup_future_usage, shipping: ship, payment_method_options } = params;
        const { allowed_payment_method_types: allowed, excluded_payment_method_types: excluded } = params;
        changePaymentIntent(turn, intent, {
          ...(allowed === undefined ? {} : { allowed_payment_method_types: allowed }),
          ...(excluded === undefined ? {} : { excluded_payment_method_types: excluded }),
          ...(receipt_email === undefined ? {} : { receipt_email }),
          ...(setup_future_usage === undefined ? {} : { setup_future_usage }),
          ...(ship === undefined ? {} : { shipping: ship }),
          ...(payment_method_options === undefined ? {} : { payment_method_options }),
        });
        if (params.capture_method !== undefined) {
          turn.world.paymentIntents.update(intent, { capture_method: params.capture_method });
        }
      }
      confirmPayment(turn, intent, { paymentMethod: method, ...confirmationOf(params) });
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

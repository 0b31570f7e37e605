// /v1/payment_methods: create, retrieve, update, list, attach, detach.

import type Stripe from 'stripe';
import { cardByToken } from '../data/cards.ts';
import { invalidParam, missingParam, refused } from '../errors.ts';
import { listOf, paging } from '../http/list.ts';
import { changeMetadata, metadata } from '../http/metadata.ts';
import {
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
import type { BillingInput } from '../objects/payment-method.ts';
import { decideSetup } from '../payments/decide.ts';
import { backingOf } from '../payments/instruments.ts';
import { cardError } from '../payments/payment-error.ts';
import { attachTo, detach } from '../payments/save-method.ts';
import { emit, type Turn } from '../turn.ts';
import { addBankMethod, addTypedCard, readAccount } from './add-method.ts';
import { previousOf } from './customers.ts';
import { customerParam, methodOfToken, requireMethod } from './lookups.ts';
import { address, email, toAddress } from './shared-params.ts';

const billing = object({
  address: unsettable(address),
  email: unsettable(email),
  name: unsettable(string()),
  phone: unsettable(string()),
  tax_id: ignored,
});

/** The members of a PaymentMethod to make; also `payment_method_data` of intents. */
export const methodDataShape = {
  type: required(oneOf('card', 'us_bank_account', 'sepa_debit')),
  allow_redisplay: oneOf('always', 'limited', 'unspecified'),
  billing_details: billing,
  card: object({
    number: string(),
    exp_month: integer(),
    exp_year: integer(),
    cvc: string(),
    token: string(),
    networks: ignored,
  }),
  metadata,
  radar_options: ignored,
  sepa_debit: object({ iban: required(string()) }),
  us_bank_account: object({
    account_holder_type: oneOf('individual', 'company'),
    account_number: required(string()),
    account_type: oneOf('checking', 'savings'),
    routing_number: required(string()),
    financial_connections_account: notHere,
  }),
};

function toBilling(input: ReturnType<typeof billing.read> | undefined): BillingInput {
  if (input === undefined) return {};
  return {
    ...(input.address === undefined ? {} : { address: input.address && toAddress(input.address) }),
    ...(input.email === undefined ? {} : { email: input.email }),
    ...(input.name === undefined ? {} : { name: input.name }),
    ...(input.phone === undefined ? {} : { phone: input.phone }),
  };
}

export function addMethod(
  turn: Turn,
  params: Parsed<typeof methodDataShape>,
  prefix = '',
): Stripe.PaymentMethod {
  const details = toBilling(params.billing_details);
  const data = changeMetadata(null, params.metadata);
  const named = (name: string) => (prefix === '' ? name : `${prefix}[${name}]`);
  if (params.type === 'card') {
    const { card } = params;
    if (card === undefined) throw missing(named('card'));
    if (card.token !== undefined) return cardOfToken(turn, card.token);
    const { number, exp_month: expMonth, exp_year: expYear } = card;
    if (number === undefined) throw missing(named('card[number]'));
    if (expMonth === undefined) throw missing(named('card[exp_month]'));
    if (expYear === undefined) throw missing(named('card[exp_year]'));
    return addTypedCard(turn, { number, expMonth, expYear, cvc: card.cvc ?? null }, details, data);
  }
  if (details.name == null) throw missing(named('billing_details[name]'));
  if (params.type === 'sepa_debit') {
    if (params.sepa_debit === undefined) throw missing(named('sepa_debit'));
    if (details.email == null) throw missing(named('billing_details[email]'));
    const account = readAccount('sepa_debit', params.sepa_debit.iban, null);
    return addBankMethod(turn, account, {}, { billing: details, verified: true, metadata: data });
  }
  const bank = params.us_bank_account;
  if (bank === undefined) throw missing(named('us_bank_account'));
  const account = readAccount('us_bank_account', bank.account_number, bank.routing_number);
  const extras = { accountHolderType: bank.account_holder_type, accountType: bank.account_type };
  return addBankMethod(turn, account, extras, { billing: details, verified: false, metadata: data });
}

function missing(param: string) {
  return invalidParam(param, `Missing required param: ${param}.`, 'parameter_missing');
}

/** `tok_visa` and its like are the old names of the same test cards. */
function cardOfToken(turn: Turn, token: string): Stripe.PaymentMethod {
  const name = token.replace(/^tok_/, 'pm_card_');
  const method = cardByToken(name) && !turn.world.livemode ? methodOfToken(turn, name) : null;
  if (method === null) throw missingParam('token', token, 'card[token]');
  return method;
}

/** Attaching asks the bank: a card that declines everything cannot be saved. Safe to repeat for the same customer. */
function attach(turn: Turn, method: Stripe.PaymentMethod, customer: string): Stripe.PaymentMethod {
  if (method.customer !== null && method.customer !== customer) {
    throw refused('The payment method you provided has already been attached to a customer.', {
      param: 'payment_method',
    });
  }
  const backing = backingOf(turn.world, method);
  if (method.customer === null && backing.instrument.spent) {
    throw refused(
      'This PaymentMethod was previously used without being attached to a Customer or was detached from a Customer, ' +
        'and may not be used again.',
      { param: 'payment_method' },
    );
  }
  if (backing.kind === 'card') {
    // No customer is there to pass a challenge, and attaching does not ask for one.
    const situation = {
      offSession: false,
      authenticated: true,
      setUp: false,
      requestThreeDSecure: 'automatic',
    };
    const decision = decideSetup(backing.card, situation);
    if (decision.kind === 'decline') throw cardError(decision.decline, { payment_method: method });
  }
  attachTo(turn, method, customer);
  return method;
}

export const paymentMethodRoutes: Route[] = [
  route('POST', '/v1/payment_methods', methodDataShape, (turn, params) => addMethod(turn, params)),

  route(
    'GET',
    '/v1/payment_methods',
    {
      ...paging,
      customer: string(),
      type: oneOf('card', 'us_bank_account', 'sepa_debit', 'link'),
      allow_redisplay: ignored,
    },
    (turn, params) => {
      const { customer } = params;
      if (customer !== undefined) customerParam(turn.world, customer);
      return listOf(
        turn.world.paymentMethods,
        params,
        '/v1/payment_methods',
        'PaymentMethod',
        (method) =>
          (customer === undefined ? method.customer !== null : method.customer === customer) &&
          (params.type === undefined || method.type === params.type),
      );
    },
  ),

  route(
    'GET',
    '/v1/payment_methods/:id',
    {},
    (turn, _, id) => methodOfToken(turn, id) ?? requireMethod(turn.world, id),
  ),

  route(
    'POST',
    '/v1/payment_methods/:id',
    {
      allow_redisplay: oneOf('always', 'limited', 'unspecified'),
      billing_details: billing,
      card: object({ exp_month: integer({ min: 1, max: 12 }), exp_year: integer(), networks: ignored }),
      metadata,
      us_bank_account: ignored,
    },
    (turn, params, id) => {
      const { world } = turn;
      const method = requireMethod(world, id);
      if (method.customer === null) {
        throw refused('You must save this PaymentMethod to a customer before you can update it.', {
          code: 'resource_missing',
          param: 'payment_method',
        });
      }
      const { card, billing_details: details } = params;
      const change: Partial<Stripe.PaymentMethod> = {
        ...(params.allow_redisplay === undefined ? {} : { allow_redisplay: params.allow_redisplay }),
        ...(details === undefined
          ? {}
          : { billing_details: { ...method.billing_details, ...toBilling(details) } }),
        ...(params.metadata === undefined
          ? {}
          : { metadata: changeMetadata(method.metadata, params.metadata) }),
        ...(card === undefined || method.card === undefined
          ? {}
          : {
              card: {
                ...method.card,
                exp_month: card.exp_month ?? method.card.exp_month,
                exp_year: card.exp_year ?? method.card.exp_year,
              },
            }),
      };
      const previous = previousOf(method, change);
      world.paymentMethods.update(method, change);
      emit(turn, 'payment_method.updated', method, previous);
      return method;
    },
  ),

  route('POST', '/v1/payment_methods/:id/attach', { customer: required(string()) }, (turn, params, id) => {
    const customer = customerParam(turn.world, params.customer);
    const method =
      turn.world.paymentMethods.get(id) ?? (turn.world.livemode ? null : methodOfToken(turn, id));
    return attach(turn, method ?? requireMethod(turn.world, id), customer.id);
  }),

  route('POST', '/v1/payment_methods/:id/detach', {}, (turn, _, id) => {
    const method = requireMethod(turn.world, id);
    if (method.customer === null) {
      throw refused(
        'The payment method you provided is not attached to a customer so detachment is impossible.',
        { param: 'payment_method' },
      );
    }
    detach(turn, method);
    return method;
  }),
];

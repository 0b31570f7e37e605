// Finding what a path or a parameter names, with the refusal Stripe gives when it is not there or not usable.

import type Stripe from 'stripe';
import { accountByToken } from '../data/bank-accounts.ts';
import { cardByToken } from '../data/cards.ts';
import { missingParam, notFound, refused } from '../errors.ts';
import { backingOf } from '../payments/instruments.ts';
import type { World } from '../store/world.ts';
import type { Turn } from '../turn.ts';
import { addBankMethod, addCardMethod } from './add-method.ts';

export function requireCustomer(world: World, id: string): Stripe.Customer {
  const customer = world.customers.get(id);
  if (customer === undefined) throw notFound('customer', id);
  return customer;
}

export function customerParam(world: World, id: string, param = 'customer'): Stripe.Customer {
  const customer = world.customers.get(id);
  if (customer === undefined) throw missingParam('customer', id, param);
  return customer;
}

/** A PaymentMethod that a path names. */
export function requireMethod(world: World, id: string): Stripe.PaymentMethod {
  const method = world.paymentMethods.get(id);
  if (method === undefined) throw notFound('PaymentMethod', id, 'payment_method');
  return method;
}

/** A PaymentMethod that a parameter names; one of the test names (`pm_card_visa`) makes a fresh one. */
export function methodParam(turn: Turn, id: string, param: string): Stripe.PaymentMethod {
  const { world } = turn;
  const method = world.paymentMethods.get(id);
  if (method !== undefined) return method;
  const fresh = world.livemode ? null : methodOfToken(turn, id);
  if (fresh === null) throw missingParam('PaymentMethod', id, param);
  return fresh;
}

/** The fresh PaymentMethod that a test name stands for, or null. */
export function methodOfToken(turn: Turn, token: string): Stripe.PaymentMethod | null {
  const card = cardByToken(token);
  if (card !== undefined) {
    const expYear = new Date(turn.world.clock.nowMs()).getUTCFullYear() + 1;
    return addCardMethod(turn, { card, expMonth: 12, expYear, cvcSent: true }, {}, {});
  }
  const account = accountByToken(token);
  if (account === undefined) return null;
  return addBankMethod(
    turn,
    account,
    {},
    {
      billing: { name: 'Jenny Rosen', email: 'jenny@example.com' },
      verified: true,
    },
  );
}

/** A PaymentMethod that can still be given to a customer. */
export function freeMethod(turn: Turn, id: string, param: string): Stripe.PaymentMethod {
  const method = methodParam(turn, id, param);
  if (method.customer !== null) {
    throw refused('The payment method you provided has already been attached to a customer.', { param });
  }
  refuseSpent(turn.world, method, param);
  return method;
}

/** A PaymentMethod of this customer. */
export function customerMethod(
  world: World,
  customer: string,
  id: string,
  param: string,
): Stripe.PaymentMethod {
  const method = world.paymentMethods.get(id);
  if (method === undefined) throw missingParam('PaymentMethod', id, param);
  if (method.customer !== customer) throw notOfCustomer(id, param);
  return method;
}

/** A PaymentMethod that an intent of `customer` may use. Cards of nobody may be used once. */
export function usableMethod(
  turn: Turn,
  id: string,
  customer: string | null,
  param = 'payment_method',
): Stripe.PaymentMethod {
  const method = methodParam(turn, id, param);
  if (method.customer !== null && customer === null) {
    throw refused(
      'The payment method you provided is attached to a customer so for security purposes you must provide the ' +
        'customer in the request.',
      { code: 'parameter_missing', param: 'source' },
    );
  }
  if (method.customer !== null && method.customer !== customer) throw notOfCustomer(id, param);
  refuseSpent(turn.world, method, undefined);
  return method;
}

function notOfCustomer(id: string, param: string) {
  return refused(
    `The customer does not have a payment method with the ID ${id}. The payment method must be attached to the customer.`,
    { param },
  );
}

function refuseSpent(world: World, method: Stripe.PaymentMethod, param: string | undefined): void {
  if (method.customer !== null || !backingOf(world, method).instrument.spent) return;
  throw refused(
    'The provided PaymentMethod was previously used with a PaymentIntent without Customer attachment, shared with a ' +
      'connected account without Customer attachment, or was detached from a Customer. It may not be used again. To ' +
      'use a PaymentMethod multiple times, you must attach it to a Customer first.',
    param === undefined ? {} : { param },
  );
}

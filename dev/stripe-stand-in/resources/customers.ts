// /v1/customers and a customer's payment methods.

import type Stripe from 'stripe';
import { notFound } from '../errors.ts';
import { listOf, paging, pagingByTime, within } from '../http/list.ts';
import { changeMetadata, metadata } from '../http/metadata.ts';
import { array, ignored, notHere, object, oneOf, string, unsettable } from '../http/params.ts';
import { type Route, route } from '../http/routes.ts';
import { buildCustomer } from '../objects/customer.ts';
import { attachTo, detach } from '../payments/save-method.ts';
import { emit, type Turn } from '../turn.ts';
import { customerMethod, freeMethod, requireCustomer, requireMethod } from './lookups.ts';
import { address, email, shipping, toAddress } from './shared-params.ts';

const customerShape = {
  address: unsettable(address),
  balance: notHere,
  cash_balance: notHere,
  description: unsettable(string()),
  email: unsettable(email),
  invoice_prefix: ignored,
  invoice_settings: object({
    default_payment_method: string(),
    custom_fields: notHere,
    footer: notHere,
    rendering_options: notHere,
  }),
  metadata,
  name: unsettable(string()),
  next_invoice_sequence: ignored,
  payment_method: string(),
  phone: unsettable(string()),
  preferred_locales: array(string()),
  shipping: unsettable(shipping),
  tax_exempt: oneOf('none', 'exempt', 'reverse'),
};
const methodType = oneOf('card', 'us_bank_account', 'sepa_debit', 'link');

function toShipping(
  input:
    | {
        address?: Parameters<typeof toAddress>[0] | undefined;
        name?: string | undefined;
        phone?: string | null | undefined;
      }
    | null
    | undefined,
): Stripe.Customer.Shipping | null {
  if (!input) return null;
  return {
    ...(input.address === undefined ? {} : { address: toAddress(input.address) }),
    ...(input.name === undefined ? {} : { name: input.name }),
    phone: input.phone ?? null,
  };
}

/** A customer for a request, a Checkout Session or the dashboard. */
export function addCustomer(
  turn: Turn,
  input: Partial<Parameters<typeof buildCustomer>[0]>,
): Stripe.Customer {
  const { world } = turn;
  const customer = world.customers.insert(
    buildCustomer({
      address: null,
      description: null,
      email: null,
      name: null,
      phone: null,
      preferredLocales: [],
      shipping: null,
      metadata: {},
      defaultPaymentMethod: null,
      ...input,
      created: world.clock.now(),
      livemode: world.livemode,
    }),
  );
  emit(turn, 'customer.created', customer);
  return customer;
}

export const customerRoutes: Route[] = [
  route('POST', '/v1/customers', customerShape, (turn, params) => {
    const fields = {
      address: params.address ? toAddress(params.address) : null,
      description: params.description ?? null,
      email: params.email ?? null,
      name: params.name ?? null,
      phone: params.phone ?? null,
      preferredLocales: params.preferred_locales ?? [],
      shipping: toShipping(params.shipping),
      metadata: changeMetadata(null, params.metadata),
    };
    if (params.payment_method === undefined) return addCustomer(turn, fields);
    const method = freeMethod(turn, params.payment_method, 'payment_method');
    const wanted = params.invoice_settings?.default_payment_method === params.payment_method;
    const customer = addCustomer(turn, { ...fields, defaultPaymentMethod: wanted ? method.id : null });
    attachTo(turn, method, customer.id);
    return customer;
  }),

  route('GET', '/v1/customers', { ...pagingByTime, email: string(), test_clock: notHere }, (turn, params) =>
    listOf(
      turn.world.customers,
      params,
      '/v1/customers',
      'customer',
      (customer) =>
        (params.email === undefined || customer.email === params.email) &&
        within(customer.created, params.created),
    ),
  ),

  route('GET', '/v1/customers/:id', {}, (turn, _, id) => {
    const deleted = turn.world.deletedCustomers.get(id);
    return deleted ?? requireCustomer(turn.world, id);
  }),

  route('POST', '/v1/customers/:id', customerShape, (turn, params, id) => {
    const { world } = turn;
    const customer = requireCustomer(world, id);
    const wanted = params.invoice_settings?.default_payment_method;
    const method =
      wanted === undefined
        ? null
        : customerMethod(world, customer.id, wanted, 'invoice_settings[default_payment_method]');
    const change: Partial<Stripe.Customer> = {
      ...(params.address === undefined ? {} : { address: params.address && toAddress(params.address) }),
      ...(params.description === undefined ? {} : { description: params.description }),
      ...(params.email === undefined ? {} : { email: params.email }),
      ...(params.name === undefined ? {} : { name: params.name }),
      ...(params.phone === undefined ? {} : { phone: params.phone }),
      ...(params.preferred_locales === undefined ? {} : { preferred_locales: params.preferred_locales }),
      ...(params.shipping === undefined ? {} : { shipping: toShipping(params.shipping) }),
      ...(params.metadata === undefined
        ? {}
        : { metadata: changeMetadata(customer.metadata, params.metadata) }),
      ...(params.tax_exempt === undefined ? {} : { tax_exempt: params.tax_exempt }),
      ...(method === null
        ? {}
        : { invoice_settings: { ...customer.invoice_settings, default_payment_method: method.id } }),
    };
    const previous = previousOf(customer, change);
    world.customers.update(customer, change);
    if (Object.keys(previous).length > 0) emit(turn, 'customer.updated', customer, previous);
    return customer;
  }),

  route('DELETE', '/v1/customers/:id', {}, (turn, _, id) => {
    const { world } = turn;
    const customer = requireCustomer(world, id);
    const mine = [...world.paymentMethods.newestFirst()].filter((method) => method.customer === id);
    for (const method of mine) detach(turn, method);
    world.customers.delete(id);
    emit(turn, 'customer.deleted', customer);
    return world.deletedCustomers.insert({ id, object: 'customer', deleted: true });
  }),

  route(
    'GET',
    '/v1/customers/:id/payment_methods',
    { ...paging, type: methodType, allow_redisplay: ignored },
    (turn, params, id) => {
      requireCustomer(turn.world, id);
      return listOf(
        turn.world.paymentMethods,
        params,
        `/v1/customers/${id}/payment_methods`,
        'PaymentMethod',
        (method) => method.customer === id && (params.type === undefined || method.type === params.type),
      );
    },
  ),

  route('GET', '/v1/customers/:id/payment_methods/:method', {}, (turn, _, id, [, method = '']) => {
    requireCustomer(turn.world, id);
    const found = requireMethod(turn.world, method);
    if (found.customer !== id) throw notFound('PaymentMethod', method, 'payment_method');
    return found;
  }),
];

/** The old values of what changes, for data.previous_attributes. */
export function previousOf<T extends object>(before: T, change: Partial<T>): Partial<T> {
  const previous: Partial<T> = {};
  for (const key in change) {
    if (JSON.stringify(before[key]) !== JSON.stringify(change[key])) previous[key] = before[key];
  }
  return previous;
}

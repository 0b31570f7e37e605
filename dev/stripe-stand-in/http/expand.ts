// `expand`: puts objects in the place of their ids, up to four levels deep, in the answer only.

import { refused } from '../errors.ts';
import type { World } from '../store/world.ts';
import type { Form, FormValue } from './form.ts';

const MAX_DEPTH = 4;

/** The members that can be expanded, by the `object` that holds them; nested ones with a dot. */
const EXPANDABLE: Record<string, readonly string[]> = {
  balance_transaction: ['source'],
  charge: [
    'application',
    'balance_transaction',
    'customer',
    'failure_balance_transaction',
    'on_behalf_of',
    'payment_intent',
    'review',
    'refunds',
    'payment_method_details.card.mandate',
    'payment_method_details.us_bank_account.mandate',
  ],
  'checkout.session': ['customer', 'payment_intent', 'setup_intent', 'subscription', 'invoice', 'line_items'],
  customer: [
    'default_source',
    'invoice_settings.default_payment_method',
    'test_clock',
    'sources',
    'subscriptions',
    'tax',
  ],
  dispute: ['charge', 'payment_intent'],
  mandate: ['payment_method'],
  payment_intent: [
    'application',
    'customer',
    'latest_charge',
    'on_behalf_of',
    'payment_method',
    'review',
    'source',
    'payment_record',
    'transfer_data.destination',
  ],
  payment_method: ['customer'],
  'radar.early_fraud_warning': ['charge', 'payment_intent'],
  refund: [
    'balance_transaction',
    'charge',
    'customer',
    'failure_balance_transaction',
    'payment_intent',
    'payment_method',
  ],
  setup_attempt: [
    'customer',
    'payment_method',
    'payment_method_details.ideal.generated_sepa_debit',
    'payment_method_details.ideal.generated_sepa_debit_mandate',
    'setup_intent',
    'on_behalf_of',
  ],
  setup_intent: [
    'application',
    'customer',
    'latest_attempt',
    'mandate',
    'on_behalf_of',
    'payment_method',
    'single_use_mandate',
  ],
};

/** The paths of an `expand` parameter, and the form without it. */
export function takeExpand(form: Form): string[] {
  const value = form.expand;
  delete form.expand;
  if (value === undefined || value === '') return [];
  const list: FormValue[] = typeof value === 'string' ? [value] : Object.values(value);
  return list.filter((path) => typeof path === 'string');
}

/** @returns the answer with every path expanded. Stored objects stay as they are: what changes is copied. */
export function expandAll(world: World, answer: object, paths: readonly string[]): object {
  let out = answer;
  for (const path of paths) {
    const parts = path.split('.');
    const depth = parts[0] === 'data' ? parts.length - 1 : parts.length;
    if (depth > MAX_DEPTH) {
      throw refused(`You cannot expand more than ${MAX_DEPTH} levels of a property. Property: ${path}`);
    }
    out = expandPath(world, out, parts, path);
  }
  return out;
}

type Members = Record<string, unknown>;

function members(value: unknown): Members | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : null;
}

function expandPath(world: World, value: object, parts: readonly string[], path: string): object {
  const holder = members(value);
  if (holder === null) return value;
  if (holder.object === 'list' || holder.object === 'search_result') {
    const [first, ...rest] = parts;
    const data = holder.data;
    if (first !== 'data' || !Array.isArray(data) || rest.length === 0) throw notExpandable(path);
    return { ...holder, data: data.map((item: object) => expandPath(world, item, rest, path)) };
  }
  return expandMember(world, holder, String(holder.object), [], parts, path);
}

/** Walks into plain members (`payment_method_details.card`) until it meets one that names another object. */
function expandMember(
  world: World,
  holder: Members,
  owner: string,
  walked: readonly string[],
  parts: readonly string[],
  path: string,
): Members {
  const [name, ...rest] = parts;
  if (name === undefined) return holder;
  const here = [...walked, name];
  const value = holder[name];
  if (EXPANDABLE[owner]?.includes(here.join('.'))) {
    const object = typeof value === 'string' ? findObject(world, value) : members(value);
    if (name === 'refunds' && owner === 'charge') {
      return { ...holder, refunds: refundsOf(world, String(holder.id)) };
    }
    if (object === null) return holder;
    return { ...holder, [name]: rest.length === 0 ? object : expandPath(world, object, rest, path) };
  }
  const inner = members(value);
  const known = EXPANDABLE[owner]?.some((entry) => entry.startsWith(`${here.join('.')}.`)) ?? false;
  // Objects inside objects that are always whole, such as last_payment_error.payment_method.
  if (inner !== null && typeof inner.object === 'string') {
    return { ...holder, [name]: expandPath(world, inner, rest, path) };
  }
  if (inner === null || rest.length === 0) {
    if (known && rest.length > 0) return holder;
    throw notExpandable(path);
  }
  return { ...holder, [name]: expandMember(world, inner, owner, here, rest, path) };
}

function notExpandable(path: string) {
  return refused(
    `This property cannot be expanded (${path}). You may want to try expanding the object that holds it, ` +
      'or see https://docs.stripe.com/expand for what can be expanded.',
  );
}

function refundsOf(world: World, charge: string): object {
  const data = [];
  for (const refund of world.refunds.newestFirst()) if (refund.charge === charge) data.push(refund);
  return {
    object: 'list',
    data: data.slice(0, 10),
    has_more: data.length > 10,
    url: `/v1/charges/${charge}/refunds`,
  };
}

/** Any object by its id, whichever kind it is. */
export function findObject(world: World, id: string): object | null {
  const prefix = id.slice(0, id.indexOf('_'));
  switch (prefix) {
    case 'cus':
      return world.customers.get(id) ?? world.deletedCustomers.get(id) ?? null;
    case 'pm':
      return world.paymentMethods.get(id) ?? null;
    case 'pi':
      return world.paymentIntents.get(id) ?? null;
    case 'seti':
      return world.setupIntents.get(id) ?? null;
    case 'setatt':
      return world.setupAttempts.get(id) ?? null;
    case 'ch':
    case 'py':
      return world.charges.get(id) ?? null;
    case 're':
    case 'pyr':
      return world.refunds.get(id) ?? null;
    case 'du':
      return world.disputes.get(id) ?? null;
    case 'mandate':
      return world.mandates.get(id) ?? null;
    case 'txn':
      return world.balanceTransactions.get(id) ?? null;
    case 'issfr':
      return world.earlyFraudWarnings.get(id) ?? null;
    case 'cs':
      return world.sessions.get(id) ?? null;
    default:
      return null;
  }
}

// iDEAL: a payment of one cent proves the account, and Stripe makes a SEPA debit method of it that can be charged later.
// The iDEAL method itself is used up. Called by attempts to set one up, and by the control plane.

import type Stripe from 'stripe';
import { accountByNumber } from '../data/bank-accounts.ts';
import { newId } from '../ids.ts';
import { billingDetails } from '../objects/payment-method.ts';
import { addBankMethod } from '../resources/add-method.ts';
import { emit, type Turn } from '../turn.ts';
import { addMandate } from './mandates.ts';
import { attachTo, markSetUp } from './save-method.ts';

/** Behind every iDEAL payment here. */
const ACCOUNT = 'DE89370400440532013000';

/** @param told false: the bank names the account later, see {@link generateDebit} */
export function addIdealMethod(
  turn: Turn,
  billing: { name: string; email: string },
  told: boolean,
): Stripe.PaymentMethod {
  const { world } = turn;
  const method = world.paymentMethods.insert({
    id: newId('pm'),
    object: 'payment_method',
    allow_redisplay: 'unspecified',
    billing_details: billingDetails({ ...billing, phone: null, address: null }),
    created: world.clock.now(),
    customer: null,
    customer_account: null,
    ideal: { bank: 'ing', bic: 'INGBNL2A' },
    livemode: world.livemode,
    metadata: {},
    type: 'ideal',
  });
  world.instruments.insert({ id: method.id, key: ACCOUNT, verified: told, setUp: false, spent: false });
  return method;
}

/** The SEPA debit method of a set-up that succeeded. Safe to call again: false when there is one, or none to come. */
export function generateDebit(turn: Turn, intent: Stripe.SetupIntent): boolean {
  const { world } = turn;
  const attempt =
    typeof intent.latest_attempt === 'string' ? world.setupAttempts.get(intent.latest_attempt) : undefined;
  const ideal = attempt?.payment_method_details.ideal;
  const account = accountByNumber(ACCOUNT);
  const paid = world.paymentMethods.get(String(intent.payment_method));
  if (
    attempt === undefined ||
    ideal === undefined ||
    ideal.generated_sepa_debit !== null ||
    account === undefined ||
    paid === undefined
  ) {
    return false;
  }
  const { name, email } = paid.billing_details;
  const method = addBankMethod(turn, account, {}, { billing: { name, email }, verified: true });
  if (method.sepa_debit !== undefined) {
    const sepa_debit = { ...method.sepa_debit, generated_from: { charge: null, setup_attempt: attempt.id } };
    world.paymentMethods.update(method, { sepa_debit });
  }
  markSetUp(turn, method);
  world.setupAttempts.update(attempt, {
    payment_method_details: {
      type: 'ideal',
      ideal: {
        ...ideal,
        generated_sepa_debit: method.id,
        generated_sepa_debit_mandate: addMandate(turn, method).id,
        iban_last4: ACCOUNT.slice(-4),
      },
    },
  });
  if (typeof intent.customer === 'string') attachTo(turn, method, intent.customer);
  return true;
}

/** @param told whether the bank names the account at once */
export function succeedIdeal(
  turn: Turn,
  intent: Stripe.SetupIntent,
  paymentMethod: Stripe.PaymentMethod,
  told: boolean,
): void {
  const { world } = turn;
  const used = world.instruments.get(paymentMethod.id);
  if (used !== undefined) world.instruments.update(used, { spent: true });
  world.setupIntents.update(intent, { status: 'succeeded', next_action: null });
  if (told) generateDebit(turn, intent);
  emit(turn, 'setup_intent.succeeded', intent);
}

// Builds balance transactions: what each movement did to the account's balance.

import type Stripe from 'stripe';
import { convert } from '../data/currencies.ts';
import { newId } from '../ids.ts';
import type { Settings } from '../settings.ts';

export interface MovementInput {
  type:
    | 'charge'
    | 'payment'
    | 'refund'
    | 'payment_refund'
    | 'adjustment'
    | 'refund_failure'
    | 'payment_failure_refund';
  /** In minor units of the payment's currency, as the fee; negative takes from the balance. */
  amount: number;
  fee: number;
  currency: string;
  created: number;
  availableOn: number;
  source: string;
  description: string | null;
}

const REPORTING: Record<MovementInput['type'], string> = {
  charge: 'charge',
  payment: 'charge',
  refund: 'refund',
  payment_refund: 'refund',
  adjustment: 'dispute',
  refund_failure: 'refund_failure',
  payment_failure_refund: 'charge_failure',
};

/** In the account's currency: what came or went in another one is converted, and says at which rate. */
export function buildMovement(input: MovementInput, settings: Settings): Stripe.BalanceTransaction {
  const { settlementCurrency, settlementRate } = settings;
  const currency = settlementCurrency ?? input.currency;
  const rate = currency === input.currency ? null : settlementRate;
  const settled = (amount: number) =>
    rate === null ? amount : convert(amount, { from: input.currency, to: currency, rate });
  const amount = settled(input.amount);
  const fee = settled(input.fee);
  return {
    id: newId('txn'),
    object: 'balance_transaction',
    amount,
    available_on: input.availableOn,
    balance_type: 'payments',
    created: input.created,
    currency,
    description: input.description,
    exchange_rate: rate,
    fee,
    fee_details:
      fee === 0
        ? []
        : [
            {
              amount: fee,
              application: null,
              currency,
              description: 'Stripe processing fees',
              type: 'stripe_fee',
            },
          ],
    net: amount - fee,
    reporting_category: REPORTING[input.type],
    source: input.source,
    status: input.availableOn <= input.created ? 'available' : 'pending',
    type: input.type,
  };
}

/** 2.9 % and 30 minor units, as in the US; only its presence matters. */
export function processingFee(amount: number): number {
  return Math.min(amount, Math.round(amount * 0.029) + 30);
}

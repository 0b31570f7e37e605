// Builds balance transactions: what each movement did to the account's balance.

import type Stripe from 'stripe';
import { newId } from '../ids.ts';

export interface MovementInput {
  type:
    | 'charge'
    | 'payment'
    | 'refund'
    | 'payment_refund'
    | 'adjustment'
    | 'refund_failure'
    | 'payment_failure_refund';
  /** In minor units; negative takes from the balance. */
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

export function buildMovement(input: MovementInput): Stripe.BalanceTransaction {
  return {
    id: newId('txn'),
    object: 'balance_transaction',
    amount: input.amount,
    available_on: input.availableOn,
    balance_type: 'payments',
    created: input.created,
    currency: input.currency,
    description: input.description,
    exchange_rate: null,
    fee: input.fee,
    fee_details:
      input.fee === 0
        ? []
        : [
            {
              amount: input.fee,
              application: null,
              currency: input.currency,
              description: 'Stripe processing fees',
              type: 'stripe_fee',
            },
          ],
    net: input.amount - input.fee,
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

// The stand-in's own account of money moved, for checkers that compare it with the product's.

import type { World } from '../store/world.ts';

export interface LedgerEntry {
  id: string;
  type: string;
  amount: number;
  currency: string;
  created: number;
  source: string | null;
  payment_intent: string | null;
  customer: string | null;
  metadata: Record<string, string>;
}

/** Oldest first: every balance transaction with the payment it belongs to, and totals per currency. */
export function ledgerOf(world: World): {
  entries: LedgerEntry[];
  totals: Record<string, number>;
  payments: object[];
} {
  const entries: LedgerEntry[] = [];
  const totals: Record<string, number> = {};
  for (const movement of world.balanceTransactions.newestFirst()) {
    const source = typeof movement.source === 'string' ? movement.source : null;
    const intent = intentOf(world, source);
    entries.push({
      id: movement.id,
      type: movement.type,
      amount: movement.amount,
      currency: movement.currency,
      created: movement.created,
      source,
      payment_intent: intent?.id ?? null,
      customer: typeof intent?.customer === 'string' ? intent.customer : null,
      metadata: intent?.metadata ?? {},
    });
    totals[movement.currency] = (totals[movement.currency] ?? 0) + movement.amount;
  }
  const payments = [];
  for (const intent of world.paymentIntents.newestFirst()) {
    payments.push({
      id: intent.id,
      status: intent.status,
      amount: intent.amount,
      amount_received: intent.amount_received,
      currency: intent.currency,
      customer: intent.customer,
      metadata: intent.metadata,
    });
  }
  return { entries: entries.reverse(), totals, payments: payments.reverse() };
}

function intentOf(world: World, source: string | null) {
  if (source === null) return undefined;
  const charge = world.charges.get(source);
  const refund = world.refunds.get(source);
  const dispute = world.disputes.get(source);
  const id = charge?.payment_intent ?? refund?.payment_intent ?? dispute?.payment_intent;
  return typeof id === 'string' ? world.paymentIntents.get(id) : undefined;
}

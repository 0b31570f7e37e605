/**
 * Reads Stripe's side of the books: PaymentIntents that carry our metadata, disputes, and events that the inbox should have.
 * Called by `check.ts`. Only lists and retrieves, so a restricted key with read rights is enough.
 */
import type { Stripe } from 'stripe';
import { refundsOf } from '../activities/refunds.ts';
import { refundedMinor } from '../domain/refunds.ts';
import { STRIPE_EVENT_LISTS } from '../domain/stripe-event.ts';
import type { StripeDispute, StripePayment } from './books.ts';
import { patiently } from './patience.ts';

/** Stripe answers no events older than this. */
const EVENTS_REACH_BACK_DAYS = 30;

/** Every PaymentIntent of ours among those of the account, or of a Customer; one request for each hundred of them. */
export async function readPayments(
  stripe: Stripe,
  among: { created: Stripe.RangeQueryParam } | { customer: string },
  onPage: (count: number) => void = () => {},
): Promise<StripePayment[]> {
  const payments: StripePayment[] = [];
  let seen = 0;
  const expand = ['data.latest_charge'];
  for await (const intent of everyOf((page) => stripe.paymentIntents.list({ ...among, expand, ...page }))) {
    seen += 1;
    if (seen % 100 === 0) {
      onPage(seen);
    }
    const payment = paymentOf(intent);
    if (payment !== null) {
      payments.push(payment);
    }
  }
  return payments;
}

/** One PaymentIntent as Stripe has it now; null when it has none of that id, or it is not ours. */
export async function readPayment(stripe: Stripe, id: string): Promise<StripePayment | null> {
  try {
    const expand = ['latest_charge'];
    return paymentOf(await patiently(() => stripe.paymentIntents.retrieve(id, { expand })));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'resource_missing') {
      return null;
    }
    throw error;
  }
}

function paymentOf(intent: Stripe.PaymentIntent): StripePayment | null {
  const { charge_id: chargeId, enrollment_id: enrollmentId } = intent.metadata;
  if (chargeId === undefined || enrollmentId === undefined) {
    return null;
  }
  const charge = typeof intent.latest_charge === 'object' ? intent.latest_charge : null;
  return {
    id: intent.id,
    customerId: typeof intent.customer === 'string' ? intent.customer : (intent.customer?.id ?? null),
    chargeId,
    enrollmentId,
    status: intent.status,
    amountMinor: intent.amount,
    receivedMinor: intent.amount_received,
    refundedMinor: charge === null ? 0 : givenBackMinor(charge),
    currency: intent.currency,
    disputed: charge?.disputed ?? false,
    createdAt: new Date(intent.created * 1000).toISOString(),
  };
}

/** What was held and let go, all of it or the rest of a capture in part, counts as refunded at Stripe; no money moved. */
function givenBackMinor({ amount, amount_captured, amount_refunded }: Stripe.Charge): number {
  return Math.max(0, amount_refunded - (amount - amount_captured));
}

/** What went back of a PaymentIntent, from its refunds one by one: the charge's own sum tells nothing of their status. */
export async function readRefundedMinor(stripe: Stripe, paymentIntentId: string): Promise<number> {
  const refunds = await patiently(() => refundsOf(stripe, paymentIntentId));
  return refundedMinor(
    refunds.map(({ amount, status }) => ({ amountMinor: amount, status: status ?? 'pending' })),
  );
}

/** Every dispute of the account that was opened since then, whosever payment it is about; one request for each hundred. */
export async function readDisputes(stripe: Stripe, since: Date): Promise<StripeDispute[]> {
  const disputes: StripeDispute[] = [];
  const created = { gte: Math.floor(since.getTime() / 1000) };
  for await (const dispute of everyOf((page) => stripe.disputes.list({ created, ...page }))) {
    const { id, payment_intent: intent, status, balance_transactions: moved } = dispute;
    const paymentIntentId = typeof intent === 'string' ? intent : intent?.id;
    if (paymentIntentId !== undefined) {
      disputes.push({ id, paymentIntentId, status, movedBy: moved.map((movement) => movement.id) });
    }
  }
  return disputes;
}

/** Events of the types that have an effect here, created between the two instants; the newest first. */
export async function readEvents(
  stripe: Stripe,
  since: Date,
  until: Date,
): Promise<{ id: string; type: string; createdAt: string }[]> {
  const reach = Date.now() - EVENTS_REACH_BACK_DAYS * 86_400_000;
  const created = {
    gte: Math.floor(Math.max(since.getTime(), reach) / 1000),
    lte: Math.floor(until.getTime() / 1000),
  };
  const events: { id: string; type: string; createdAt: string }[] = [];
  for (const list of STRIPE_EVENT_LISTS) {
    const types = [...list];
    for await (const event of everyOf((page) => stripe.events.list({ types, created, ...page }))) {
      events.push({
        id: event.id,
        type: event.type,
        createdAt: new Date(event.created * 1000).toISOString(),
      });
    }
  }
  return events.sort((one, other) => other.createdAt.localeCompare(one.createdAt));
}

/** All of a list, a page at a time: one that fails is asked for again, and not those before it. */
async function* everyOf<T extends { id: string }>(
  list: (page: Stripe.PaginationParams) => Promise<Stripe.ApiList<T>>,
): AsyncGenerator<T> {
  for (let page: Stripe.PaginationParams = { limit: 100 }; ; ) {
    const { data, has_more: hasMore } = await patiently(() => list(page));
    yield* data;
    const last = data.at(-1);
    if (!hasMore || last === undefined) {
      return;
    }
    page = { limit: 100, starting_after: last.id };
  }
}

// What follows a payment: partial capture, lapsed holds, refunds, disputes, fraud warnings, balance.

import assert from 'node:assert/strict';
import { type CaseContext, contract, idOf, refusal, whole } from '../context.ts';
import { ON_SESSION } from './parts.ts';

async function paid({ stripe }: CaseContext, token = 'pm_card_visa') {
  const intent = await stripe.paymentIntents.create({
    ...ON_SESSION,
    payment_method: token,
    expand: ['latest_charge'],
  });
  return { intent, charge: whole(intent.latest_charge) };
}

function held({ stripe }: CaseContext) {
  return stripe.paymentIntents.create({
    ...ON_SESSION,
    payment_method: 'pm_card_visa',
    capture_method: 'manual',
  });
}

/** The dispute that a test card brings on. The real one comes some seconds later. */
async function disputeOf({ stripe }: CaseContext, charge: string) {
  for (let i = 0; i < 30; i++) {
    const { data } = await stripe.disputes.list({ charge });
    if (data[0] !== undefined) return data[0];
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  return assert.fail('no dispute came');
}

export const afterPaymentCases = [
  contract('Capture: a part is taken, the rest is released', async (context) => {
    const intent = await held(context);
    assert.equal(intent.amount_capturable, 1099);
    const done = await context.stripe.paymentIntents.capture(intent.id, {
      amount_to_capture: 600,
      expand: ['latest_charge'],
    });
    assert.equal(done.status, 'succeeded');
    assert.equal(done.amount, 1099);
    assert.equal(done.amount_received, 600);
    assert.equal(done.amount_capturable, 0);
    assert.equal(whole(done.latest_charge).amount_captured, 600);
    const refund = await context.stripe.refunds.create({ payment_intent: intent.id });
    assert.equal(refund.amount, 600);
  }),
  contract('Capture: more than is held is refused', async (context) => {
    const intent = await held(context);
    await refusal(context.stripe.paymentIntents.capture(intent.id, { amount_to_capture: 1100 }), {
      status: 400,
      code: 'amount_too_large',
    });
  }),
  contract('Capture: a second time is refused', async (context) => {
    const intent = await held(context);
    await context.stripe.paymentIntents.capture(intent.id);
    await refusal(context.stripe.paymentIntents.capture(intent.id), {
      status: 400,
      code: 'payment_intent_unexpected_state',
    });
  }),
  contract('Capture: after seven days the hold is gone', async (context) => {
    context.base();
    const intent = await held(context);
    await context.control('clock', { advance_seconds: 7 * 86_400 + 60 });
    const read = await context.stripe.paymentIntents.retrieve(intent.id);
    assert.equal(read.status, 'canceled');
    assert.ok(['automatic', 'expired'].includes(String(read.cancellation_reason)));
    await context.eventTypes(intent.id, ['payment_intent.canceled']);
    await context.eventTypes(idOf(read.latest_charge), ['charge.expired']);
    assert.equal(
      (await context.stripe.balanceTransactions.list({ source: idOf(read.latest_charge) })).data.length,
      0,
    );
  }),
  contract('Cancel: held money goes back', async (context) => {
    const intent = await held(context);
    await context.stripe.paymentIntents.cancel(intent.id);
    const charge = await context.stripe.charges.retrieve(idOf(intent.latest_charge));
    assert.equal(charge.refunded, true);
    assert.equal(charge.captured, false);
  }),

  contract('Refund: whole, and not twice', async (context) => {
    const { intent, charge } = await paid(context);
    const refund = await context.stripe.refunds.create({
      payment_intent: intent.id,
      reason: 'requested_by_customer',
    });
    assert.equal(refund.status, 'succeeded');
    assert.equal(refund.amount, 1099);
    const after = await context.stripe.charges.retrieve(charge.id, { expand: ['refunds'] });
    assert.equal(after.refunded, true);
    assert.equal(after.refunds?.data[0]?.id, refund.id);
    await refusal(context.stripe.refunds.create({ charge: charge.id }), {
      status: 400,
      code: 'charge_already_refunded',
    });
    assert.equal((await context.stripe.paymentIntents.retrieve(intent.id)).status, 'succeeded');
    await context.eventTypes(refund.id, ['refund.created']);
    await context.eventTypes(charge.id, ['charge.refunded']);
  }),
  contract('Refund: in parts, never more than was paid', async (context) => {
    const { charge } = await paid(context);
    await context.stripe.refunds.create({ charge: charge.id, amount: 1000 });
    await refusal(context.stripe.refunds.create({ charge: charge.id, amount: 100 }), {
      status: 400,
      param: 'amount',
    });
    await context.stripe.refunds.create({ charge: charge.id, amount: 99 });
    assert.equal((await context.stripe.refunds.list({ charge: charge.id })).data.length, 2);
  }),
  contract('Refund: a movement of its own on the balance', async (context) => {
    const { charge } = await paid(context);
    const refund = await context.stripe.refunds.create({
      charge: charge.id,
      expand: ['balance_transaction'],
    });
    const movement = whole(refund.balance_transaction);
    assert.equal(movement.amount, -1099);
    assert.equal(movement.type, 'refund');
    const incoming = await context.stripe.balanceTransactions.retrieve(idOf(charge.balance_transaction));
    assert.equal(incoming.net, incoming.amount - incoming.fee);
  }),
  contract('Refund: pending, then succeeded', async (context) => {
    context.base();
    const { charge } = await paid(context, 'pm_card_pendingRefund');
    const refund = await context.stripe.refunds.create({ charge: charge.id });
    assert.equal(refund.status, 'pending');
    await context.control(`refunds/${refund.id}/settle`);
    assert.equal((await context.stripe.refunds.retrieve(refund.id)).status, 'succeeded');
    await context.eventTypes(refund.id, ['refund.created', 'refund.updated']);
  }),
  contract('Refund: succeeded, then failed by time', async (context) => {
    context.base();
    const { charge } = await paid(context, 'pm_card_refundFail');
    const refund = await context.stripe.refunds.create({ charge: charge.id });
    assert.equal(refund.status, 'succeeded');
    await context.control('clock', { advance_seconds: 2 * 86_400 });
    assert.equal((await context.stripe.refunds.retrieve(refund.id)).status, 'failed');
    assert.equal((await context.stripe.charges.retrieve(charge.id)).amount_refunded, 0);
    await context.eventTypes(refund.id, ['refund.failed']);
  }),
  contract('Refund: of what was never paid', async (context) => {
    const intent = await context.stripe.paymentIntents.create({ amount: 1099, currency: 'usd' });
    await refusal(context.stripe.refunds.create({ payment_intent: intent.id }), { status: 400 });
    await refusal(context.stripe.rawRequest('POST', '/v1/refunds', {}), { status: 400 });
  }),

  contract('Dispute: brought on by the card, money is withdrawn, no refund any more', async (context) => {
    const { charge } = await paid(context, 'pm_card_createDispute');
    const dispute = await disputeOf(context, charge.id);
    assert.equal(dispute.status, 'needs_response');
    assert.equal(dispute.reason, 'fraudulent');
    assert.equal(dispute.balance_transactions[0]?.amount, -1099);
    await context.eventTypes(dispute.id, ['charge.dispute.created', 'charge.dispute.funds_withdrawn']);
    assert.equal((await context.stripe.charges.retrieve(charge.id)).disputed, true);
    await refusal(context.stripe.refunds.create({ charge: charge.id }), {
      status: 400,
      code: 'charge_disputed',
    });
  }),
  contract('Dispute: winning evidence brings the money back', async (context) => {
    const { charge } = await paid(context, 'pm_card_createDisputeProductNotReceived');
    const dispute = await disputeOf(context, charge.id);
    assert.equal(dispute.reason, 'product_not_received');
    await context.stripe.disputes.update(dispute.id, {
      evidence: { uncategorized_text: 'winning_evidence' },
    });
    await context.eventTypes(dispute.id, ['charge.dispute.closed', 'charge.dispute.funds_reinstated']);
    assert.equal((await context.stripe.disputes.retrieve(dispute.id)).status, 'won');
  }),
  contract('Dispute: losing evidence loses it', async (context) => {
    const { charge } = await paid(context, 'pm_card_createDispute');
    const dispute = await disputeOf(context, charge.id);
    await context.stripe.disputes.update(dispute.id, { evidence: { uncategorized_text: 'losing_evidence' } });
    await context.eventTypes(dispute.id, ['charge.dispute.closed']);
    assert.equal((await context.stripe.disputes.retrieve(dispute.id)).status, 'lost');
    await refusal(context.stripe.disputes.close(dispute.id), { status: 400 });
  }),
  contract('Dispute: an inquiry moves no money until it is escalated', async (context) => {
    const { charge } = await paid(context, 'pm_card_createDisputeInquiry');
    const dispute = await disputeOf(context, charge.id);
    assert.equal(dispute.status, 'warning_needs_response');
    assert.deepEqual(dispute.balance_transactions, []);
    const evidence = { uncategorized_text: 'escalate_inquiry_evidence' };
    await context.stripe.disputes.update(dispute.id, { evidence });
    await context.eventTypes(dispute.id, ['charge.dispute.updated', 'charge.dispute.funds_withdrawn']);
    assert.equal((await context.stripe.disputes.retrieve(dispute.id)).status, 'needs_response');
  }),
  contract('Dispute: with manual capture it comes with the capture', async (context) => {
    const intent = await context.stripe.paymentIntents.create({
      ...ON_SESSION,
      payment_method: 'pm_card_createDispute',
      capture_method: 'manual',
    });
    assert.equal((await context.stripe.disputes.list({ payment_intent: intent.id })).data.length, 0);
    await context.stripe.paymentIntents.capture(intent.id);
    await disputeOf(context, idOf(intent.latest_charge));
  }),
  contract('Dispute: of any charge, by the control plane', async (context) => {
    context.base();
    const { charge } = await paid(context);
    const dispute = await context.control(`charges/${charge.id}/dispute`, { reason: 'duplicate' });
    await context.control(`disputes/${dispute.id}/close`, { won: true });
    const types = await context.eventTypes(String(dispute.id), ['charge.dispute.closed']);
    assert.deepEqual(types, [
      'charge.dispute.created',
      'charge.dispute.funds_withdrawn',
      'charge.dispute.funds_reinstated',
      'charge.dispute.closed',
    ]);
  }),
  contract('Early fraud warning: brought on by the card', async (context) => {
    context.base();
    const { charge } = await paid(context, 'pm_card_createIssuerFraudRecord');
    const warnings = await context.stripe.radar.earlyFraudWarnings.list({ charge: charge.id });
    assert.equal(warnings.data[0]?.charge, charge.id);
    assert.ok(warnings.data[0]);
    await context.eventTypes(warnings.data[0].id, ['radar.early_fraud_warning.created']);
  }),
];

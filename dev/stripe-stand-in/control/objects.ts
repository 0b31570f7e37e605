// Controls of single objects: what banks, networks and customers decide.

import { randomChars } from '../ids.ts';
import { accountDecline, failDebit, settleDebit } from '../payments/debits.ts';
import { closeDispute, escalateInquiry, isOpen, openDispute, reinstate } from '../payments/disputes.ts';
import { generateDebit } from '../payments/generated-debits.ts';
import { endMandate } from '../payments/mandates.ts';
import { changeNotes } from '../payments/notes.ts';
import { failRefund, settleRefund } from '../payments/refund.ts';
import { shown } from '../resources/webhook-endpoints.ts';
import { automaticallyUpdate } from './card-update.ts';
import { completeByControl } from './complete-session.ts';
import { type Control, control, objectControl, orConflict } from './controls.ts';
import { booleanOf, choiceOf, numberOf, textOf } from './fields.ts';

export const objectControls: readonly Control[] = [
  control('POST', '(?:payment_methods|cards)/:id/next_charge', ({ standIn, id, body }) => {
    const world = standIn.worlds[booleanOf(body, 'livemode', false) ? 'live' : 'test'];
    const code = textOf(body, 'code', null);
    return standIn.db.turn(() => {
      world.nextCharges.delete(id);
      if (booleanOf(body, 'clear', false)) return { id, cleared: true };
      return world.nextCharges.insert({
        id,
        code: code ?? 'card_declined',
        declineCode: textOf(body, 'decline_code', code === null ? 'generic_decline' : code),
        adviceCode: textOf(body, 'advice_code', null),
        networkAdviceCode: textOf(body, 'network_advice_code', null),
        networkDeclineCode: textOf(body, 'network_decline_code', null),
        times: body.times === null ? null : numberOf(body, 'times', 1),
      });
    });
  }),

  objectControl(
    'payment_methods/:id/automatically_updated',
    (world, id) => world.paymentMethods.get(id),
    automaticallyUpdate,
  ),

  objectControl(
    'payment_intents/:id/settle',
    (world, id) => world.paymentIntents.get(id),
    (turn, intent) => {
      orConflict(settleDebit(turn, intent), `${intent.id} is ${intent.status}, not processing`);
      return intent;
    },
  ),
  objectControl(
    'payment_intents/:id/fail',
    (world, id) => world.paymentIntents.get(id),
    (turn, intent, body) => {
      const failureCode = textOf(body, 'code', 'insufficient_funds');
      const failureMessage = textOf(body, 'message', null);
      const decline = accountDecline({ failureCode, failureMessage });
      orConflict(failDebit(turn, intent, decline), `${intent.id} is ${intent.status}, not processing`);
      return intent;
    },
  ),
  objectControl(
    'payment_intents/:id/cancel_window',
    (world, id) => world.paymentIntents.get(id),
    (turn, intent, body) => {
      orConflict(intent.status === 'processing', `${intent.id} is ${intent.status}, not processing`);
      const cancelUntil = turn.world.clock.now() + (numberOf(body, 'seconds', 0) ?? 0);
      changeNotes(turn.world, intent.id, { cancelUntil });
      return { payment_intent: intent.id, cancelable_until: cancelUntil };
    },
  ),

  objectControl(
    'charges/:id/dispute',
    (world, id) => world.charges.get(id),
    (turn, charge, body) => {
      const can = charge.status === 'succeeded' && charge.captured && !charge.disputed;
      orConflict(can, `${charge.id} cannot be disputed now`);
      const prevented = choiceOf(body, 'prevented', ['no', 'resolution', 'block'] as const, 'no');
      return openDispute(turn, charge, {
        reason: textOf(body, 'reason', 'fraudulent') ?? 'fraudulent',
        inquiry: booleanOf(body, 'inquiry', false),
        prevented: prevented === 'no' ? null : prevented,
        amount: numberOf(body, 'amount', charge.amount_captured) ?? charge.amount_captured,
      });
    },
  ),
  objectControl(
    'disputes/:id/close',
    (world, id) => world.disputes.get(id),
    (turn, dispute, body) => {
      orConflict(isOpen(dispute), `${dispute.id} is ${dispute.status}`);
      const at = booleanOf(body, 'reinstated', true) ? 'at_once' : 'later';
      closeDispute(turn, dispute, booleanOf(body, 'won', false), at);
      return dispute;
    },
  ),
  objectControl(
    'disputes/:id/reinstate',
    (world, id) => world.disputes.get(id),
    (turn, dispute) => {
      orConflict(dispute.status === 'won', `${dispute.id} is ${dispute.status}, not won`);
      orConflict(reinstate(turn, dispute), `the money of ${dispute.id} is back already`);
      return dispute;
    },
  ),
  objectControl(
    'disputes/:id/escalate',
    (world, id) => world.disputes.get(id),
    (turn, dispute) => {
      orConflict(
        dispute.status.startsWith('warning_') && isOpen(dispute),
        `${dispute.id} is ${dispute.status}`,
      );
      escalateInquiry(turn, dispute);
      return dispute;
    },
  ),

  objectControl(
    'refunds/:id/settle',
    (world, id) => world.refunds.get(id),
    (turn, refund) => {
      orConflict(settleRefund(turn, refund), `${refund.id} is ${refund.status}, not pending`);
      return refund;
    },
  ),
  objectControl(
    'refunds/:id/fail',
    (world, id) => world.refunds.get(id),
    (turn, refund) => {
      orConflict(failRefund(turn, refund), `${refund.id} is ${refund.status}`);
      return refund;
    },
  ),

  objectControl(
    'setup_intents/:id/generate_debit',
    (world, id) => world.setupIntents.get(id),
    (turn, intent) => {
      orConflict(generateDebit(turn, intent), `${intent.id} has no iDEAL payment that waits for its account`);
      return intent;
    },
  ),

  objectControl(
    'mandates/:id/end',
    (world, id) => world.mandates.get(id),
    (turn, mandate) => {
      orConflict(endMandate(turn, mandate), `${mandate.id} is inactive already`);
      return mandate;
    },
  ),

  objectControl(
    'checkout_sessions/:id/complete',
    (world, id) => world.sessions.get(id),
    (turn, session, body) => completeByControl(turn, session, body),
  ),

  objectControl(
    'webhook_endpoints/:id/roll_secret',
    (world, id) => world.endpoints.get(id),
    (turn, endpoint, body) => {
      const until = turn.world.clock.now() + (numberOf(body, 'old_secret_seconds', 86_400) ?? 0);
      const secret = `whsec_${randomChars(32)}`;
      const oldSecret = { secret: endpoint.signingSecret, until };
      turn.world.endpoints.update(endpoint, { signingSecret: secret, oldSecret });
      return { ...shown(endpoint), secret };
    },
  ),
  objectControl(
    'events/:id/resend',
    (world, id) => world.events.get(id),
    (turn, event) => {
      const { endpoints, events } = turn.world;
      const enabled = [...endpoints.newestFirst()].filter((endpoint) => endpoint.status === 'enabled');
      for (const endpoint of enabled) events.queue(event.id, endpoint.id);
      return { event: event.id, endpoints: enabled.map((endpoint) => endpoint.id) };
    },
  ),
];

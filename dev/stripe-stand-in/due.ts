// What happens by itself when its time comes. Called with each timer that is due; all of it is Stripe's own doing.

import { stopPayment } from './payments/cancel.ts';
import { expireSession } from './payments/checkout.ts';
import { accountDecline, failDebit, settleDebit } from './payments/debits.ts';
import { backingOf } from './payments/instruments.ts';
import { failVerification } from './payments/microdeposits.ts';
import { failRefund, settleRefund } from './payments/refund.ts';
import type { Timer } from './store/timers.ts';
import type { Turn } from './turn.ts';

export function runTimer(turn: Turn, timer: Timer): void {
  const { world } = turn;
  const intent = world.paymentIntents.get(timer.subject);
  switch (timer.kind) {
    case 'expire_session': {
      const session = world.sessions.get(timer.subject);
      if (session !== undefined) expireSession(turn, session);
      return;
    }
    case 'expire_hold':
      if (intent?.status === 'requires_capture')
        stopPayment(turn, intent, world.settings.holdExpiryReason, true);
      return;
    case 'settle_debit':
      if (intent !== undefined) settleDebit(turn, intent);
      return;
    case 'fail_debit': {
      const method =
        typeof intent?.payment_method === 'string'
          ? world.paymentMethods.get(intent.payment_method)
          : undefined;
      const backing = method && backingOf(world, method);
      if (intent !== undefined && backing?.kind === 'debit')
        failDebit(turn, intent, accountDecline(backing.account));
      return;
    }
    case 'fail_microdeposits': {
      const waiting = intent ?? world.setupIntents.get(timer.subject);
      const id = waiting?.payment_method;
      const method = typeof id === 'string' ? world.paymentMethods.get(id) : undefined;
      if (waiting?.next_action?.type !== 'verify_with_microdeposits' || method === undefined) return;
      failVerification(turn, waiting, method, 'failed');
      return;
    }
    case 'settle_refund':
    case 'fail_refund': {
      const refund = world.refunds.get(timer.subject);
      if (refund === undefined) return;
      if (timer.kind === 'settle_refund') settleRefund(turn, refund);
      else failRefund(turn, refund);
      return;
    }
  }
}

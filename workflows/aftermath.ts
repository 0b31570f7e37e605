/**
 * What happens to one charge after it was paid: refunds asked for, refunds and disputes that Stripe tells of. Runs
 * beside the enrollment, which may have ended long before; started by whoever has news, ends when nothing is under way,
 * and is started again by later news. The rows are the memory between two runs.
 */
import {
  ActivityFailure,
  ApplicationFailure,
  allHandlersFinished,
  condition,
  getExternalWorkflowHandle,
  isCancellation,
  patched,
  setHandler,
} from '@temporalio/workflow';
import type { RefundResult } from '../activities/aftermath.ts';
import type { Aftermath } from '../activities/aftermath-record.ts';
import { forbidsCharging, forbidsRefunding } from '../domain/disputes.ts';
import { enrollmentWorkflowId } from '../domain/ids.ts';
import { planRefund, REFUND_TABLE } from '../domain/refunds.ts';
import type { AftermathInput } from '../domain/workflow-input.ts';
import {
  chargeAftermathSignal,
  disputesChangedSignal,
  type Requested,
  refundChargeUpdate,
} from './messages.ts';
import { PATCHES } from './patches.ts';
import { refuse, refuseIf } from './refusals.ts';
import { interactive, scheduled } from './stripe-activities.ts';

/** A webhook may be missed: soon at first, later once a week, for as long as a bank takes. */
const LOOK_AFTER_HOURS = [1, 6, 24, 24, 24, 168];

/** A look takes a second or two. */
const LOOK_PATIENCE_MS = 5_000;

export async function chargeAftermathWorkflow(input: AftermathInput): Promise<void> {
  let known: Aftermath = { refunds: input.refunds, disputes: [] };
  let disputed = input.disputed;
  let toldDisputes = '[]';
  let news = false;
  let looks = 0;
  let refunding = 0;
  /** What was asked for under each Idempotency-Key in this run. */
  const asked = new Map<string, number | null>();
  let looking = false;

  setHandler(chargeAftermathSignal, () => {
    news = true;
  });

  setHandler(refundChargeUpdate, refund, {
    validator: ({ requestKey, amountMinor }) => {
      const { capturedMinor, currency } = input;
      const before = asked.get(requestKey);
      if (before !== undefined && before !== amountMinor) {
        refuse(
          'idempotency_mismatch',
          `this Idempotency-Key was used for a refund of ${before ?? 'all that was left'}; send a new key for one of ${amountMinor ?? 'all that is left'}`,
        );
      }
      const takenMinor = disputed ? null : 0;
      const plan = planRefund({ capturedMinor, currency, refunds: known.refunds, takenMinor }, amountMinor);
      // News that was ahead of its payment has started this run: what is captured by now, the Activity reads.
      refuseIf('refused' in plan && capturedMinor > 0 ? plan.refused : null);
      if (refunding > 0) {
        refuse('charge_busy', 'another refund of this charge is being made; ask again');
      }
    },
  });

  async function refund(requested: Requested & { requestKey: string; amountMinor: number | null }) {
    const { by, reason, requestKey, amountMinor } = requested;
    refunding += 1;
    asked.set(requestKey, amountMinor);
    try {
      if (looking && patched(PATCHES.refundAfterLook)) {
        // What the look has listed already is without this refund, and would be what is known of the charge.
        if (!(await condition(() => !looking, LOOK_PATIENCE_MS))) {
          // Stripe may refuse our key for hours: who asked hears of it, and no refund is made behind their back then.
          refuse('charge_busy', 'what Stripe says of this charge is still being read; ask again');
        }
      }
      const result = await interactive(`Refund ${amountMinor ?? 'all that is left'}`)
        .refundCharge({
          chargeId: input.chargeId,
          amountMinor,
          requestKey,
          by: { by, reason },
          at: new Date().toISOString(),
        })
        .catch((error: unknown) => {
          // What Stripe tells of a refund of ours is an echo: nobody else would look whether it was made.
          const mayBeMade = !isCancellation(error) && !isKeyRefused(error);
          news ||= mayBeMade && patched(PATCHES.lookAfterRefundError);
          throw error;
        });
      await learn(result);
      return answerOf(result);
    } finally {
      refunding -= 1;
    }
  }

  async function look() {
    looking = true;
    try {
      const { chargeId } = input;
      await learn(
        await scheduled('Read refunds and disputes').followAftermath({
          chargeId,
          at: new Date().toISOString(),
        }),
      );
    } finally {
      looking = false;
    }
  }

  /** The enrollment must know of disputes: it charges nothing while one is open. */
  async function learn(after: Aftermath): Promise<void> {
    known = { refunds: after.refunds, disputes: after.disputes };
    disputed = forbidsRefunding(after.disputes.map(({ status }) => status));
    const telling = JSON.stringify(after.disputes);
    if (telling !== toldDisputes) {
      toldDisputes = telling;
      await tellEnrollment(input, after.disputes);
    }
  }

  // Whoever started it has something to say.
  await condition(() => news || refunding > 0, 60_000);
  for (;;) {
    await condition(() => refunding === 0);
    if (news) {
      news = false;
      await look();
    } else if (isUnderWay(known)) {
      const hours = LOOK_AFTER_HOURS[Math.min(looks, LOOK_AFTER_HOURS.length - 1)] ?? 168;
      const told = await condition(() => news || refunding > 0, hours * 3_600_000);
      if (!told) {
        looks += 1;
        news = true;
      }
    } else {
      await condition(allHandlersFinished);
      if (!news && refunding === 0) {
        return;
      }
    }
  }
}

/** The Activity says so only of a refund that was not made: one that may have been made is waited for. */
function isKeyRefused(error: unknown): boolean {
  const cause = error instanceof ActivityFailure ? error.cause : undefined;
  return cause instanceof ApplicationFailure && cause.type === 'StripeKeyRefused';
}

/** A refund or a dispute whose end Stripe has not told yet. */
function isUnderWay({ refunds, disputes }: Aftermath): boolean {
  const waiting = refunds.some(({ status }) => status !== 'succeeded' && !REFUND_TABLE[status]?.final);
  return waiting || forbidsCharging(disputes.map(({ status }) => status));
}

function answerOf(result: RefundResult): { refundId: string; status: string; amountMinor: number } {
  if (result.kind === 'refused') {
    return refuse(result.code, result.message);
  }
  const { refundId, status, amountMinor } = result;
  return { refundId, status, amountMinor };
}

/** An enrollment that has ended needs to know nothing any more. */
async function tellEnrollment(
  input: AftermathInput,
  disputes: { id: string; status: string }[],
): Promise<void> {
  const { enrollmentId, chargeId } = input;
  const enrollment = getExternalWorkflowHandle(enrollmentWorkflowId(enrollmentId));
  try {
    await enrollment.signal(disputesChangedSignal, { chargeId, disputes });
  } catch (error) {
    if (isCancellation(error)) {
      throw error;
    }
  }
}

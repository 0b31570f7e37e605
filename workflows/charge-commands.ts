/** What somebody may ask about one charge: cancel, forgive, stop, extend, resume, and the orders of charge-orders.ts. Registered by handlers.ts. */
import { condition, patched } from '@temporalio/workflow';
import { budgetOf, MOST_RETRIES_PER_CHARGE } from '../domain/card-budgets.ts';
import { type OpenCharge, policyOf } from '../domain/open-charge.ts';
import { forgiveBalance } from './balance.ts';
import { ANSWER_MS, handleOrders } from './charge-orders.ts';
import { asker } from './enrollment-commands.ts';
import { handleCommand } from './keyed-requests.ts';
import {
  cancelChargeUpdate,
  extendDunningUpdate,
  resumeChargeUpdate,
  stopDunningUpdate,
} from './messages.ts';
import { isUntried } from './new-charges.ts';
import { PATCHES } from './patches.ts';
import {
  allowedCharge,
  freeCharge,
  openCharge,
  refuse,
  refuseAfterCancel,
  refuseUnopened,
} from './refusals.ts';
import type { EnrollmentRun, RequestedCharge } from './run.ts';
import { note } from './schedule.ts';

const DAY_MS = 86_400_000;
/** An extension that is longer is a typing error. */
const LONGEST_EXTENSION_DAYS = 90;

export function handleChargeCommands(run: EnrollmentRun): void {
  handleOrders(run);
  handleEnds(run);
  handleExtension(run);
  handleCommand(
    run,
    resumeChargeUpdate,
    async (requested) => {
      const charge = openCharge(run, requested.chargeId);
      if (charge !== undefined) {
        knowGivenUp(charge);
        charge.resumed = true;
        await note(run, { what: 'charge.resumed', by: requested, chargeId: charge.id });
      }
      return { chargeId: requested.chargeId };
    },
    {
      validator: ({ chargeId }) => {
        // A refund that Stripe refused parks a charge that has succeeded.
        if ((openCharge(run, chargeId)?.problem ?? null) === null) {
          allowedCharge(run, chargeId, 'resume');
        }
      },
    },
  );
}

function handleEnds(run: EnrollmentRun): void {
  handleCommand(
    run,
    cancelChargeUpdate,
    async (requested) => {
      const { chargeId, as } = requested;
      const charge = openCharge(run, chargeId);
      const ending = charge ?? waitingToEnd(run, chargeId);
      if (charge !== undefined) {
        knowGivenUp(charge);
      }
      if (ending !== undefined) {
        ending.cancelAsked = asker(requested);
        if (as === 'forgive') {
          forgiveBalance(ending);
        }
        // The timeline refers to rows, and before its first attempt a charge may have none.
        const hasRow = charge !== undefined && !isUntried(charge);
        const of = hasRow ? { chargeId } : { details: { charge_id: chargeId } };
        await note(run, { what: `charge.${as}_asked`, by: requested, ...of });
      }
      return settled(run, chargeId, charge);
    },
    {
      validator: ({ chargeId, as }) => {
        const waiting = waitingCharge(run, chargeId);
        if (waiting === undefined) {
          freeCharge(run, chargeId, as);
        } else if (run.state.cancel !== null || waiting.cancelAsked !== undefined) {
          refuseAfterCancel();
        }
      },
    },
  );

  handleCommand(
    run,
    stopDunningUpdate,
    async (requested) => {
      const { chargeId } = requested;
      const charge = openCharge(run, chargeId);
      if (charge !== undefined) {
        charge.givenUp = { ...asker(requested), enrollment: run.terms.dunning.afterLastTry };
        await note(run, { what: 'charge.dunning_stopped', by: requested, chargeId });
      }
      return settled(run, chargeId, charge);
    },
    {
      validator: ({ chargeId }) => {
        freeCharge(run, chargeId, 'stop_dunning');
      },
    },
  );
}

function handleExtension(run: EnrollmentRun): void {
  handleCommand(
    run,
    extendDunningUpdate,
    async (requested) => {
      const { chargeId, days } = requested;
      const charge = allowedCharge(run, chargeId, 'extend_dunning');
      charge.extraRetryDays.push(days);
      if (charge.giveUpAt !== null) {
        charge.giveUpAt = new Date(Date.parse(charge.giveUpAt) + days * DAY_MS).toISOString();
      }
      const { status, nextAttemptAt, giveUpAt } = charge;
      const details = { days, give_up_at: giveUpAt };
      const waits = giveUpAt === null ? {} : { waits: { chargeId, until: giveUpAt } };
      await note(run, { what: 'charge.dunning_extended', by: requested, chargeId, details }, {}, waits);
      return { chargeId, status, nextAttemptAt, giveUpAt };
    },
    {
      validator: ({ chargeId, days }) => {
        const charge = allowedCharge(run, chargeId, 'extend_dunning');
        if (run.worked.has(chargeId)) {
          refuse('charge_busy', `what follows on a try of ${chargeId} is being decided; ask again`);
        }
        if (!(days > 0 && days <= LONGEST_EXTENSION_DAYS)) {
          refuse('amount_invalid', `${days} days; expected more than 0, ${LONGEST_EXTENSION_DAYS} at most`);
        }
        const planned = policyOf(charge, run.terms.dunning).retryAfterDays.length;
        const most = mostRetries(charge);
        if (planned >= most) {
          refuse(
            'too_many_retries',
            `${Math.min(planned, most)} retries are planned already; ${most} at most`,
          );
        }
      },
    },
  );
}

/** What is retried has the budget of its method; one that waits for its customer may be paid with any. */
function mostRetries({ nextAttemptAt, triedPaymentMethodType, lastDecline }: OpenCharge): number {
  return nextAttemptAt === null
    ? MOST_RETRIES_PER_CHARGE
    : budgetOf(triedPaymentMethodType, lastDecline?.network ?? null).retriesPerCharge;
}

/** A charge that was asked for and is not opened yet: a dispute holds it back, say, or the schedule is being changed. */
function waitingCharge({ state }: EnrollmentRun, id: string): RequestedCharge | undefined {
  return state.requestedCharges.find(({ chargeId }) => chargeId === id);
}

/** It is opened to be canceled, which writes its row. */
function waitingToEnd(run: EnrollmentRun, id: string): RequestedCharge | undefined {
  const waiting = waitingCharge(run, id);
  return waiting === undefined || patched(PATCHES.waitingChargeEnds) ? waiting : refuseUnopened(id);
}

/**
 * Older versions did not write what was refused when they parked a charge. Dunning was over where it has decided so, or
 * where a cancel was tried that nobody asked for.
 */
function knowGivenUp(charge: OpenCharge): void {
  const { status, parkedAt, givenUp, cancelAsked, cancelTries } = charge;
  const isGivenUp = givenUp !== null || (cancelAsked === null && cancelTries > 0);
  const isUnknown = status === 'needs_attention' && parkedAt === undefined;
  if (isUnknown && isGivenUp && patched(PATCHES.parkedStepRepeats)) {
    charge.parkedAt = { do: 'cancel', as: 'uncollectible' };
  }
}

async function settled(run: EnrollmentRun, chargeId: string, charge: OpenCharge | undefined) {
  let known = charge;
  const isSettled = () => {
    const open = openCharge(run, chargeId);
    known = open ?? known;
    return open === undefined && waitingCharge(run, chargeId) === undefined;
  };
  await condition(() => isSettled() || run.leaving, ANSWER_MS);
  return {
    chargeId,
    status: known?.status ?? (isSettled() ? ('canceled' as const) : ('scheduled' as const)),
  };
}

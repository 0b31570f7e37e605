/** What somebody may ask about one charge: try, confirm, capture, cancel, extend, stop. Registered by handlers.ts. */
import { condition, patched, setHandler } from '@temporalio/workflow';
import { planCapture } from '../domain/capture.ts';
import { budgetOf, MOST_RETRIES_PER_CHARGE } from '../domain/card-budgets.ts';
import { type ChargeCommand, chargeStep } from '../domain/charge-states.ts';
import { refuseTryByHand } from '../domain/customer-tries.ts';
import { type ChargeOrder, type OpenCharge, policyOf } from '../domain/open-charge.ts';
import { forgiveBalance } from './balance.ts';
import { asker } from './enrollment-commands.ts';
import {
  authenticateChargeUpdate,
  cancelChargeUpdate,
  captureChargeUpdate,
  extendDunningUpdate,
  type Requested,
  resumeChargeUpdate,
  retryChargeUpdate,
  stopDunningUpdate,
} from './messages.ts';
import { isUntried } from './new-charges.ts';
import { PATCHES } from './patches.ts';
import { allowedCharge, refuse, refuseIf, refuseUnopened, refuseWhileDisputed } from './refusals.ts';
import type { EnrollmentRun, RequestedCharge } from './run.ts';
import { note } from './schedule.ts';

/** How long an answer waits for what was asked; Stripe may be away. */
const ANSWER_MS = 15_000;
/** How much of that a confirmation waits for a try that is under way by itself. */
const TRY_PATIENCE_MS = 8_000;
const DAY_MS = 86_400_000;
/** An extension that is longer is a typing error. */
const LONGEST_EXTENSION_DAYS = 90;

export function handleChargeCommands(run: EnrollmentRun): void {
  handleTries(run);
  handleCapture(run);
  handleEnds(run);
  handleExtension(run);
  setHandler(
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

function handleTries(run: EnrollmentRun): void {
  setHandler(
    retryChargeUpdate,
    (requested) => carriedOut(run, requested.chargeId, { ...asker(requested), do: 'retry' }),
    { validator: (requested) => refuseTry(run, requested) },
  );

  setHandler(
    authenticateChargeUpdate,
    async (requested) => {
      const { chargeId } = requested;
      run.redirects.delete(chargeId);
      const charge = openCharge(run, chargeId);
      const waits = run.worked.has(chargeId) && patched(PATCHES.confirmAfterTry);
      if (waits && charge !== undefined && !(await mayConfirm(run, charge, requested))) {
        return { chargeId, status: charge.status, redirectUrl: null };
      }
      const order = { ...asker(requested), do: 'authenticate' } as const;
      const answer = await carriedOut(run, chargeId, order, waits ? ANSWER_MS - TRY_PATIENCE_MS : ANSWER_MS);
      return { ...answer, redirectUrl: run.redirects.get(chargeId) ?? null };
    },
    {
      validator: (requested) => {
        refuseTry(run, requested);
        if (openCharge(run, requested.chargeId)?.paymentIntentId === null) {
          refuse('charge_not_in_dunning', 'nothing was tried yet that the customer could confirm');
        }
      },
    },
  );
}

/**
 * Waits for the try that is under way: it may pay the charge, or be declined in a way that forbids another one, which
 * refuses the confirmation.
 * @returns false when there is nothing left to confirm
 */
async function mayConfirm(
  run: EnrollmentRun,
  charge: OpenCharge,
  requested: Requested & { chargeId: string },
): Promise<boolean> {
  if (!(await condition(() => !run.worked.has(charge.id), TRY_PATIENCE_MS))) {
    refuse('charge_busy', `${charge.id} is being tried; ask again when its outcome is known`);
  }
  if ('refused' in chargeStep(charge.status, 'retry')) {
    return false;
  }
  refuseTry(run, requested);
  return true;
}

function refuseTry(run: EnrollmentRun, { by, chargeId }: Requested & { chargeId: string }): void {
  const charge = freeCharge(run, chargeId, 'retry');
  refuseWhileDisputed(run);
  const method = run.state.paymentMethod;
  if (by !== 'customer' || method === null) {
    return;
  }
  const { lastDecline } = charge;
  const aDayOld = lastDecline === null || Date.now() - Date.parse(lastDecline.at) > DAY_MS;
  const retries = policyOf(charge, run.terms.dunning).retryAfterDays.length;
  refuseIf(
    refuseTryByHand({
      triesByHand24h: recent(charge.triesByHand).length,
      challenges24h: recent(charge.challenges ?? []).length,
      sameCardAsLastTry: charge.triedPaymentMethodId === method.id,
      lastDecline: lastDecline?.class ?? null,
      attemptsOnThisCard24h: aDayOld ? 0 : lastDecline.attemptsOnThisCard24h,
      attemptsOnThisCard30d: lastDecline?.attemptsOnThisCard30d ?? 0,
      automaticRetriesLeft: Math.max(0, retries - charge.automaticRetries),
      paymentMethodType: method.type,
      network: lastDecline?.network ?? null,
    }),
  );
}

function recent(tries: string[]): string[] {
  return tries.filter((at) => Date.now() - Date.parse(at) < DAY_MS);
}

function handleCapture(run: EnrollmentRun): void {
  setHandler(
    captureChargeUpdate,
    (requested) => {
      const { chargeId, amountMinor } = requested;
      return carriedOut(run, chargeId, { ...asker(requested), do: 'capture', amountMinor });
    },
    {
      validator: ({ chargeId, amountMinor }) => {
        const charge = freeCharge(run, chargeId, 'capture');
        const heldMinor = charge.hold?.capturableMinor ?? charge.amountMinor;
        const plan = planCapture(heldMinor, run.terms.currency, amountMinor);
        refuseIf('refused' in plan ? plan.refused : null);
      },
    },
  );
}

function handleEnds(run: EnrollmentRun): void {
  setHandler(
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

  setHandler(
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
  setHandler(
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

/** The charge that a command is about, with no other command under way. */
function freeCharge(run: EnrollmentRun, chargeId: string, command: ChargeCommand): OpenCharge {
  const charge = allowedCharge(run, chargeId, command);
  if (run.state.cancel !== null || charge.cancelAsked !== null) {
    refuseAfterCancel();
  }
  const ends = command === 'cancel' || command === 'forgive';
  const isParked = charge.status === 'needs_attention' && !run.worked.has(chargeId);
  // What a try that was under way has taken or holds outlives that dunning was stopped.
  const isMoney = charge.status === 'requires_capture' || charge.status === 'processing';
  const isBeingEnded = charge.givenUp !== null && !isMoney && !(ends && isParked);
  if (charge.asked !== null || isBeingEnded) {
    refuse('charge_busy', `${charge.id} is being worked on; ask again`);
  }
  return charge;
}

function refuseAfterCancel(): never {
  return refuse('cancel_pending', 'a cancel has been accepted: no attempt starts any more');
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

function openCharge(run: EnrollmentRun, chargeId: string): OpenCharge | undefined {
  return run.state.charges.find(({ id }) => id === chargeId);
}

/** Hands an order to the charge and waits until it is done, the charge is settled, or the answer has to go out. */
async function carriedOut(
  run: EnrollmentRun,
  chargeId: string,
  order: ChargeOrder,
  withinMs: number = ANSWER_MS,
) {
  const charge = openCharge(run, chargeId);
  if (charge === undefined) {
    return refuse('charge_settled', `${chargeId} is settled`);
  }
  if (order.do !== 'capture') {
    charge.triesByHand = [...recent(charge.triesByHand), new Date().toISOString()];
  }
  charge.asked = order;
  await condition(() => charge.asked !== order || run.leaving, withinMs);
  return { chargeId, status: charge.status };
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

/**
 * Orders that somebody gives about a charge and whose outcome they wait for: try again, confirm with the bank, capture.
 * Registered by charge-commands.ts; `workflows/charge.ts` carries them out.
 */
import { condition, patched } from '@temporalio/workflow';
import { planCapture } from '../domain/capture.ts';
import { chargeStep } from '../domain/charge-states.ts';
import { refuseTryByHand } from '../domain/customer-tries.ts';
import { type ChargeOrder, type OpenCharge, policyOf } from '../domain/open-charge.ts';
import { asker } from './enrollment-commands.ts';
import { handleCommand } from './keyed-requests.ts';
import {
  authenticateChargeUpdate,
  type ChargeAnswer,
  captureChargeUpdate,
  type Requested,
  retryChargeUpdate,
} from './messages.ts';
import { PATCHES } from './patches.ts';
import { freeCharge, openCharge, refuse, refuseIf, refuseWhileDisputed } from './refusals.ts';
import type { EnrollmentRun } from './run.ts';

/** How long an answer waits for what was asked; Stripe may be away. */
export const ANSWER_MS = 15_000;
/** How much of that a confirmation waits for a try that is under way by itself. */
const TRY_PATIENCE_MS = 8_000;
const DAY_MS = 86_400_000;

type OrderRequested = Requested & { chargeId: string };

export function handleOrders(run: EnrollmentRun): void {
  handleTries(run);
  handleCapture(run);
}

function handleTries(run: EnrollmentRun): void {
  const repeated = (requested: OrderRequested, first: ChargeAnswer) => waitedFor(run, requested, first);
  handleCommand(
    run,
    retryChargeUpdate,
    (requested) => carriedOut(run, requested.chargeId, { ...asker(requested), do: 'retry' }),
    { validator: (requested) => refuseTry(run, requested), repeated },
  );

  handleCommand(
    run,
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
      repeated: async (requested, first) => {
        const answer = await repeated(requested, first);
        const isAsked = first.pending && answer.status === 'requires_action';
        const redirectUrl = isAsked ? (run.redirects.get(requested.chargeId) ?? null) : first.redirectUrl;
        return { ...answer, redirectUrl };
      },
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
  handleCommand(
    run,
    captureChargeUpdate,
    (requested) => {
      const { chargeId, amountMinor } = requested;
      return carriedOut(run, chargeId, { ...asker(requested), do: 'capture', amountMinor });
    },
    {
      repeated: (requested, first) => waitedFor(run, requested, first),
      validator: ({ chargeId, amountMinor }) => {
        const charge = freeCharge(run, chargeId, 'capture');
        const heldMinor = charge.hold?.capturableMinor ?? charge.amountMinor;
        const plan = planCapture(heldMinor, run.terms.currency, amountMinor);
        refuseIf('refused' in plan ? plan.refused : null);
      },
    },
  );
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
  const isPending = charge.asked === order && order.request !== undefined;
  // Who is told so asks again, and must not be taken for a new request.
  return answerOf(charge, isPending && patched(PATCHES.onceUnderKey));
}

/** Whoever asks again for what was pending when they were answered waits for it once more. */
async function waitedFor(
  run: EnrollmentRun,
  { chargeId, request }: OrderRequested,
  first: ChargeAnswer,
): Promise<ChargeAnswer> {
  const charge = openCharge(run, chargeId);
  if (!first.pending || charge === undefined) {
    return { chargeId, status: first.status };
  }
  const isPending = () => charge.asked?.request?.key === request?.key;
  await condition(() => !isPending() || run.leaving, ANSWER_MS);
  return answerOf(charge, isPending());
}

function answerOf({ id, status }: OpenCharge, isPending: boolean): ChargeAnswer {
  return { chargeId: id, status, ...(isPending ? { pending: true as const } : {}) };
}

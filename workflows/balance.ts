/**
 * A balance that has met a charge, when that charge ends without being paid. As with an invoice that Stripe voids, what was
 * applied to it comes back. Called where a charge ends; the balance meets charges in `new-charges.ts` and `paid-period.ts`.
 */
import { patched } from '@temporalio/workflow';
import type { OpenCharge } from '../domain/open-charge.ts';
import { asCharged } from './new-charges.ts';
import { isKept } from './paid-period.ts';
import { PATCHES } from './patches.ts';
import type { EnrollmentRun } from './run.ts';
import { changing, note, type Told } from './schedule.ts';

/**
 * Puts back what the charge had of the balance, once. Of what is given up only a credit comes back, which is money that the
 * customer has paid: what they owed is given up with it.
 * @returns what is to be told; null when nothing came back
 */
export function takeBalanceBack(run: EnrollmentRun, charge: OpenCharge): Told | null {
  const { state } = run;
  const { metBalanceMinor = 0, status } = charge;
  const backMinor = status === 'uncollectible' ? Math.min(0, metBalanceMinor) : metBalanceMinor;
  if (backMinor === 0 || isKept(run, charge) || !patched(PATCHES.balanceOutlivesCharge)) {
    return null;
  }
  charge.metBalanceMinor = 0;
  state.balanceMinor += backMinor;
  return {
    what: 'charge.balance_returned',
    by: { by: 'workflow', reason: 'the charge that it met was not collected' },
    chargeId: charge.id,
    details: { amount_minor: backMinor },
  };
}

/** What no charge will meet any more when the enrollment ends: also what those had met that were never begun. */
export function balanceLeft({ state }: EnrollmentRun): number {
  const { requestedCharges, balanceMinor } = state;
  return requestedCharges.reduce((left, { metBalanceMinor = 0 }) => left + metBalanceMinor, balanceMinor);
}

/** Somebody forgives all that the charge asks for: also what was owed before it. */
export function forgiveBalance(charge: Pick<OpenCharge, 'metBalanceMinor'>): void {
  charge.metBalanceMinor = Math.min(0, charge.metBalanceMinor ?? 0);
}

/** Rows and pages tell the next charge with what it will ask for now; who is trying one tells without it what comes after. */
export async function tellOfBalance(run: EnrollmentRun, told: Told): Promise<void> {
  const { state } = run;
  const { schedule } = state;
  await changing(
    run,
    () => {
      // A charge that was opened meanwhile may have met it.
      const now = { ...told, details: { ...told.details, balance_minor: state.balanceMinor } };
      return note(run, now, schedule.planning ? {} : { next: asCharged(run, schedule.next) });
    },
    () => !schedule.planning || run.leaving,
  );
}

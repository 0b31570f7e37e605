/** What is known here of a cancel before it is asked for: the answer to a query, which `workflows/handlers.ts` registers. */
import { type CancelFacts, previewCancel } from '../domain/cancel-preview.ts';
import { planTermsOf } from '../domain/terms.ts';
import type { CancelPreviewAnswer } from './messages.ts';
import { requestedCharge } from './new-charges.ts';
import { owedNow } from './owed.ts';
import type { EnrollmentRun } from './run.ts';

/** @returns with the facts, what an API of before reads: it knows of one charge that is held back */
export function previewOfCancel(run: EnrollmentRun, when: 'now' | 'at_period_end'): CancelPreviewAnswer {
  const { next, following } = run.state.schedule;
  const owed = owedNow(run);
  const after = owed === null ? next : following;
  const facts = factsOf(run);
  const schedule = { owed: owed === null ? [] : [owed], next: after, endsAt: after?.dueAt ?? null };
  return { ...previewCancel(when, facts, schedule), facts };
}

function factsOf({ state, terms }: EnrollmentRun): CancelFacts {
  const { anchorAt, occurrence, changes, next, confirmedOverdue } = state.schedule;
  const { paused } = state;
  return {
    at: new Date().toISOString(),
    currency: terms.currency,
    lateSuccess: terms.lateSuccess,
    balanceMinor: state.balanceMinor,
    charges: [...state.charges, ...state.requestedCharges.map(requestedCharge)].map(
      ({ id, status, amountMinor, triedPaymentMethodType }) => ({
        id,
        status,
        amountMinor,
        paymentMethodType: triedPaymentMethodType,
      }),
    ),
    terms: planTermsOf(terms),
    anchorAt,
    occurrence,
    changes,
    next,
    confirmedOverdue,
    paused: paused && { owedUntil: paused.owed?.until ?? null },
    cancelAt: state.cancelLater?.at ?? null,
  };
}

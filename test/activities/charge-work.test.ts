import { describe, expect, it } from '@jest/globals';
import { type AskedOfCharge, type ChargeReport, reportOf, workOf } from '../../activities/charge-work.ts';
import type { PaymentIntentOutcome } from '../../domain/charge-outcome.ts';
import { toldCharge } from '../../domain/open-charge.ts';
import { DEFAULT_DUNNING } from '../../domain/terms.ts';
import { USUAL_REPORT } from '../../domain/told.ts';
import { toldSchedule } from '../../domain/told-terms.ts';
import { firstCharge } from '../domain/charges.ts';
import { recurring } from '../domain/schedules.ts';

const TERMS = {
  schedule: recurring(),
  catchUp: 'charge_all' as const,
  captureMethod: 'automatic' as const,
  dunning: DEFAULT_DUNNING,
};
const TOLD_TERMS = { ...TERMS, schedule: toldSchedule(TERMS.schedule) };

describe('workOf', () => {
  it('puts back what is as usual', () => {
    const charge = firstCharge();
    const asked = { toldCharge: toldCharge(charge), terms: TOLD_TERMS } as AskedOfCharge;
    expect(workOf(asked)).toMatchObject({
      charge,
      terms: TERMS,
      otherMethodAllowed: false,
      planAfter: null,
      by: null,
    });
  });

  it('keeps what is not', () => {
    const unusual = {
      otherMethodAllowed: true,
      planAfter: { anchorAt: '2026-11-01T00:00:00.000Z', occurrence: 0 },
      by: { by: 'operator', reason: null },
    };
    const asked = { toldCharge: toldCharge(firstCharge()), terms: TOLD_TERMS, ...unusual };
    expect(workOf(asked as AskedOfCharge)).toMatchObject(unusual);
  });

  it('reads an Activity that a version before this one asked for: its charge and terms were told whole', () => {
    const charge = firstCharge({ attempts: 3, paymentIntentId: 'pi_1' });
    const asked = { charge, terms: TERMS, paymentMethodId: 'pm_1', by: null } as unknown as AskedOfCharge;
    expect(workOf(asked)).toMatchObject({ charge, terms: TERMS, paymentMethodId: 'pm_1', by: null });
  });
});

describe('reportOf', () => {
  const SUCCEEDED: PaymentIntentOutcome = {
    kind: 'payment_intent',
    paymentIntentId: 'pi_1',
    status: 'succeeded',
    amountReceivedMinor: 980,
    stripeChargeId: 'ch_1',
    decline: null,
    hold: null,
    redirectUrl: null,
    lapsed: false,
  };
  const HELD: PaymentIntentOutcome = {
    ...SUCCEEDED,
    status: 'requires_capture',
    amountReceivedMinor: 0,
    hold: { capturableMinor: 980, captureBeforeEpochS: null },
    redirectUrl: 'https://bank.test/confirm',
    lapsed: true,
  };

  it('says of a charge that is paid nothing but that', () => {
    expect(reportOf(SUCCEEDED, { dunning: null })).toEqual({
      status: 'succeeded',
      paymentIntentId: 'pi_1',
      amountReceivedMinor: 980,
    });
  });

  it.each([SUCCEEDED, HELD])('is whole again for the Workflow: $status', (outcome) => {
    const { status, paymentIntentId, amountReceivedMinor, hold, redirectUrl, lapsed } = outcome;
    const whole: ChargeReport = { ...USUAL_REPORT, ...reportOf(outcome, { dunning: null }) };
    expect(whole).toEqual({
      status,
      paymentIntentId,
      amountReceivedMinor,
      hold,
      redirectUrl,
      lapsed,
      dunning: null,
    });
  });
});

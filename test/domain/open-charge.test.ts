/** A charge survives being told to an Activity, and a new one is told in few words. */
import { describe, expect, it } from '@jest/globals';
import { chargeOf, type OpenCharge, toldCharge } from '../../domain/open-charge.ts';
import { firstCharge } from './charges.ts';

const NEW = firstCharge();

/** Something else than in a new charge, for every field that changes. */
const CHANGES: Required<
  Omit<OpenCharge, 'id' | 'number' | 'occurrence' | 'origin' | 'requestKey' | 'metBalanceMinor'>
> = {
  description: 'Coffee',
  amountMinor: 0,
  dueAt: '2026-12-01T00:00:00.000Z',
  reauthorizations: 2,
  status: 'requires_payment_method',
  paymentIntentId: 'pi_1',
  attempts: 2,
  automaticRetries: 1,
  extraRetryDays: [9],
  triesByHand: ['2026-11-02T00:00:00.000Z'],
  challenges: ['2026-11-02T00:00:00.000Z'],
  triedPaymentMethodId: 'pm_1',
  triedPaymentMethodType: 'card',
  methodsTried: ['pm_1'],
  firstDeclinedAt: '2026-11-01T00:00:00.000Z',
  lastDecline: {
    at: '2026-11-01T00:00:00.000Z',
    class: 'soft',
    network: null,
    attemptsOnThisCard24h: 1,
    attemptsOnThisCard30d: 1,
  },
  nextAttemptAt: '2026-11-03T00:00:00.000Z',
  repeat: { at: '2026-11-03T00:00:00.000Z', why: 'retry' },
  giveUpAt: '2026-11-09T00:00:00.000Z',
  lastDecision: 'retry',
  givenUp: { by: 'operator', reason: null, enrollment: 'cancel' },
  changed: true,
  readAt: '2026-11-03T00:00:00.000Z',
  reads: 3,
  asked: { do: 'capture', by: 'operator', reason: null, amountMinor: null },
  cancelAsked: { by: 'operator', reason: null },
  cancelTries: 1,
  hold: { capturableMinor: 980, expiresAt: '2026-11-08T00:00:00.000Z', remindAt: null },
  capturedByOrder: true,
  captureTries: 1,
  resumed: true,
  problem: 'BooksDisagree: …',
  parkedAt: { do: 'cancel', as: 'uncollectible' },
};

/** As it arrives at an Activity. */
const arrived = (charge: OpenCharge) => chargeOf(JSON.parse(JSON.stringify(toldCharge(charge))));

describe('toldCharge', () => {
  it('tells nothing of a new charge that any new charge has', () => {
    expect(Object.keys(toldCharge(NEW))).toEqual([
      'id',
      'number',
      'occurrence',
      'origin',
      'amountMinor',
      'dueAt',
    ]);
  });

  it.each(Object.keys(CHANGES) as (keyof typeof CHANGES)[])('tells a change of %s', (field) => {
    const charge = { ...NEW, [field]: CHANGES[field] };
    expect(toldCharge(charge)).toHaveProperty(field, CHANGES[field]);
    expect(arrived(charge)).toEqual(charge);
  });

  it('is read back as it was, with all changes at once and with none', () => {
    const charge: OpenCharge = { ...NEW, ...CHANGES, requestKey: 'r1', occurrence: null, origin: 'api' };
    expect(arrived(charge)).toEqual(charge);
    expect(arrived(NEW)).toEqual(NEW);
  });

  it('tells nothing of the balance that it has met, which is the concern of the Workflow alone', () => {
    expect(toldCharge({ ...NEW, metBalanceMinor: -80 })).toEqual(toldCharge(NEW));
  });

  it('gives each charge lists of its own', () => {
    const [one, other] = [chargeOf(toldCharge(NEW)), chargeOf(toldCharge(NEW))];
    one.methodsTried.push('pm_1');
    expect(other.methodsTried).toEqual([]);
  });
});

/** What Workflows and Activities tell each other of terms is short, and whole again where it arrives. */
import { describe, expect, it } from '@jest/globals';
import { DEFAULT_DUNNING, type Schedule, type Terms } from '../../domain/terms.ts';
import { scheduleOf, type ToldTerms, toldTerms } from '../../domain/told-terms.ts';
import { type EnrollmentInput, inputOf, toldInput } from '../../domain/workflow-input.ts';
import { installments, recurring } from './schedules.ts';

const SCHEDULES: Record<string, Schedule> = {
  'recurring, as little as can be': recurring(),
  'recurring, all that can be': recurring({
    localHour: 0,
    trialDays: 14,
    endsAt: '2027-12-01T00:00:00.000Z',
    maxCharges: 12,
    spread: { minutes: 90, offsetMs: 5 },
  }),
  installments: installments(),
  'installments at an hour': installments({ localHour: 9 }),
  'once, at once': { type: 'once', amountMinor: 500, at: null },
  once: { type: 'once', amountMinor: 500, at: '2027-01-01T00:00:00.000Z', timeZone: 'Asia/Tokyo' },
  'on demand': { type: 'on_demand' },
};

function termsWith(schedule: Schedule): Terms {
  return {
    currency: 'jpy',
    schedule,
    captureMethod: 'manual',
    dunning: DEFAULT_DUNNING,
    lateSuccess: 'keep',
    catchUp: 'skip',
    setupDeadlineDays: 30,
    afterLostDispute: 'pause',
    reauthorizeHolds: 2,
    tryOtherMethod: true,
  };
}

const whole = (terms: ToldTerms<Terms>) => ({ ...terms, schedule: scheduleOf(terms.schedule) });

/** As it arrives. */
const arrived = <Message>(told: Message): Message => JSON.parse(JSON.stringify(told));

describe('toldTerms', () => {
  it('leaves out of a schedule what was not agreed', () => {
    expect(Object.keys(toldTerms(termsWith(recurring())).schedule)).toEqual([
      'type',
      'amountMinor',
      'interval',
      'startsAt',
      'timeZone',
    ]);
  });

  it.each(Object.entries(SCHEDULES))('is whole again: %s', (_name, schedule) => {
    const terms = termsWith(schedule);
    expect(whole(arrived(toldTerms(terms)))).toEqual(terms);
  });

  it.each(Object.entries(SCHEDULES))('reads what older versions told whole: %s', (_name, schedule) => {
    const terms = { ...termsWith(schedule), reauthorizeHolds: 0, tryOtherMethod: false };
    expect(whole(arrived(terms))).toEqual(terms);
  });
});

describe('toldInput', () => {
  const PLAIN: EnrollmentInput = {
    v: 1,
    enrollmentId: 'enr_1',
    customerId: 'cst_1',
    terms: termsWith(recurring()),
    description: null,
    locale: 'en',
    returnUrl: null,
    metadata: {},
    livemode: false,
    requestFingerprint: '0f',
  };
  const FULL: EnrollmentInput = {
    ...PLAIN,
    description: 'Coffee, monthly',
    returnUrl: 'https://shop.test/back',
    metadata: { order: '1' },
    livemode: true,
  };

  it.each([PLAIN, FULL])('is whole again, livemode $livemode', (input) => {
    expect(inputOf(arrived(toldInput(input)))).toEqual(input);
    expect(inputOf(arrived(input))).toEqual(input);
  });

  it('says nothing of what was not given', () => {
    const told = toldInput(PLAIN);
    for (const field of ['description', 'returnUrl', 'metadata', 'livemode']) {
      expect(told).not.toHaveProperty(field);
    }
  });
});

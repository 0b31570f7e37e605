import { describe, expect, it } from '@jest/globals';
import {
  brokenPromises,
  monthlyDue,
  type Promised,
  type Told,
  wronglyBilled,
} from '../../../dev/chaos/owed.ts';

const START = '2026-01-30T15:00:00.123Z';
const DUE = monthlyDue(START, 4, 'Asia/Tokyo');
const [FIRST = '', SECOND = '', THIRD = '', FOURTH = ''] = DUE;
const agreed = { periods: 4, timeZone: 'Asia/Tokyo', endsEarly: false };
const billed = (paidDueAt: string[], timeline: Told[] = []) =>
  wronglyBilled({ startedAt: START, timeline, paidDueAt }, agreed);
const paused = (at: string): Told => ({ what: 'enrollment.paused', at });
const resumed = (at: string): Told => ({ what: 'enrollment.resumed', at });
const shifted = (instant: string, ms: number) => new Date(Date.parse(instant) + ms).toISOString();
const aroundThird = [paused(shifted(THIRD, -1)), resumed(shifted(THIRD, 1))];

describe('monthlyDue', () => {
  it('keeps the local day of the start, and the last day of shorter months', () => {
    // 31 January in Tokyo.
    expect(DUE).toEqual([
      START,
      '2026-02-27T15:00:00.123Z',
      '2026-03-30T15:00:00.123Z',
      '2026-04-29T15:00:00.123Z',
    ]);
  });
});

describe('wronglyBilled', () => {
  it('finds nothing when every due instant was paid once', () => {
    expect(billed(DUE)).toEqual([]);
  });

  it('finds a charge that is missing although nobody paused', () => {
    expect(billed([FIRST, SECOND, FOURTH])).toEqual([
      `was not charged for ${THIRD}, which fell into no pause`,
    ]);
  });

  it('forgives what fell into a pause, and nothing besides', () => {
    expect(billed([FIRST, SECOND, FOURTH], aroundThird)).toEqual([]);
    expect(billed([FIRST, SECOND], aroundThird)).toEqual([
      `was not charged for ${FOURTH}, which fell into no pause`,
    ]);
  });

  it('forgives nothing for a pause in which nothing fell due', () => {
    const between = [paused(shifted(SECOND, 1)), resumed(shifted(SECOND, 1_000))];
    expect(billed([FIRST, SECOND, FOURTH], between)).toHaveLength(1);
    expect(billed(DUE, between)).toEqual([]);
  });

  it('holds what was due when the pause began or ended to be owed', () => {
    expect(billed([FIRST, SECOND, FOURTH], [paused(THIRD), resumed(shifted(THIRD, 1))])).toHaveLength(1);
    expect(billed([FIRST, SECOND, FOURTH], [paused(shifted(THIRD, -1)), resumed(THIRD)])).toHaveLength(1);
  });

  it('finds a charge for what fell into a pause, also into one that has not ended', () => {
    const wrong = [`was charged for ${THIRD}, which fell into a pause`];
    expect(billed(DUE, aroundThird)).toEqual(wrong);
    expect(billed([FIRST, SECOND, THIRD], [paused(shifted(THIRD, -1))])).toEqual(wrong);
  });

  it('finds one due instant that was paid twice, and one that is none', () => {
    expect(billed([...DUE, SECOND])).toEqual(['was charged 5 times for 4 due instants']);
    const other = shifted(FOURTH, 1);
    expect(billed([...DUE, other])).toEqual([`was charged for ${other}, when nothing is due`]);
  });

  it('lets later charges be missing only of an enrollment that may end early', () => {
    const unpaid = { startedAt: null, timeline: [], paidDueAt: [] };
    expect(wronglyBilled(unpaid, agreed)).toEqual(['never began to be billed']);
    expect(wronglyBilled(unpaid, { ...agreed, endsEarly: true })).toEqual([]);
  });

  it('finds a charge for what fell due after a cancel, and none for what was due by then', () => {
    const canceled = (at: string): Told[] => [
      { what: 'enrollment.cancel_accepted', at },
      { what: 'enrollment.canceled', at: shifted(FOURTH, 1) },
    ];
    expect(billed(DUE, canceled(THIRD))).toEqual([`was charged for ${FOURTH}, after the cancel of ${THIRD}`]);
    expect(billed(DUE, canceled(FOURTH))).toEqual([]);
  });
});

describe('brokenPromises', () => {
  const back = (minor: number) => new Map([['chg_1', minor]]);
  const quiet: Promised = {
    canceled: false,
    status: 'completed',
    refunds: [],
    taken: back(980),
    givenBack: new Map(),
  };
  const broken = (came: Partial<Promised>) => brokenPromises({ ...quiet, ...came });
  const asked = (accepted: boolean) => [{ chargeId: 'chg_1', accepted }];

  it('finds nothing where all was done that was accepted', () => {
    expect(broken({})).toEqual([]);
    expect(broken({ canceled: true, status: 'canceled' })).toEqual([]);
    expect(broken({ refunds: asked(true), givenBack: back(980) })).toEqual([]);
  });

  it('finds a cancel that was accepted and came to nothing', () => {
    expect(broken({ canceled: true })).toEqual(['is completed, and its cancel was accepted']);
    expect(broken({ canceled: true, status: null })).toHaveLength(1);
  });

  it('finds a refund that was accepted and not made, made twice or in part', () => {
    for (const givenBack of [new Map<string, number>(), back(1_960), back(300)]) {
      expect(broken({ refunds: asked(true), givenBack })).toHaveLength(1);
    }
    expect(broken({ refunds: asked(true), taken: new Map() })).toHaveLength(1);
    expect(broken({ refunds: asked(false) })).toEqual([]);
  });

  it('finds what went back and nobody asked for, but for what succeeded after a cancel', () => {
    expect(broken({ givenBack: back(980) })).toHaveLength(1);
    expect(broken({ refunds: asked(false), givenBack: back(980) })).toEqual([]);
    expect(broken({ canceled: true, status: 'canceled', givenBack: back(980) })).toEqual([]);
  });
});

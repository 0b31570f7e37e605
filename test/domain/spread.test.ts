import { describe, expect, it } from '@jest/globals';
import { spreadOffsetMs } from '../../domain/spread.ts';

const HOUR_MS = 3_600_000;
const id = (index: number) => `enr_${index.toString(36).padStart(26, '0')}`;

describe('spreadOffsetMs', () => {
  it('gives an enrollment the same place every time, in later versions too', () => {
    expect(spreadOffsetMs(id(7), HOUR_MS)).toBe(spreadOffsetMs(id(7), HOUR_MS));
    expect(spreadOffsetMs('enr_0000000000000000000000000a', HOUR_MS)).toBe(2_324_719);
  });

  it('stays inside the window and fills it evenly, even for ids that follow each other', () => {
    const tenths = new Array(10).fill(0);
    for (let index = 0; index < 10_000; index++) {
      const offset = spreadOffsetMs(id(index), HOUR_MS);
      expect(Number.isInteger(offset) && offset >= 0 && offset < HOUR_MS).toBe(true);
      tenths[Math.floor((offset / HOUR_MS) * 10)] += 1;
    }
    expect(Math.min(...tenths)).toBeGreaterThan(850);
    expect(Math.max(...tenths)).toBeLessThan(1150);
  });

  it('spreads nothing over no time, and refuses a negative one', () => {
    expect(spreadOffsetMs(id(1), 0)).toBe(0);
    expect(() => spreadOffsetMs(id(1), -1)).toThrow(RangeError);
  });
});

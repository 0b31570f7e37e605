import { describe, expect, it } from '@jest/globals';
import { beside, figure } from '../../bench/figures.ts';
import { withFigures } from '../../bench/report/page.ts';
import { amount, markdownTable, plainTable } from '../../bench/report/table.ts';
import { sizesOf } from '../../bench/sizes.ts';
import { inTurn, middle, pairedRatio, percentile } from '../../bench/statistics.ts';

describe('statistics', () => {
  it('compares neighbours and nothing else: a machine that slows down moves no ratio', () => {
    expect(pairedRatio([80, 40, 8], [100, 50, 10])).toBeCloseTo(0.8);
    expect(() => pairedRatio([1], [])).toThrow('1 samples cannot be paired with 0');
  });

  it('measures in turn', async () => {
    const order: string[] = [];
    const samples = await inTurn(2, {
      ours: async (round) => order.push(`ours ${round}`),
      floor: async (round) => order.push(`floor ${round}`),
    });
    expect(order).toEqual(['ours 0', 'floor 0', 'ours 1', 'floor 1']);
    expect(samples).toEqual({ ours: [1, 3], floor: [2, 4] });
  });

  it('has no median and no percentile of nothing', () => {
    expect(middle([3, 1, 2])).toBe(2);
    expect(percentile([1, 2, 3, 4], 1)).toBe(4);
    expect(() => middle([])).toThrow('no samples');
    expect(() => percentile([], 0.5)).toThrow('no samples');
  });
});

describe('figures', () => {
  const floor = { what: 'bare', samples: [100, 100] };

  it('judges the ratio where there is a floor, and the value where there is none', () => {
    expect(beside('a', 'a', [70, 70], '/s', floor, { atLeast: 0.7 }).budget).toEqual({
      text: '≥ 0.7',
      held: true,
    });
    expect(beside('a', 'a', [69, 69], '/s', floor, { atLeast: 0.7 }).budget?.held).toBe(false);
    expect(figure('b', 'b', 51, 'ms', { atMost: 50 }).budget?.held).toBe(false);
    expect(figure('b', 'b', 50, 'ms', { atMost: 50 }).budget?.held).toBe(true);
  });

  it('says in its tables what was measured, beside what, and whether the budget held', () => {
    const figures = [beside('a', 'charges', [50, 50], '/s', floor, { atLeast: 0.65 })];
    expect(plainTable(figures)).toMatch(/charges\s+50\/s\s+100\/s bare\s+0\.50\s+≥ 0\.65 NOT HELD/);
    expect(markdownTable(figures).split('\n')).toHaveLength(3);
  });

  it.each([
    [1234.56, '/s', '1,235/s'],
    [12.34, 'ms', '12.3 ms'],
    [1.234, '×', '1.23×'],
    [0, '', '0'],
  ] as const)('writes %d%s as %s', (value, unit, written) => {
    expect(amount(value, unit)).toBe(written);
  });
});

describe('the page', () => {
  const page =
    'before\n<!-- written by npm run bench -- --write-docs -->\nold\n<!-- end of what is written -->\nafter';

  it('gets new figures between its marks, as often as one likes', () => {
    const once = withFigures(page, 'new');
    expect(once).toMatch(/^before\n<!-- .* -->\n\nnew\n\n<!-- end .* -->\nafter$/);
    expect(withFigures(once, 'new')).toBe(once);
  });

  it('is refused without its marks', () => {
    expect(() => withFigures('no marks', 'new')).toThrow('has lost its marks');
  });
});

describe('sizes', () => {
  it('scales what is counted, and never down to nothing', () => {
    expect(sizesOf('usual', 0.1)).toMatchObject({ herd: 100, webhooks: 300, rounds: 4 });
    expect(sizesOf('quick', 0.0001)).toMatchObject({ herd: 2, webhooks: 2, longLived: 2 });
  });
});

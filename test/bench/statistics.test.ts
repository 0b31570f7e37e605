import { describe, expect, it } from '@jest/globals';
import { beside, figure, valueBeside } from '../../bench/figures.ts';
import { untilStill } from '../../bench/measure/callers.ts';
import { untilNextLookMs } from '../../bench/measure/herd.ts';
import { withFigures } from '../../bench/report/page.ts';
import { plots } from '../../bench/report/plots.ts';
import { amount, markdownTable, plainTable } from '../../bench/report/table.ts';
import { sizesOf } from '../../bench/sizes.ts';
import { inTurn, middle, pairedRatios, percentile } from '../../bench/statistics.ts';

describe('statistics', () => {
  it('compares neighbours and nothing else: a machine that slows down moves no ratio', () => {
    expect(pairedRatios([80, 40, 8], [100, 50, 10])).toEqual([0.8, 0.8, 0.8]);
    expect(() => pairedRatios([1], [])).toThrow('1 samples cannot be paired with 0');
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

  it('judges a time by itself, and tells how many times its floor it is', () => {
    const time = valueBeside('c', 'c', [30, 30], 'ms', { what: 'bare', samples: [10, 10] }, { atMost: 50 });
    expect(time).toMatchObject({ budget: { text: '≤ 50', held: true }, floor: { ratio: 3 } });
    expect(time).not.toHaveProperty('ratio');
  });

  it('says in its tables what was measured, beside what, and whether the budget held', () => {
    const figures = [beside('a', 'charges', [40, 60], '/s', floor, { atLeast: 0.65 })];
    expect(plainTable(figures)).toMatch(
      /charges\s+50\/s\s+40–60\s+100\/s bare\s+0\.50 \(0\.40–0\.60\)\s+≥ 0\.65 NOT HELD/,
    );
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
    expect(sizesOf('usual', 0.1)).toMatchObject({ herd: 100, webhooks: 1_000, rounds: 4 });
    expect(sizesOf('quick', 0.0001)).toMatchObject({ herd: 2, webhooks: 2, longLived: 2 });
  });
});

describe('the chart of shares', () => {
  it('draws every rate that has a floor, also one without a budget, and no time', async () => {
    const floor = { what: 'bare', samples: [100] };
    const judged = beside('a', 'charges', [50], '/s', floor, { atLeast: 0.65 });
    const told = beside('b', 'reads', [28], '/s', floor);
    const time = valueBeside('c', 'p99', [28], 'ms', floor, { atMost: 50 });
    const svg = (await plots([judged, told, time], [])).get('performance-ratios.svg') ?? '';
    expect([svg.includes('>charges<'), svg.includes('>reads<'), svg.includes('>p99<')]).toEqual([
      true,
      true,
      false,
    ]);
    expect(svg.match(/#b3261e/g)).toHaveLength(1);
  });
});

describe('a herd that is counted', () => {
  it('is looked at seldom until nine tenths are done, and never past them', () => {
    expect(untilNextLookMs(undefined, 1_000)).toBe(250);
    expect(untilNextLookMs({ x: 1, y: 100 }, 1_000)).toBe(1_000);
    expect(untilNextLookMs({ x: 2, y: 720 }, 1_000)).toBe(500);
    expect(untilNextLookMs({ x: 3, y: 950 }, 1_000)).toBe(100);
  });
});

describe('what a sample has left to be done', () => {
  it('is waited for until its count stands still, and not for ever', async () => {
    const counts = [0, 0.5, 3, 3, 4];
    await untilStill('tasks', 1_000, async () => counts.shift() ?? 0, 1);
    expect(counts).toEqual([4]);
    let grows = 0;
    await expect(untilStill('tasks', 20, async () => grows++, 1)).rejects.toThrow('in vain for tasks');
  });
});

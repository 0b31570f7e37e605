import { describe, expect, it } from '@jest/globals';
import { stampede } from '../../../dev/simulate/herd.ts';

describe('stampede', () => {
  it('serves one instant in enrollments / rate, the last of them last', () => {
    const herd = stampede({ enrollments: 7200, perSecond: 2, spreadHours: 0 }, 3);
    expect(herd.lastHours).toBeCloseTo(1, 3);
    expect(herd.medianLagS).toBeCloseTo(1800, 0);
    expect(herd.waiting[0]).toEqual({ hours: 0, waiting: 7199 });
    expect(herd.waiting.find(({ hours }) => hours === 0.5)?.waiting).toBe(3599);
    expect(herd.waiting.at(-1)).toEqual({ hours: 3, waiting: 0 });
  });

  it('hardly lets anyone wait when spread over twice the time that it takes', () => {
    const herd = stampede({ enrollments: 7200, perSecond: 2, spreadHours: 2 }, 3);
    expect(herd.p99LagS).toBeLessThan(10);
    expect(herd.mostWaiting).toBeLessThan(30);
    expect(herd.lastHours).toBeLessThan(2.01);
  });

  it('counts at every instant, not only where the backlog is drawn', () => {
    const herd = stampede({ enrollments: 100_000, perSecond: 80, spreadHours: 0.5 }, 1);
    const drawn = Math.max(...herd.waiting.map(({ waiting }) => waiting));
    expect(herd.mostWaiting).toBeGreaterThan(drawn);
    expect(herd.mostWaiting).toBeGreaterThan(5);
    expect(herd.mostWaiting).toBeLessThan(60);
    // Each that waits is served by the 80th part of a second.
    expect(stampede({ enrollments: 100, perSecond: 80, spreadHours: 0 }, 1).mostWaiting).toBe(99);
  });

  it('halves the greatest backlog when spread over half of the time that it takes', () => {
    const herd = stampede({ enrollments: 7200, perSecond: 2, spreadHours: 0.5 }, 3);
    expect(herd.mostWaiting).toBeGreaterThan(3400);
    expect(herd.mostWaiting).toBeLessThan(3700);
    expect(herd.lastHours).toBeCloseTo(1, 2);
  });
});

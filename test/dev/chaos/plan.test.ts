import { describe, expect, it } from '@jest/globals';
import { planChaos, TARGETS } from '../../../dev/chaos/plan.ts';

describe('planChaos', () => {
  it('draws the same plan from the same seed, and another one from another', () => {
    expect(planChaos(7, 40, 6)).toEqual(planChaos(7, 40, 6));
    expect(planChaos(8, 40, 6).troubles).not.toEqual(planChaos(7, 40, 6).troubles);
  });

  it.each([1, 2, 3, 4, 5])('has one of every kind in a small run too, in time (seed %s)', (seed) => {
    const { troubles, durationMs } = planChaos(seed, 4, 2);
    for (const target of TARGETS) {
      expect(troubles.some((trouble) => trouble.do === 'kill' && trouble.target === target)).toBe(true);
    }
    expect(new Set(troubles.map((trouble) => trouble.do)).size).toBe(4);
    expect(troubles.every(({ atMs }) => atMs > 0 && atMs < durationMs)).toBe(true);
  });

  it('draws customers who pay, recover, are declined and cancel', () => {
    const { customers } = planChaos(7, 200, 6);
    expect(customers.filter(({ recovers }) => recovers).length).toBeGreaterThan(20);
    expect(customers.filter(({ cancelsAfter }) => cancelsAfter !== null).length).toBeGreaterThan(15);
    const declined = customers.filter(({ card, recovers }) => card.endsWith('0341') && !recovers);
    expect(declined.length).toBeGreaterThan(5);
  });

  it('draws customers of whom the company tells nothing', () => {
    const unknown = planChaos(7, 200, 6).customers.filter((customer) => customer.unknown);
    expect(unknown.length).toBeGreaterThan(30);
    expect(unknown.length).toBeLessThan(100);
  });

  it.each([11, 4242, 77])('orders what meets rare requests while there are some (seed %s)', (seed) => {
    const { troubles, durationMs } = planChaos(seed, 40, 6);
    const rare = troubles.filter(
      (trouble) =>
        (trouble.do === 'fault' && (trouble.fault.pathSuffix ?? '') !== '') ||
        (trouble.do === 'kill_in_flight' && trouble.pathPrefix !== '/v1/payment_intents'),
    );
    expect(rare.length).toBeGreaterThanOrEqual(4);
    expect(rare.every(({ atMs }) => atMs < durationMs * 0.4)).toBe(true);
  });
});

/** The first charge of a schedule, before it is tried, with what a test says otherwise. */
import { type OpenCharge, openedCharge } from '../../domain/open-charge.ts';

export function firstCharge(given: Partial<OpenCharge> = {}): OpenCharge {
  return {
    ...openedCharge({
      id: 'chg_1',
      number: 1,
      occurrence: 0,
      origin: 'schedule',
      description: null,
      amountMinor: 980,
      dueAt: '2026-11-01T00:00:00.000Z',
      reauthorizations: 0,
    }),
    ...given,
  };
}

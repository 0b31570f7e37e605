import { expect, it } from '@jest/globals';
import { type AskedOfCharge, workOf } from '../../activities/charge-work.ts';
import { openedCharge } from '../../domain/open-charge.ts';

const CHARGE = openedCharge({
  id: 'chg_1',
  number: 1,
  occurrence: 0,
  origin: 'schedule',
  description: null,
  amountMinor: 980,
  dueAt: '2026-11-01T00:00:00.000Z',
  reauthorizations: 0,
});

it('reads an Activity that a version before this one asked for: its charge was told whole', () => {
  const charge = { ...CHARGE, attempts: 3, paymentIntentId: 'pi_1' };
  const asked = { charge, paymentMethodId: 'pm_1' } as unknown as AskedOfCharge;
  expect(workOf(asked)).toMatchObject({ charge, paymentMethodId: 'pm_1' });
});

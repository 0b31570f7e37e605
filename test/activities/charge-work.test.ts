import { expect, it } from '@jest/globals';
import { type AskedOfCharge, workOf } from '../../activities/charge-work.ts';
import { firstCharge } from '../domain/charges.ts';

it('reads an Activity that a version before this one asked for: its charge was told whole', () => {
  const charge = firstCharge({ attempts: 3, paymentIntentId: 'pi_1' });
  const asked = { charge, paymentMethodId: 'pm_1' } as unknown as AskedOfCharge;
  expect(workOf(asked)).toMatchObject({ charge, paymentMethodId: 'pm_1' });
});

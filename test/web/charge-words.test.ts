import { describe, expect, it } from '@jest/globals';
import { at, charge, DAY, model, unpaid } from './account-facts.ts';

describe('chargeWords', () => {
  it.each([
    ['succeeded', {}, 'Paid', 'good'],
    ['succeeded', { refundedMinor: 500 }, 'Paid, ¥500 returned', 'good'],
    ['succeeded', { refundedMinor: 1980 }, 'Returned', 'quiet'],
    ['succeeded', { capturedMinor: 1000 }, 'Paid: ¥1,000', 'good'],
    ['succeeded', { disputeStatus: 'needs_response' }, 'Questioned at the bank', 'wait'],
    ['succeeded', { disputeStatus: 'won' }, 'Paid', 'good'],
    ['succeeded', { disputeStatus: 'lost' }, 'Returned', 'quiet'],
    ['succeeded', { disputeStatus: 'lost', takenMinor: 1980 }, 'Returned', 'quiet'],
    ['succeeded', { disputeStatus: 'lost', takenMinor: 600 }, 'Paid, ¥600 returned', 'good'],
    [
      'succeeded',
      { disputeStatus: 'lost', takenMinor: 600, refundedMinor: 400 },
      'Paid, ¥1,000 returned',
      'good',
    ],
    ['succeeded', { disputeStatus: 'lost', refundedMinor: 400 }, 'Returned', 'quiet'],
    ['succeeded', { disputeStatus: 'prevented', takenMinor: 1980 }, 'Returned', 'quiet'],
    ['succeeded', { disputeStatus: 'prevented', takenMinor: 500 }, 'Paid, ¥500 returned', 'good'],
    ['succeeded', { disputeStatus: 'prevented', refundedMinor: 1980 }, 'Returned', 'quiet'],
    ['succeeded', { disputeStatus: 'prevented' }, 'Settled at the bank', 'quiet'],
    ['scheduled', { dueAt: at(DAY) }, 'Planned', 'quiet'],
    ['scheduled', {}, 'Being made', 'wait'],
    ['requires_payment_method', {}, 'Not paid yet', 'bad'],
    ['requires_payment_method', { updatedAt: at(-50 * DAY) }, 'Not paid yet', 'bad'],
    ['requires_confirmation', {}, 'Being made', 'wait'],
    ['requires_action', {}, 'Needs your confirmation', 'bad'],
    ['requires_capture', {}, 'Reserved, not taken yet', 'wait'],
    ['processing', {}, 'On its way', 'wait'],
    ['canceled', {}, 'Not charged', 'quiet'],
    ['uncollectible', {}, 'Not paid, no more tries', 'bad'],
    ['needs_attention', {}, 'We are looking into it', 'wait'],
  ] as const)('words a charge that is %s %j as %s', (status, more, text, tone) => {
    const one = status === 'succeeded' ? { ...charge, ...more } : unpaid(status, more);
    expect(model({ charges: [one] }).charges[0]).toMatchObject({ text, tone });
  });
});

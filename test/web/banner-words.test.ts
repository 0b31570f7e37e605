import { describe, expect, it } from '@jest/globals';
import type { AccountFacts } from '../../web/account-model.ts';
import { at, charge, DAY, enrollment, method, model, session, unpaid } from './account-facts.ts';

describe('banner after Checkout', () => {
  it.each<[string, Partial<AccountFacts>, string | null, boolean]>([
    [
      'is not known to be complete',
      { session: { ...session, status: 'open', url: 'https://checkout.stripe.com/c/pay/cs_test_1' } },
      'takes a few seconds',
      true,
    ],
    [
      'is complete while its bank account is being proven',
      { session: { ...session, status: 'open', url: null } },
      'Two small deposits are on their way',
      false,
    ],
    [
      'was refused',
      { session: { ...session, refusedReason: 'other customer' } },
      'choose a payment method again',
      false,
    ],
    ['has expired', { session: { ...session, status: 'expired' } }, null, false],
    ['was completed ten minutes ago', { session: { ...session, completedAt: at(-601) } }, null, false],
    [
      'was refused ten minutes ago',
      { session: { ...session, completedAt: at(-601), refusedReason: 'other customer' } },
      null,
      false,
    ],
    [
      'was completed almost ten minutes ago',
      { session: { ...session, completedAt: at(-599) } },
      'There is nothing more to do.',
      false,
    ],
    [
      'was completed long ago, and a payment is made at this moment',
      { session: { ...session, completedAt: at(-50 * DAY) }, charges: [unpaid('requires_confirmation')] },
      null,
      true,
    ],
    [
      'is complete and the page asks for something else',
      { session, enrollment: { ...enrollment, paymentMethod: { ...method, expYear: 2025 } } },
      'Thank you. Please also see the note below.',
      false,
    ],
    ['is complete and nothing is due', { session }, 'There is nothing more to do.', false],
    [
      'is complete and the first charge is due',
      { session, enrollment: { ...enrollment, nextChargeAt: at(-1) } },
      'Your payment of ¥1,980 is being made now.',
      true,
    ],
    [
      'is complete and the charge went through',
      { session, charges: [{ ...charge, settledAt: at(-5) }] },
      'Your payment of ¥1,980 went through.',
      false,
    ],
    [
      'is complete and the only payment went through, which completes the agreement',
      {
        session,
        enrollment: { ...enrollment, status: 'completed' },
        charges: [{ ...charge, settledAt: at(-5) }],
      },
      'Your payment of ¥1,980 went through.',
      false,
    ],
    ['is complete and an older charge is paid', { session, charges: [charge] }, 'nothing more to do', false],
    [
      'is complete and the charge was declined',
      { session, charges: [unpaid('requires_payment_method', { updatedAt: at(-5) })] },
      'has not gone through',
      false,
    ],
    [
      'is complete and it was canceled since',
      { session, enrollment: { ...enrollment, status: 'canceled' } },
      null,
      false,
    ],
  ])('when the session %s', (_name, facts, text, isWaiting) => {
    const { banner, isWaiting: waits } = model(facts);
    if (text === null) {
      expect(banner).toBeNull();
    } else {
      expect(banner?.text).toContain(text);
    }
    expect(waits).toBe(isWaiting);
  });
});

import { describe, expect, it } from '@jest/globals';
import type { CustomerCharge } from '../../db/customer-charges.ts';
import type { AccountFacts } from '../../web/account-model.ts';
import { charge, enrollment, model, unpaid } from './account-facts.ts';

describe('banner after a try', () => {
  const tried = (of: CustomerCharge, charges = [of]): Partial<AccountFacts> => ({
    enrollment: { ...enrollment, status: charges.length > 1 ? 'past_due' : 'active' },
    charges,
    tried: { charge: of, attempt: { before: 0 }, ageMs: 5_000, refused: null },
  });

  it.each<[string, Partial<AccountFacts>, string]>([
    ['went through', tried(charge), 'Your payment of ¥1,980 went through. There is nothing more to do.'],
    [
      'went through, and another one waits',
      tried(charge, [charge, unpaid('requires_payment_method')]),
      'Your payment of ¥1,980 went through.',
    ],
    [
      'is only reserved',
      tried(unpaid('requires_capture')),
      'Your bank has reserved ¥1,980. It is taken later. There is nothing more to do.',
    ],
  ])('says no more than is so when the payment %s', (_name, facts, text) => {
    expect(model(facts).banner).toEqual({ title: 'Thank you', text, tone: 'good' });
  });
});

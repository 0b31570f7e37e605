import { describe, expect, it } from '@jest/globals';
import { redactEvent } from '../../domain/event-redaction.ts';
import { readStripeEvent } from '../../domain/stripe-event.ts';

const EVENT = {
  id: 'evt_1',
  type: 'checkout.session.completed',
  livemode: false,
  request: { idempotency_key: null },
  data: {
    object: {
      id: 'cs_test_1',
      mode: 'setup',
      client_reference_id: `enr_${'a'.repeat(26)}`,
      customer_details: { email: 'hanako@example.com', name: 'Hanako', phone: null },
      client_secret: 'seti_1_secret_2',
      customer_email: null,
      charges: [{ billing_details: { email: 'hanako@example.com' }, amount: 980 }],
    },
    previous_attributes: { receipt_email: 'hanako@example.com' },
  },
};

describe('redactEvent', () => {
  it('F34: leaves no client secret and no contact detail in an event, however deep', () => {
    expect(JSON.stringify(redactEvent(EVENT))).not.toMatch(/_secret_|hanako/i);
  });

  it('changes nothing that events are routed by', () => {
    expect(readStripeEvent(redactEvent(EVENT), false)).toEqual(readStripeEvent(EVENT, false));
  });

  it('keeps everything else, and what was null', () => {
    expect(redactEvent(EVENT)).toMatchObject({
      id: 'evt_1',
      data: { object: { customer_email: null, charges: [{ amount: 980 }] } },
    });
  });

  it('takes any JSON', () => {
    expect([null, 1, 'text', [true], {}].map(redactEvent)).toEqual([null, 1, 'text', [true], {}]);
  });
});

/** Customers with something of each kind, for tests that ask every route for it. */
import { insertNotification } from '../../db/notifications.ts';
import type { TestApi } from '../api/test-api.ts';

export interface Customer {
  enrollmentId: string;
  /** Ids of what belongs to this customer, by the name of the parameter. */
  owned: Record<string, string>;
  home: string;
}

/** @param name of this customer alone */
export async function newCustomer(api: TestApi, name: string): Promise<Customer> {
  const { status, body, text } = await api.request('POST', '/v1/enrollments', {
    idempotencyKey: name,
    body: { terms: { currency: 'jpy', schedule: { type: 'on_demand' } } },
  });
  if (status !== 201) {
    throw new Error(`no enrollment: ${status} ${text}`);
  }
  const enrollmentId: string = body.id;
  const chargeId = `chg_${enrollmentId.slice(4)}_1`;
  const notificationId = `ntf_${enrollmentId.slice(4)}_a`;
  const now = new Date();
  await api.db
    .insertInto('charges')
    .values({
      id: chargeId,
      enrollment_id: enrollmentId,
      number: 1,
      occurrence: null,
      description: null,
      origin: 'api',
      amount_minor: 980,
      captured_minor: 980,
      refunded_minor: 0,
      attempts: 1,
      payment_intent_id: `pi_${name}`,
      dispute_status: null,
      last_code: null,
      last_decline_code: null,
      status_reason: null,
      currency: 'jpy',
      due_at: now,
      status: 'succeeded',
      settled_at: now,
      created_at: now,
      updated_at: now,
    })
    .execute();
  await insertNotification(api.db, {
    id: notificationId,
    enrollmentId,
    chargeId: null,
    kind: 'charge_failed',
    locale: 'en',
    data: {
      amountMinor: 980,
      currency: 'jpy',
      description: null,
      chargeNumber: 1,
      dueAt: null,
      nextAttemptAt: null,
      nextChargeAt: null,
      reason: null,
      timeZone: 'UTC',
    },
    createdAt: now.toISOString(),
  });
  const home = new URL(await api.links.create(enrollmentId)).pathname;
  const owned = { chargeId, notificationId, sessionId: `cs_test_${enrollmentId.slice(4)}` };
  return { enrollmentId, owned, home };
}

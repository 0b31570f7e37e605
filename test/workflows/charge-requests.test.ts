/** The same key is the same charge: by the Workflow's memory at first, by the row for ever. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { findChargeOfRequest } from '../../db/enrollment-history.ts';
import { MONTHLY, startBilling, type TestBilling } from '../support/billing.ts';
import { waitFor } from '../support/wait.ts';
import { heldRequests } from './disputed.ts';

let billing: TestBilling;
beforeAll(async () => {
  billing = await startBilling();
}, 60_000);
afterAll(() => billing.stop());

const API = { by: 'api:key_test', reason: null };
const ASKED = { ...API, amountMinor: 700, description: 'Ride' };

async function onDemand(): Promise<string> {
  const { enrollmentId } = await billing.enrolled({ ...MONTHLY, schedule: { type: 'on_demand' } });
  await billing.active(enrollmentId);
  return enrollmentId;
}

describe('createCharge', () => {
  it('keeps the key with the charge, and answers a repeat with it', async () => {
    const id = await onDemand();
    const first = await billing.billing.createCharge(id, { ...ASKED, requestKey: 'ride-1' });
    expect(await billing.billing.createCharge(id, { ...ASKED, requestKey: 'ride-1' })).toEqual(first);
    const charge = await billing.charged(id, 1, 'succeeded');
    expect(charge).toMatchObject({ id: first.chargeId, request_key: 'ride-1', origin: 'api' });
    expect(await findChargeOfRequest(billing.db, id, 'ride-1')).toMatchObject({ id: first.chargeId });
    expect(await billing.chargeRows(id)).toHaveLength(1);
  }, 30_000);

  it('refuses the key for another amount or description while the first charge is open', async () => {
    const id = await onDemand();
    const match = { method: 'POST', path_prefix: '/v1/payment_intents' };
    await billing.control('faults', { match, kind: 'delay', delay_ms: 2_000, when: 'before', times: 1 });
    const ask = (more: object) =>
      billing.billing.createCharge(id, { ...ASKED, requestKey: 'ride-2', ...more });
    const first = await ask({});
    await expect(ask({ amountMinor: 701 })).rejects.toMatchObject({ code: 'idempotency_mismatch' });
    await expect(ask({ description: 'Another' })).rejects.toMatchObject({ code: 'idempotency_mismatch' });
    expect(await ask({})).toEqual(first);
    await billing.charged(id, 1, 'succeeded');
    expect(await billing.chargeRows(id)).toHaveLength(1);
  }, 30_000);

  it('says what became of a charge that the end came before', async () => {
    // While a dispute is open nothing is charged, so it waits.
    const { id, chargeIds } = await heldRequests(billing);
    await billing.billing.cancelEnrollment(id, { by: 'customer', reason: null });
    await waitFor('the end', async () => (await billing.enrollmentRow(id)).status === 'canceled');
    expect(await findChargeOfRequest(billing.db, id, 'held-700')).toMatchObject({
      id: chargeIds[0],
      status: 'canceled',
      status_reason: 'the enrollment was canceled before it was begun',
      payment_intent_id: null,
    });
    expect((await billing.timeline(id)).map(({ what }) => what)).toContain('charge.canceled');
  }, 40_000);
});

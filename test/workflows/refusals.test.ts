/** Every command refused for the status of the enrollment or charge, asked of real Workflows, and without a trace. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MONTHLY, startBilling, type TestBilling } from '../support/billing.ts';

let billing: TestBilling;
beforeAll(async () => {
  billing = await startBilling();
}, 60_000);
afterAll(() => billing.stop());

const BY = { by: 'api:key', reason: 'a test' };

describe('a command that the status forbids', () => {
  it('is refused with the code of the table and leaves no event', async () => {
    const input = await billing.newInput(MONTHLY);
    const { enrollmentId } = input;
    await billing.billing.enroll(input);
    const before = (await billing.history(enrollmentId)).events?.length;
    const charge = { ...BY, requestKey: 'one', amountMinor: 500, description: null };
    await expect(billing.billing.createCharge(enrollmentId, charge)).rejects.toMatchObject({
      code: 'enrollment_not_started',
    });
    await expect(billing.billing.resumeEnrollment(enrollmentId, BY)).rejects.toMatchObject({
      code: 'enrollment_not_started',
    });
    const unknown = `chg_${enrollmentId.slice(4)}_7`;
    await expect(billing.billing.resumeCharge(enrollmentId, unknown, BY)).rejects.toMatchObject({
      code: 'charge_unknown',
    });
    expect((await billing.history(enrollmentId)).events).toHaveLength(Number(before));
  }, 30_000);

  it('tells a charge that is settled from one that never was', async () => {
    const { enrollmentId } = await billing.enrolled(MONTHLY);
    const charge = await billing.charged(enrollmentId, 1, 'succeeded');
    await expect(billing.billing.resumeCharge(enrollmentId, charge.id, BY)).rejects.toMatchObject({
      code: 'charge_not_parked',
    });
    await expect(billing.billing.resumeEnrollment(enrollmentId, BY)).rejects.toMatchObject({
      code: 'enrollment_not_paused',
    });
  }, 30_000);
});

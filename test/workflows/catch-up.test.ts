/** Three months in which nothing could be charged: what of them is owed afterwards is the terms' to say, and is told. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { enrollmentStateQuery } from '../../workflows/messages.ts';
import { MONTHLY, startBilling, type TestBilling } from '../support/billing.ts';
import { virtualClock } from '../support/virtual-clock.ts';
import { waitFor } from '../support/wait.ts';

let billing: TestBilling;
beforeAll(async () => {
  billing = await startBilling();
}, 60_000);
afterAll(() => billing.stop(), 60_000);

const DAY_MS = 86_400_000;

const stateOf = (id: string) => billing.handle(id).query(enrollmentStateQuery);

async function dispute(enrollmentId: string): Promise<string> {
  const row = await billing.charged(enrollmentId, 1, 'succeeded');
  const intent = await billing.stripe.paymentIntents.retrieve(String(row.payment_intent_id));
  const { id } = (await billing.control(`charges/${intent.latest_charge}/dispute`)) as { id: string };
  await billing.deliverEvents();
  await waitFor('the enrollment to know', async () =>
    JSON.stringify(await billing.history(enrollmentId)).includes('disputesChanged'),
  );
  return id;
}

async function passedOver(enrollmentId: string): Promise<unknown[]> {
  const rows = await billing.db
    .selectFrom('enrollment_events')
    .select('details')
    .where('enrollment_id', '=', enrollmentId)
    .where('what', '=', 'schedule.passed_over')
    .execute();
  return rows.map(({ details }) => (details as { charges?: number } | null)?.charges);
}

describe.each([
  { catchUp: 'charge_all', more: 3, told: [] },
  { catchUp: 'charge_latest', more: 1, told: [2] },
  { catchUp: 'skip', more: 0, told: [3] },
] as const)('the rule $catchUp', ({ catchUp, more, told }) => {
  it(`charges ${more} of three that fell due meanwhile, and goes on with the fourth on its day`, async () => {
    const { enrollmentId } = await billing.enrolled({ ...MONTHLY, catchUp });
    const open = await dispute(enrollmentId);
    const [first] = await billing.chargeRows(enrollmentId);
    const clock = virtualClock(billing.temporal, `enrollment/${enrollmentId}`);
    await clock.goTo(new Date(Date.now() + 100 * DAY_MS).toISOString());
    expect(await billing.chargeRows(enrollmentId)).toHaveLength(1);
    await billing.control(`disputes/${open}/close`, { won: true });
    await billing.deliverEvents();
    await waitFor('the next charge to lie ahead', async () => {
      const { nextChargeAt, chargesSucceeded } = await stateOf(enrollmentId);
      return chargesSucceeded === 1 + more && Date.parse(String(nextChargeAt)) > clock.now();
    });
    const rows = await billing.chargeRows(enrollmentId);
    expect(rows.map(({ occurrence }) => occurrence)).toEqual(
      [0, 1, 2, 3].slice(0, 1).concat([1, 2, 3].slice(3 - more)),
    );
    expect(new Set(rows.map(({ status }) => status))).toEqual(new Set(['succeeded']));
    expect(await passedOver(enrollmentId)).toEqual(told);
    // The fourth keeps the day that it had from the start.
    const monthsLater = new Date(Number(first?.due_at));
    monthsLater.setUTCMonth(monthsLater.getUTCMonth() + 4);
    const { nextChargeAt } = await stateOf(enrollmentId);
    expect(Math.abs(Date.parse(String(nextChargeAt)) - Number(monthsLater))).toBeLessThan(4 * DAY_MS);
  }, 60_000);
});

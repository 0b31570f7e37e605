/** What the preview of a cancel says is what the cancel then does, whatever is held back. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Terms } from '../../domain/terms.ts';
import {
  cancelPreviewQuery,
  enrollmentStateQuery,
  paymentMethodChangedSignal,
} from '../../workflows/messages.ts';
import { MONTHLY, startBilling, type TestBilling } from '../support/billing.ts';
import { virtualClock } from '../support/virtual-clock.ts';
import { waitFor } from '../support/wait.ts';
import { BY, tellOfDispute, whileChanging } from './disputed.ts';

const DAY_MS = 86_400_000;

let billing: TestBilling;
beforeAll(async () => {
  billing = await startBilling();
}, 60_000);
afterAll(() => billing.stop());

const stateOf = (id: string) => billing.handle(id).query(enrollmentStateQuery);

/** An enrollment whose first charge is paid and disputed, and whose second is due. */
async function holding(terms: Partial<Terms> = {}) {
  const { enrollmentId: id } = await billing.paidOnce({ ...MONTHLY, ...terms });
  await tellOfDispute(billing, id, 'needs_response');
  return held(id);
}

async function held(id: string) {
  const next = await waitFor('the next charge', async () => (await stateOf(id)).nextChargeAt ?? false);
  const clock = virtualClock(billing.temporal, `enrollment/${id}`);
  /** Wakes the Workflow there, too: what it answers to a query is of the time when it last did something. */
  const goTo = async (days: number) => {
    await clock.goTo(new Date(Date.parse(next) + days * DAY_MS).toISOString());
    const change = { paymentMethodId: 'pm_unknown', eventType: 'payment_method.updated' };
    await billing.handle(id).signal(paymentMethodChangedSignal, change);
  };
  await goTo(1);
  return { id, next, goTo, win: () => tellOfDispute(billing, id, 'won') };
}

/** Cancels at the end of the period, lets everything be collected, and answers with what that was. */
async function collected(id: string, win: () => Promise<void>) {
  const before = (await billing.chargeRows(id)).length;
  const { cancelAt } = await billing.billing.cancelAtPeriodEnd(id, BY);
  await win();
  const rows = await waitFor('what is owed to be collected', async () => {
    const { nextChargeAt } = await stateOf(id);
    const all = await billing.chargeRows(id);
    const open = all.filter(({ status }) => status !== 'succeeded').length;
    return nextChargeAt !== null && nextChargeAt >= cancelAt && open === 0 && all;
  });
  return { cancelAt, amounts: rows.slice(before).map(({ amount_minor }) => amount_minor) };
}

describe('the preview of a cancel at the end of the period', () => {
  it('says all of several charges that are held back, and their end', async () => {
    const { id, goTo, win } = await holding();
    await goTo(40);
    const preview = await billing.billing.previewCancel(id, 'at_period_end');
    const now = await billing.billing.previewCancel(id, 'now');
    const { cancelAt, amounts } = await collected(id, win);
    expect(amounts).toEqual([980, 980]);
    expect(preview).toMatchObject({
      takesEffectAt: cancelAt,
      nextChargeStopped: { occurrence: 3, dueAt: cancelAt },
      stillOwedMinor: 1_960,
    });
    expect(now).toMatchObject({ nextChargeStopped: { occurrence: 1 }, stillOwedMinor: 0 });
  }, 60_000);

  it('says the latest of them where only that is collected', async () => {
    const { id, goTo, win } = await holding({ catchUp: 'charge_latest' });
    await goTo(40);
    const preview = await billing.billing.previewCancel(id, 'at_period_end');
    const { cancelAt, amounts } = await collected(id, win);
    expect(amounts).toEqual([980]);
    expect(preview).toMatchObject({ takesEffectAt: cancelAt, stillOwedMinor: 980 });
  }, 60_000);

  it('lets a credit meet one after another, and names what was asked for and waits', async () => {
    const { enrollmentId: id } = await billing.paidOnce(MONTHLY);
    const other = { ...BY, requestKey: 'two', amountMinor: 700, description: null };
    let chargeId = '';
    await whileChanging(
      billing,
      id,
      // The credit is larger than the first of them.
      () => billing.billing.changeAmount(id, { ...BY, amountMinor: 480, effective: 'at_once' }),
      async () => {
        ({ chargeId } = await billing.billing.createCharge(id, other));
        await tellOfDispute(billing, id, 'needs_response');
      },
    );
    const { goTo, win } = await held(id);
    await goTo(40);
    const preview = await billing.billing.previewCancel(id, 'at_period_end');
    expect(preview.charges).toEqual([{ id: chargeId, amountMinor: 700, fate: 'goes_on' }]);
    expect((await billing.billing.previewCancel(id, 'now')).charges[0]?.fate).toBe('never_attempted');
    const { cancelAt, amounts } = await collected(id, win);
    expect(amounts).toEqual([700, 460]);
    expect(preview).toMatchObject({ takesEffectAt: cancelAt, stillOwedMinor: 460 });
  }, 60_000);

  it('is the answer of the Workflow alone where an older Worker tells no facts', async () => {
    const { id, next } = await holding();
    const { facts, ...older } = await billing.handle(id).query(cancelPreviewQuery, 'at_period_end');
    expect(facts).toBeDefined();
    expect(older).toMatchObject({ stillOwedMinor: 980, nextChargeStopped: { occurrence: 2 } });
    expect(Date.parse(String(older.takesEffectAt))).toBeGreaterThan(Date.parse(next));
  }, 60_000);
});

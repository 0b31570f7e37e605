/**
 * What goes from run to run: charges in dunning and at the customer, requests that wait, a pause, a cancel that comes
 * later, messages in flight. The test server ends a run after 250 events, so some thirty commands
 * are enough for it.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Terms } from '../../domain/terms.ts';
import { checkoutSessionExpiredSignal, enrollmentStateQuery } from '../../workflows/messages.ts';
import { atOnce } from '../support/at-once.ts';
import { MONTHLY, startBilling, type TestBilling } from '../support/billing.ts';
import { fastForward } from '../support/temporal.ts';
import { waitFor } from '../support/wait.ts';
import { heldRequests } from './disputed.ts';

let billing: TestBilling;
beforeAll(async () => {
  billing = await startBilling();
}, 60_000);
afterAll(() => billing.stop(), 60_000);

const BY = { by: 'operator', reason: 'a test' };
const DAY_MS = 86_400_000;
const DECLINES = '4000000000000341';
const GOOD = '4242424242424242';

/** Monthly from a month ahead, so that nothing is charged by itself meanwhile. */
function ahead(): Terms {
  const startsAt = new Date(Date.now() + 30 * DAY_MS).toISOString();
  return { ...MONTHLY, schedule: { ...MONTHLY.schedule, startsAt } as Terms['schedule'] };
}

async function enrolled(card: string, terms = ahead()): Promise<string> {
  const { enrollmentId } = await billing.enrolled(terms, card);
  await waitFor('the method', async () => (await stateOf(enrollmentId)).status === 'active');
  return enrollmentId;
}

const stateOf = (id: string) => billing.handle(id).query(enrollmentStateQuery);

async function runId(id: string): Promise<string> {
  return (await billing.handle(id).describe()).runId;
}

/** Makes history by a command that changes nothing in the end, until another run has taken over. */
async function untilNextRun(id: string, busy: () => Promise<unknown>): Promise<void> {
  const before = await runId(id);
  for (let commands = 0; (await runId(id)) === before; commands++) {
    if (commands > 80) {
      throw new Error(`${id} is still in its run ${before}`);
    }
    await busy();
  }
}

/** The next charge of the schedule comes at some hour of its day. */
function move(id: string, days: number) {
  let hour = 0;
  return () => {
    hour = (hour + 1) % 20;
    const dueAt = new Date(Date.now() + days * DAY_MS + hour * 3_600_000).toISOString();
    return billing.billing.moveNext(id, { ...BY, dueAt });
  };
}

async function ask(id: string, requestKey: string, amountMinor: number): Promise<string> {
  const asked = { ...BY, requestKey, amountMinor, description: null };
  return (await billing.billing.createCharge(id, asked)).chargeId;
}

describe('continue-as-new', () => {
  it('carries charges in dunning, and the next card settles each once', async () => {
    const id = await enrolled(DECLINES);
    const charges = [await ask(id, 'one', 700), await ask(id, 'two', 800)];
    for (const number of [1, 2]) {
      await billing.charged(id, number, 'requires_payment_method');
      await billing.known(id, String(charges[number - 1]), 'requires_payment_method');
    }
    const before = (await stateOf(id)).charges;
    const skip = () => billing.billing.skipNext(id, { ...BY, request: { key: 'skip', what: 'skip-next' } });
    const skipped = await skip();
    await untilNextRun(id, move(id, 50));
    expect((await stateOf(id)).charges).toEqual(before);
    expect(await skip()).toEqual(skipped);
    const session = await billing.billing.openCheckoutSession(id, BY);
    await billing.save(id, session.id, { number: GOOD });
    for (const number of [1, 2]) {
      const row = await billing.charged(id, number, 'succeeded');
      expect(row).toMatchObject({ attempts: 2 });
    }
    expect(await billing.ledger(id)).toEqual(
      expect.arrayContaining([
        { kind: 'payment', amount_minor: 700 },
        { kind: 'payment', amount_minor: 800 },
      ]),
    );
    expect(await billing.ledger(id)).toHaveLength(2);
    // Asked for again under its key, in another run.
    expect(await ask(id, 'one', 700)).toBe(charges[0]);
    expect(await billing.chargeRows(id)).toHaveLength(2);
  }, 90_000);

  it('carries requests that wait for a dispute, and makes each once when it is over', async () => {
    const { id, chargeIds: asked, won } = await heldRequests(billing, { amounts: [700, 800] });
    await untilNextRun(id, move(id, 20));
    expect(await billing.chargeRows(id)).toHaveLength(1);
    await won();
    expect((await billing.charged(id, 2, 'succeeded')).id).toBe(asked[0]);
    expect((await billing.charged(id, 3, 'succeeded')).id).toBe(asked[1]);
    expect(await billing.chargeRows(id)).toHaveLength(3);
  }, 90_000);

  it('carries a cancel at the end of the period, which then takes effect', async () => {
    const id = await enrolled(GOOD);
    const before = await runId(id);
    await billing.billing.cancelAtPeriodEnd(id, BY);
    const again = async () => {
      await billing.billing.undoCancel(id, BY);
      await billing.billing.cancelAtPeriodEnd(id, BY);
    };
    await untilNextRun(id, again);
    const { cancelAt } = await stateOf(id);
    expect(cancelAt).not.toBeNull();
    expect(await runId(id)).not.toBe(before);
    await fastForward(
      billing.temporal,
      `enrollment/${id}`,
      Date.parse(String(cancelAt)) - Date.now() + 60_000,
    );
    expect(await billing.handle(id).result()).toMatchObject({ status: 'canceled', reason: BY.reason });
    expect(await billing.chargeRows(id)).toEqual([]);
  }, 90_000);

  it('carries a pause with its end', async () => {
    const id = await enrolled(GOOD);
    const resumeAt = new Date(Date.now() + 45 * DAY_MS).toISOString();
    await billing.billing.pauseEnrollment(id, { ...BY, resumeAt });
    await untilNextRun(id, async () => {
      await billing.billing.resumeEnrollment(id, BY);
      await billing.billing.pauseEnrollment(id, { ...BY, resumeAt });
    });
    expect((await stateOf(id)).status).toBe('paused');
    await fastForward(billing.temporal, `enrollment/${id}`, 46 * DAY_MS);
    await waitFor('the end of the pause', async () => (await stateOf(id)).status === 'active');
    expect(await billing.chargeRows(id)).toEqual([]);
    expect(Date.parse(String((await stateOf(id)).nextChargeAt))).toBeGreaterThan(Date.parse(resumeAt));
  }, 90_000);

  it('carries a charge that fell due before a pause which began as one run handed over to the next', async () => {
    const id = await enrolled(GOOD);
    const before = await runId(id);
    const moved = move(id, 20);
    while (((await billing.history(id)).events?.length ?? 0) < 100) {
      await moved();
    }
    const { nextChargeAt } = await stateOf(id);
    await billing.workers.stop();
    await fastForward(
      billing.temporal,
      `enrollment/${id}`,
      Date.parse(String(nextChargeAt)) - Date.now() + 60_000,
    );
    const fired = async () =>
      (await billing.history(id)).events?.slice(-10).some((event) => event.timerFiredEventAttributes);
    await waitFor('the timer to fire', fired);
    // So long that the run ends as soon as a Worker is back.
    await atOnce(8, Array.from({ length: 160 }), (_, count) =>
      billing.handle(id).signal(checkoutSessionExpiredSignal, { checkoutSessionId: `cs_other_${count}` }),
    );
    const paused = billing.billing.pauseEnrollment(id, { ...BY, resumeAt: null });
    await billing.addWorkers(billing.bundle);
    expect(await paused).toEqual({ status: 'paused' });
    expect(await runId(id)).not.toBe(before);
    expect((await billing.charged(id, 1, 'succeeded')).due_at.toISOString()).toBe(nextChargeAt);
    expect((await stateOf(id)).status).toBe('paused');
    expect(await billing.enrollmentRow(id)).toMatchObject({ status: 'paused', next_charge_at: null });
    await billing.billing.resumeEnrollment(id, BY);
    expect(await billing.chargeRows(id)).toHaveLength(1);
  }, 90_000);

  it('loses and doubles nothing of what is asked while one run hands over to the next', async () => {
    const id = await enrolled(GOOD);
    const before = await runId(id);
    const keys = Array.from({ length: 60 }, (_, index) => index);
    const ids = await atOnce(6, keys, async (index) => {
      // Twenty may be open: a slow machine makes them more slowly than they are asked for.
      const first = await waitFor('its turn', () => ask(id, `key-${index}`, 500 + index), {
        timeoutMs: 60_000,
      });
      // A caller whose answer was lost.
      return [first, await ask(id, `key-${index}`, 500 + index)];
    });
    expect(ids.filter(([first, second]) => first !== second)).toEqual([]);
    expect(new Set(ids.map(([first]) => first)).size).toBe(keys.length);
    expect(await runId(id)).not.toBe(before);
    const rows = await waitFor('all to be paid', async () => {
      const found = await billing.chargeRows(id);
      return found.length === keys.length && found.every(({ status }) => status === 'succeeded') && found;
    });
    expect(rows.map(({ amount_minor }) => amount_minor).sort()).toEqual(keys.map((index) => 500 + index));
    expect(await billing.ledger(id)).toHaveLength(keys.length);
    await waitFor('the Workflow to know', async () => (await stateOf(id)).chargesSucceeded === keys.length);
  }, 90_000);

  it('loses no event that comes while one run hands over to the next', async () => {
    const id = await enrolled(GOOD, { ...ahead(), captureMethod: 'manual' });
    const held = await atOnce(6, [1, 2, 3, 4, 5, 6, 7, 8], async (index) =>
      ask(id, `key-${index}`, 500 + index),
    );
    for (const [index, charge] of held.entries()) {
      await billing.charged(id, index + 1, 'requires_capture');
      await billing.known(id, charge, 'requires_capture');
    }
    const rows = await billing.chargeRows(id);
    // Captured in the Dashboard, one after the other, while commands drive the run to its end.
    await Promise.all([
      untilNextRun(id, move(id, 20)),
      (async () => {
        for (const row of rows) {
          await billing.stripe.paymentIntents.capture(String(row.payment_intent_id));
          await billing.deliverEvents();
        }
      })(),
    ]);
    await waitFor('every capture to be known', async () => {
      const { chargesSucceeded, charges } = await stateOf(id);
      return chargesSucceeded === held.length && charges.length === 0;
    });
    expect((await billing.ledger(id)).map(({ kind }) => kind)).toEqual(Array(held.length).fill('payment'));
  }, 90_000);
});

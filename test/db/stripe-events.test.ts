import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  claimStripeEvents,
  countPendingStripeEvents,
  markIgnored,
  markSignalled,
  postponeStripeEvent,
  type ReceivedEvent,
  receiveStripeEvent,
} from '../../db/stripe-events.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase({ poolSize: 20 });
});
afterAll(() => database.drop());
beforeEach(() => database.db.deleteFrom('stripe_events').execute());

const event = (id: string, more: Partial<ReceivedEvent> = {}): ReceivedEvent => ({
  id,
  type: 'checkout.session.completed',
  apiVersion: null,
  livemode: false,
  objectId: null,
  payload: { id },
  stripeCreatedAt: new Date('2026-11-01T00:00:00.000Z'),
  ignoredReason: null,
  ...more,
});

const row = (id: string) =>
  database.db.selectFrom('stripe_events').selectAll().where('id', '=', id).executeTakeFirstOrThrow();

describe('receiveStripeEvent', () => {
  it('is new once, with twenty writers at the same time', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => receiveStripeEvent(database.db, event('evt_1'), true)),
    );
    expect(answers.filter(Boolean)).toHaveLength(1);
    expect(await row('evt_1')).toMatchObject({ deliveries: 20 });
  });

  it('keeps the first payload and what was done about it', async () => {
    await receiveStripeEvent(database.db, event('evt_1'), true);
    await markSignalled(database.db, 'evt_1', 'enr_1');
    const before = await row('evt_1');
    await receiveStripeEvent(
      database.db,
      event('evt_1', { payload: { other: true }, ignoredReason: 'x' }),
      false,
    );
    expect(await row('evt_1')).toEqual({ ...before, deliveries: 2 });
  });
});

describe('claimStripeEvents', () => {
  it('hands each due row to one caller, the longest due first', async () => {
    for (const id of ['evt_1', 'evt_2', 'evt_3']) {
      await receiveStripeEvent(database.db, event(id), false);
    }
    await database.db
      .updateTable('stripe_events')
      .set({ next_signal_at: new Date('2026-01-01') })
      .where('id', '=', 'evt_3')
      .execute();
    expect((await claimStripeEvents(database.db, 1)).map(({ id }) => id)).toEqual(['evt_3']);
    const rest = await Promise.all(Array.from({ length: 10 }, () => claimStripeEvents(database.db, 2)));
    expect(
      rest
        .flat()
        .map(({ id }) => id)
        .sort(),
    ).toEqual(['evt_1', 'evt_2']);
    expect(await claimStripeEvents(database.db, 10)).toEqual([]);
  });

  it('leaves rows that are done, ignored, leased or not yet due', async () => {
    await receiveStripeEvent(database.db, event('evt_done'), false);
    await markSignalled(database.db, 'evt_done', 'enr_1');
    await receiveStripeEvent(database.db, event('evt_ignored', { ignoredReason: 'because' }), false);
    await receiveStripeEvent(database.db, event('evt_leased'), true);
    await receiveStripeEvent(database.db, event('evt_later'), false);
    await postponeStripeEvent(database.db, 'evt_later', 'failed');
    expect(await claimStripeEvents(database.db, 10)).toEqual([]);
    expect(await countPendingStripeEvents(database.db)).toBe(2);
  });
});

describe('marks', () => {
  it('never turns what was signalled into ignored, nor postpones what is done', async () => {
    await receiveStripeEvent(database.db, event('evt_1'), true);
    await markSignalled(database.db, 'evt_1', 'enr_1');
    const before = await row('evt_1');
    await markIgnored(database.db, 'evt_1', { reason: 'late', enrollmentId: null });
    await postponeStripeEvent(database.db, 'evt_1', 'late');
    await markSignalled(database.db, 'evt_1', 'enr_1');
    expect(await row('evt_1')).toEqual(before);
  });

  it('keeps the first reason', async () => {
    await receiveStripeEvent(database.db, event('evt_1'), true);
    await markIgnored(database.db, 'evt_1', { reason: 'first', enrollmentId: 'enr_1' });
    await markIgnored(database.db, 'evt_1', { reason: 'second', enrollmentId: null });
    expect(await row('evt_1')).toMatchObject({ ignored_reason: 'first', enrollment_id: 'enr_1' });
  });
});

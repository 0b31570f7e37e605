import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { redeliver } from '../../db/inbox-operations.ts';
import {
  claimStripeEvents,
  countPendingStripeEvents,
  markIgnored,
  markSignalled,
  postponeStripeEvent,
  type ReceivedEvent,
  receiveStripeEvent,
  receiveStripeEvents,
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
    await markSignalled(database.db, [{ id: 'evt_1', enrollmentId: 'enr_1' }]);
    const before = await row('evt_1');
    await receiveStripeEvent(
      database.db,
      event('evt_1', { payload: { other: true }, ignoredReason: 'x' }),
      false,
    );
    expect(await row('evt_1')).toEqual({ ...before, deliveries: 2 });
  });
});

describe('receiveStripeEvents', () => {
  it('keeps many in one statement and says of each whether it is new', async () => {
    await receiveStripeEvent(database.db, event('evt_2'), false);
    const arrivals = ['evt_3', 'evt_2', 'evt_1'].map((id) => ({ event: event(id), leased: id === 'evt_1' }));
    expect(await receiveStripeEvents(database.db, arrivals)).toEqual([true, false, true]);
    expect(await row('evt_2')).toMatchObject({ deliveries: 2 });
    expect(await row('evt_1')).toMatchObject({ deliveries: 1, signal_attempts: 1 });
    expect(await row('evt_3')).toMatchObject({
      signal_attempts: 0,
      payload: { id: 'evt_3' },
      stripe_created_at: new Date('2026-11-01T00:00:00.000Z'),
    });
  });

  it('lets batches with the same events in another order pass each other', async () => {
    const ids = Array.from({ length: 40 }, (_, index) => `evt_${index}`);
    const batch = (order: string[]) =>
      receiveStripeEvents(
        database.db,
        order.map((id) => ({ event: event(id), leased: false })),
      );
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, turn) => batch(turn % 2 === 0 ? ids : [...ids].reverse())),
    );
    expect(answers.flat().filter(Boolean)).toHaveLength(ids.length);
  });

  it('keeps text that PostgreSQL has no form for, wherever it stands', async () => {
    const stray = event('evt_1', { payload: { a: '\u0000', b: '\ud800' }, objectId: 'x\u0000y' });
    expect(await receiveStripeEvents(database.db, [{ event: stray, leased: false }])).toEqual([true]);
    expect(await row('evt_1')).toMatchObject({
      payload: { a: '\ufffd', b: '\ufffd' },
      object_id: 'x\ufffdy',
    });
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
    await markSignalled(database.db, [{ id: 'evt_done', enrollmentId: 'enr_1' }]);
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
    await markSignalled(database.db, [{ id: 'evt_1', enrollmentId: 'enr_1' }]);
    const before = await row('evt_1');
    await markIgnored(database.db, [{ id: 'evt_1', reason: 'late', enrollmentId: null }]);
    await postponeStripeEvent(database.db, 'evt_1', 'late');
    await markSignalled(database.db, [{ id: 'evt_1', enrollmentId: 'enr_1' }]);
    expect(await row('evt_1')).toEqual(before);
  });

  it('keeps the first reason', async () => {
    await receiveStripeEvent(database.db, event('evt_1'), true);
    await markIgnored(database.db, [{ id: 'evt_1', reason: 'first', enrollmentId: 'enr_1' }]);
    await markIgnored(database.db, [{ id: 'evt_1', reason: 'second', enrollmentId: null }]);
    expect(await row('evt_1')).toMatchObject({ ignored_reason: 'first', enrollment_id: 'enr_1' });
  });
});

describe('the statement of docs/operations.md that deletes old webhooks', () => {
  it('deletes what is old and done, with who had it delivered again, and nothing that waits', async () => {
    const { db } = database;
    const docs = readFileSync(path.resolve(import.meta.dirname, '../../docs/operations.md'), 'utf8');
    const [, statement = ''] = /```sql\n(delete from stripe_events [^`]*)```/.exec(docs) ?? [];
    for (const id of ['evt_old_done', 'evt_young_done']) {
      await receiveStripeEvent(db, event(id), true);
      await redeliver(db, id);
      await markSignalled(db, [{ id, enrollmentId: 'enr_1' }]);
    }
    await receiveStripeEvent(db, event('evt_old_ignored', { ignoredReason: 'because' }), false);
    await receiveStripeEvent(db, event('evt_old_waits'), false);
    await sql`update stripe_events set received_at = now() - interval '91 days' where id like 'evt_old%'`.execute(
      db,
    );
    await sql.raw(statement).execute(db);
    const kept = await db.selectFrom('stripe_events').select('id').orderBy('id').execute();
    expect(kept.map(({ id }) => id)).toEqual(['evt_old_waits', 'evt_young_done']);
    const again = await db.selectFrom('stripe_event_redeliveries').select('stripe_event_id').execute();
    expect(again).toEqual([{ stripe_event_id: 'evt_young_done' }]);
  });
});

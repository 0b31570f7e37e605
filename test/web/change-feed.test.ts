import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Kysely, type KyselyPlugin, sql } from 'kysely';
import { pino } from 'pino';
import type { Database } from '../../db/schema.ts';
import { type ChangeFeed, createChangeFeed } from '../../web/change-feed.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { waitFor } from '../support/wait.ts';
import {
  newEnrollmentId,
  seedCharge,
  seedCheckoutSession,
  seedEnrollment,
  seedNotification,
  seedPaymentMethod,
} from './rows.ts';

describe('createChangeFeed', () => {
  let test: TestDatabase;
  let db: Kysely<Database>;
  let feed: ChangeFeed;
  let queries = 0;
  let failures = 0;

  beforeAll(async () => {
    test = await createTestDatabase();
    const counting: KyselyPlugin = {
      transformQuery: ({ node }) => {
        queries += 1;
        if (failures > 0) {
          failures -= 1;
          throw new Error('connection terminated');
        }
        return node;
      },
      transformResult: async ({ result }) => result,
    };
    db = test.db.withPlugin(counting);
  });
  beforeEach(() => {
    queries = 0;
    failures = 0;
    feed = createChangeFeed({ db, log: pino({ level: 'silent' }), pollMs: 5 });
  });
  afterEach(() => feed.close());
  afterAll(() => test.drop());

  function watch(enrollmentId: string) {
    const seen: string[] = [];
    const state = { seen, isClosed: false };
    const stop = feed.watch(enrollmentId, {
      onStamp: (stamp) => seen.push(stamp),
      onClose: () => {
        state.isClosed = true;
      },
    });
    return Object.assign(state, { stop });
  }

  it('asks nothing when whoever watched has left before it asks', async () => {
    const stays = await seedEnrollment(test.db);
    watch(newEnrollmentId()).stop?.();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(queries).toBe(0);
    const page = watch(stays);
    await waitFor('the first stamp', () => page.seen.length === 1);
  });

  it('tells the present stamp first, then every change, and nothing else', async () => {
    const id = await seedEnrollment(test.db);
    const methodId = await seedPaymentMethod(test.db, id);
    const page = watch(id);
    await waitFor('the first stamp', () => page.seen.length === 1);
    const changes = [
      () => sql`update payment_methods set detached_at = now() where id = ${methodId}`.execute(test.db),
      () => sql`update enrollments set status = status where id = ${id}`.execute(test.db),
      () => seedCharge(test.db, id),
      () => sql`update charges set refunded_minor = 1 where enrollment_id = ${id}`.execute(test.db),
      () => seedCheckoutSession(test.db, id),
      () => seedNotification(test.db, id, 'charge_succeeded'),
    ];
    for (const [index, change] of changes.entries()) {
      await change();
      await waitFor(`change ${index}`, () => page.seen.length === index + 2);
    }
    expect(new Set(page.seen).size).toBe(changes.length + 1);
    const before = queries;
    await waitFor('three more polls', () => queries > before + 3);
    expect(page.seen).toHaveLength(changes.length + 1);
  });

  it('keeps pages of different enrollments apart', async () => {
    const [one, two] = [await seedEnrollment(test.db), await seedEnrollment(test.db)];
    const pages = [watch(one), watch(two), watch(one)] as const;
    await waitFor('first stamps', () => pages.every(({ seen }) => seen.length === 1));
    await sql`update enrollments set status = status where id = ${one}`.execute(test.db);
    await waitFor('the change on both', () => pages[0].seen.length === 2 && pages[2].seen.length === 2);
    expect(pages[1].seen).toHaveLength(1);
  });

  it('asks one query for all pages', async () => {
    feed.close();
    feed = createChangeFeed({ db, log: pino({ level: 'silent' }), pollMs: 1_000_000 });
    const ids = [await seedEnrollment(test.db), await seedEnrollment(test.db)];
    const pages = Array.from({ length: 10 }, (_, index) => watch(ids[index % 2] ?? ''));
    await waitFor('first stamps', () => pages.every(({ seen }) => seen.length === 1));
    expect(queries).toBe(1);
  });

  it('asks nothing when nobody watches any more', async () => {
    const page = watch(await seedEnrollment(test.db));
    await waitFor('the first stamp', () => page.seen.length === 1);
    page.stop?.();
    // One that was under way may still end.
    await waitFor('silence', async () => {
      const before = queries;
      await new Promise((resolve) => setTimeout(resolve, 50));
      return queries === before;
    });
  });

  it('refuses more pages of one enrollment than a person has, and takes one again when one is closed', async () => {
    const id = newEnrollmentId();
    const pages = Array.from({ length: 11 }, () => watch(id));
    expect(pages.map(({ stop }) => stop !== null)).toEqual([...Array(10).fill(true), false]);
    pages[0]?.stop?.();
    pages[0]?.stop?.();
    expect(watch(id).stop).not.toBeNull();
    expect(watch(id).stop).toBeNull();
  });

  it('refuses more pages than one process is meant for', () => {
    const all = Array.from({ length: 1_000 }, () => watch(newEnrollmentId()));
    expect(all.every(({ stop }) => stop !== null)).toBe(true);
    expect(watch(newEnrollmentId()).stop).toBeNull();
  });

  it('closes every page and takes no new one', () => {
    const page = watch(newEnrollmentId());
    feed.close();
    expect(page.isClosed).toBe(true);
    expect(watch(newEnrollmentId()).stop).toBeNull();
  });
});

describe('createChangeFeed while the database is away', () => {
  it('goes on when it is back', async () => {
    const test = await createTestDatabase();
    let failures = 1;
    const logged: string[] = [];
    const feed = createChangeFeed({
      db: test.db.withPlugin({
        transformQuery: ({ node }) => {
          if (failures-- > 0) throw new Error('connection terminated');
          return node;
        },
        transformResult: async ({ result }) => result,
      }),
      log: pino({}, { write: (line: string) => void logged.push(line) }),
    });
    const seen: string[] = [];
    feed.watch(await seedEnrollment(test.db), { onStamp: (stamp) => seen.push(stamp), onClose: () => {} });
    await waitFor('a stamp after the failure', () => seen.length === 1, { timeoutMs: 15_000 });
    expect(logged.join('')).toContain('tried again');
    feed.close();
    await test.drop();
  });
});

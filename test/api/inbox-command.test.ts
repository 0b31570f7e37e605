/** The operator's view of the inbox, as a process. */
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { findStripeEvent } from '../../db/inbox-operations.ts';
import { markIgnored, receiveStripeEvent } from '../../db/stripe-events.ts';
import { run } from '../../dev/processes.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

const PROJECT = path.resolve(import.meta.dirname, '../..');

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
  for (const id of ['evt_waiting', 'evt_ignored']) {
    const event = {
      id,
      type: 'payment_intent.succeeded',
      apiVersion: null,
      livemode: false,
      objectId: 'pi_1',
    };
    await receiveStripeEvent(
      database.db,
      { ...event, payload: { id }, stripeCreatedAt: new Date(), ignoredReason: null },
      true,
    );
  }
  await markIgnored(database.db, 'evt_ignored', { reason: 'nobody’s', enrollmentId: null });
}, 60_000);
afterAll(() => database.drop());

function inbox(...args: string[]) {
  return run(
    {
      name: 'inbox',
      command: process.execPath,
      args: ['--disable-warning=ExperimentalWarning', path.join(PROJECT, 'api/inbox-command.ts'), ...args],
      env: { DATABASE_URL: database.url },
      cwd: PROJECT,
    },
    30_000,
  );
}

describe('npm run inbox', () => {
  it('lists what came, and what became of it', async () => {
    expect((await inbox('list')).output).toMatch(/evt_ignored\t.*ignored, because: nobody’s/);
    const pending = await inbox('list', '--state', 'pending');
    expect(pending.output).toContain('evt_waiting');
    expect(pending.output).not.toContain('evt_ignored');
  });

  it('makes an event due again, also one that was ignored', async () => {
    expect((await inbox('redeliver', 'evt_ignored')).ok).toBe(true);
    const row = await findStripeEvent(database.db, 'evt_ignored');
    expect(row).toMatchObject({ ignored_reason: null, signalled_at: null, signal_attempts: 0 });
    expect(row?.next_signal_at.getTime()).toBeLessThanOrEqual(Date.now() + 1_000);
  });

  it('says so of an id that never came, and of a state that is none', async () => {
    expect(await inbox('redeliver', 'evt_unknown')).toMatchObject({ ok: false });
    expect((await inbox('list', '--state', 'lost')).output).toContain('none of pending');
  });
});

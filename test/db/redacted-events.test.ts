/** Webhooks that were kept before so much was left out of them. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { redactKeptEvents } from '../../db/redact-kept-events.ts';
import { redactEvent } from '../../domain/event-redaction.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const LINK = 'https://billing.example.com/c/eyJhbGciOiJIUzI1NiJ9.e30.c2ln';
const about = (object: object) => ({ id: 'evt', request: { idempotency_key: null }, data: { object } });
const SESSION = about({
  id: 'cs_test_1',
  success_url: `${LINK}/return`,
  cancel_url: `${LINK}/account`,
  customer_details: '[redacted]',
  customer_email: null,
  custom_fields: [],
  metadata: {},
  amounts: [1, 'two', null, { cardholder_name: 'Hanako', of: [] }],
});
const ON_SESSION = about({
  id: 'pi_1',
  next_action: { redirect_to_url: { return_url: LINK, url: 'https://hooks.stripe.com/?client_secret=x' } },
  last_payment_error: { payment_method: { wallet: { return_url: LINK } } },
});
const DISPUTE = about({ id: 'du_1', evidence: { customer_name: 'Hanako' }, evidence_details: { due_by: 1 } });
const CLEAN = about({ id: 're_1', amount: 980, description: null, source: null, receipt_url: '[redacted]' });

const KEPT = { evt_clean: CLEAN, evt_dispute: DISPUTE, evt_on_session: ON_SESSION, evt_session: SESSION };

async function keep(): Promise<void> {
  await database.db.deleteFrom('stripe_events').execute();
  await database.db
    .insertInto('stripe_events')
    .values(
      Object.entries(KEPT).map(([id, payload]) => ({
        id,
        type: 'any',
        livemode: false,
        payload: JSON.stringify(payload),
        stripe_created_at: new Date('2026-05-01T00:00:00Z'),
        next_signal_at: new Date('2026-05-01T00:00:00Z'),
        received_at: new Date(id === 'evt_dispute' ? '2026-05-01T00:00:00Z' : '2026-05-02T00:00:00Z'),
      })),
    )
    .execute();
}

const rows = async () => {
  const kept = await database.db
    .selectFrom('stripe_events')
    .select(['id', 'payload', sql<string>`xmin::text`.as('written')])
    .orderBy('id')
    .execute();
  return new Map(kept.map((row) => [row.id, row]));
};

async function redactStored(since: string): Promise<number> {
  const { rows: answers } = await sql<{ changed: string }>`
    select redact_stripe_events(${since}) as changed`.execute(database.db);
  return Number(answers[0]?.changed);
}

describe('redactKeptEvents', () => {
  it('leaves no link, client secret or person in kept webhooks, and what a webhook of today would keep', async () => {
    await keep();
    await database.db.updateTable('backfills').set({ place: '', finished_at: null }).execute();
    const said: string[] = [];
    await redactKeptEvents(database.db, (text) => said.push(text));
    expect(said).toEqual(['Looked at 4 kept webhooks, and redacted 3.']);
    const after = await rows();
    expect(JSON.stringify([...after.values()])).not.toMatch(/eyJ|client_secret=|Hanako/);
    for (const [id, payload] of Object.entries(KEPT)) {
      expect(after.get(id)?.payload).toEqual(redactEvent(payload));
    }
  });
});

describe('redact_stripe_events', () => {
  it('writes the rows alone that hold such a thing, once', async () => {
    await keep();
    const before = await rows();
    expect(await redactStored('-infinity')).toBe(3);
    const after = await rows();
    const written = [...after].filter(([id, row]) => row.written !== before.get(id)?.written);
    expect(written.map(([id]) => id)).toEqual(['evt_dispute', 'evt_on_session', 'evt_session']);
    expect(await redactStored('-infinity')).toBe(0);
    expect(await rows()).toEqual(after);
  });

  it('looks at what came in lately, when that is asked', async () => {
    await keep();
    expect(await redactStored('2026-05-01T12:00:00Z')).toBe(2);
    expect((await rows()).get('evt_dispute')?.payload).toEqual(DISPUTE);
  });
});

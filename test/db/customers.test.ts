import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { findCustomer, keepStripeCustomer, takeBackDetails, upsertCustomer } from '../../db/customers.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const NOBODY = { reference: null, email: null, name: null, stripeCustomerId: null };

describe('upsertCustomer', () => {
  it('replaces what is given, and keeps what is not', async () => {
    const { db } = database;
    await upsertCustomer(db, {
      id: 'cst_1',
      reference: 'user-1',
      email: 'a@example.com',
      name: 'A',
      stripeCustomerId: 'cus_1',
    });
    await upsertCustomer(db, { ...NOBODY, id: 'cst_1', email: 'b@example.com' });
    expect(await findCustomer(db, 'cst_1')).toMatchObject({
      reference: 'user-1',
      email: 'b@example.com',
      name: 'A',
      stripe_customer_id: 'cus_1',
    });
  });

  it('lets one of two first writes win, without an error, by id and by reference', async () => {
    const { db } = database;
    const one = { ...NOBODY, id: 'cst_2', reference: 'user-2' };
    await Promise.all(Array.from({ length: 8 }, () => upsertCustomer(db, one)));
    expect(await findCustomer(db, 'cst_2')).toMatchObject({ reference: 'user-2' });
  });
});

describe('takeBackDetails', () => {
  const KNOWN = { ...NOBODY, email: 'known@example.com', name: 'Known' };
  const MINE = { ...NOBODY, email: 'mine@example.com', name: null };
  const OTHER = { ...NOBODY, email: 'other@example.com', name: 'Other' };
  let serial = 0;

  /** What is left after these were written in turn and the one at `refused` was taken back. */
  async function left(written: readonly (typeof NOBODY | typeof MINE | typeof KNOWN)[], refused: number) {
    const { db } = database;
    const id = `cst_back_${++serial}`;
    const details = [];
    for (const one of written) {
      details.push(await upsertCustomer(db, { ...one, id }));
    }
    await takeBackDetails(db, id, details[refused] ?? null);
    const { email, name } = await findCustomer(db, id);
    return { email, name };
  }

  it('leaves what there was before', async () => {
    expect(await left([KNOWN, OTHER], 1)).toEqual({ email: 'known@example.com', name: 'Known' });
    expect(await left([KNOWN, MINE, OTHER], 2)).toEqual({ email: 'mine@example.com', name: 'Known' });
    expect(await left([OTHER, NOBODY], 0)).toEqual({ email: null, name: null });
    expect(await left([OTHER], 0)).toEqual({ email: null, name: null });
  });

  it('leaves what came after it, also when that is the same', async () => {
    expect(await left([KNOWN, OTHER, { ...MINE, name: 'Me' }], 1)).toEqual({
      email: 'mine@example.com',
      name: 'Me',
    });
    expect(await left([OTHER, OTHER], 0)).toEqual({ email: 'other@example.com', name: 'Other' });
    expect(await left([KNOWN, OTHER, OTHER], 1)).toEqual({ email: 'other@example.com', name: 'Other' });
  });

  it('leaves what there was before also when the customer has got a Stripe Customer meanwhile', async () => {
    const { db } = database;
    const id = `cst_back_${++serial}`;
    await upsertCustomer(db, { ...KNOWN, id });
    const refused = await upsertCustomer(db, { ...OTHER, id });
    await keepStripeCustomer(db, id, 'cus_kept');
    await takeBackDetails(db, id, refused);
    const { email, name, stripe_customer_id: kept } = await findCustomer(db, id);
    expect([email, name, kept]).toEqual(['known@example.com', 'Known', 'cus_kept']);
  });

  it('leaves what there was before two that are refused, the last first', async () => {
    const { db } = database;
    const id = `cst_back_${++serial}`;
    await upsertCustomer(db, { ...KNOWN, id });
    const first = await upsertCustomer(db, { ...OTHER, id });
    await takeBackDetails(db, id, await upsertCustomer(db, { ...MINE, id }));
    await takeBackDetails(db, id, first);
    expect(await findCustomer(db, id)).toMatchObject({ email: 'known@example.com', name: 'Known' });
  });

  it('leaves a person erased who was erased by hand', async () => {
    const { db } = database;
    const id = `cst_back_${++serial}`;
    await upsertCustomer(db, { ...KNOWN, id });
    const refused = await upsertCustomer(db, { ...OTHER, id });
    await db.updateTable('customers').set({ email: null, name: null }).where('id', '=', id).execute();
    await takeBackDetails(db, id, refused);
    expect(await findCustomer(db, id)).toMatchObject({ email: null, name: null });
  });

  it('changes nothing for who wrote nothing', async () => {
    expect(await left([KNOWN, NOBODY], 1)).toEqual({ email: 'known@example.com', name: 'Known' });
  });
});

describe('keepStripeCustomer', () => {
  it('gives everybody the first one, whoever comes later', async () => {
    const { db } = database;
    await upsertCustomer(db, { ...NOBODY, id: 'cst_3' });
    expect(await keepStripeCustomer(db, 'cst_3', 'cus_first')).toBe('cus_first');
    expect(await keepStripeCustomer(db, 'cst_3', 'cus_second')).toBe('cus_first');
    expect(await findCustomer(db, 'cst_3')).toMatchObject({ stripe_customer_id: 'cus_first' });
  });

  it('names the customer that there is not', async () => {
    const { db } = database;
    await expect(keepStripeCustomer(db, 'cst_none', 'cus_1')).rejects.toThrow(
      'there is no customer cst_none',
    );
    await expect(findCustomer(db, 'cst_none')).rejects.toThrow('there is no customer cst_none');
  });
});

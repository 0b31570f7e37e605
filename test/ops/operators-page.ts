/** The operators' page over some weeks of business, for the tests of whoever imports this, and who signs in to it. */
import { afterAll, beforeAll } from '@jest/globals';
import { startApi, type TestApi } from '../api/test-api.ts';
import { makeCharge } from './rows.ts';
import { makeWeeksOfBusiness } from './scene.ts';

export const ENVIRONMENT = { PUBLIC_URL: 'http://127.0.0.1:3000' };

export let api: TestApi;
/** It may read. */
export let key: { id: string; key: string };

beforeAll(async () => {
  api = await startApi({ environment: ENVIRONMENT });
  await makeWeeksOfBusiness(api.db);
  await makeCharge(api.db, {
    currency: 'eur',
    amountMinor: 900,
    status: 'succeeded',
    dueAt: new Date(Date.now() - 3 * 86_400_000),
    refundedMinor: 250,
    refundCameBack: true,
  });
  await api.db
    .insertInto('stripe_events')
    .values({
      id: 'evt_secretive',
      type: 'checkout.session.completed',
      livemode: false,
      payload: '{}',
      stripe_created_at: new Date(),
      next_signal_at: new Date(Date.now() + 3_600_000),
      last_error: 'refused http://127.0.0.1:3000/c/eyJhbGciOi.e30.c2ln/account for hanako@example.com',
    })
    .execute();
  key = await api.keyWith(['read']);
}, 60_000);
afterAll(() => api.close());

export const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

/** The cookie of a session, as a browser would send it. */
export async function signedIn(to: TestApi, with_: string): Promise<string | null> {
  const reply = await to.app.inject({
    method: 'POST',
    url: '/ops/sign-in',
    payload: new URLSearchParams({ key: with_ }).toString(),
    headers: FORM,
  });
  const [cookie] = [reply.headers['set-cookie']].flat();
  return cookie?.split(';')[0] ?? null;
}

export async function look(to: TestApi, path: string, with_ = key.key) {
  const cookie = await signedIn(to, with_);
  return to.app.inject({ url: `/ops${path}`, headers: { cookie: cookie ?? '' } });
}

/** Tags away, white space as one blank. */
export const textOf = (html: string) =>
  html
    .replace(/<svg[\s\S]*?<\/svg>/g, '')
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ');

/**
 * The customers' pages over a database of their own, for the tests of whoever imports this: started before the first of
 * them, and as if nothing had been asked before each.
 */
import { afterAll, beforeAll, beforeEach } from '@jest/globals';
import { BillingUnavailable } from '../../api/billing-client.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { buildPagesApp, type PagesApp } from './pages-app.ts';

export let test: TestDatabase;
export let pages: PagesApp;

beforeAll(async () => {
  test = await createTestDatabase();
  pages = await buildPagesApp(test.db);
});
beforeEach(() => {
  pages.billing.reset();
  pages.logged.length = 0;
});
afterAll(async () => {
  await pages.app.close();
  await test.drop();
});

export const get = (...asked: Parameters<PagesApp['get']>) => pages.get(...asked);
export const post = (...asked: Parameters<PagesApp['post']>) => pages.post(...asked);

export const unavailable = () => new BillingUnavailable('Temporal did not answer', new Error('deadline'));

/** Messages on the customer's page: new until they are marked as read, by whoever holds the link and nobody else. */
import { expect, it } from '@jest/globals';
import { mentioned } from './pages-app.ts';
import { pages, test } from './pages-of-each-test.ts';
import { daysAhead, seedEnrollment, seedNotification } from './rows.ts';

const readAt = async (id: string) =>
  (await test.db.selectFrom('notifications').select('read_at').where('id', '=', id).executeTakeFirstOrThrow())
    .read_at;

async function threeMessages() {
  const id = await seedEnrollment(test.db);
  const messages = [];
  for (const days of [-3, -2, -1]) {
    const createdAt = daysAhead(days);
    messages.push(await seedNotification(test.db, id, 'charge_succeeded', {}, { createdAt }));
  }
  return { id, messages };
}

it('are new, and one is marked as read by its button', async () => {
  const { id, messages } = await threeMessages();
  const stampOf = async () => /data-stamp="([^"]+)"/.exec((await pages.get(id, '/account')).body)?.[1];
  expect(mentioned((await pages.get(id, '/account')).body)).toContain('Messages to you 3 new');
  const before = await stampOf();
  const answer = await pages.post(id, `/messages/${messages[1]}/read`);
  expect(answer.statusCode).toBe(303);
  expect(answer.headers.location).toBe(`${await pages.pathOf(id)}/account#messages`);
  expect(await readAt(messages[1] ?? '')).toBeInstanceOf(Date);
  const { body } = await pages.get(id, '/account');
  expect(mentioned(body)).toContain('Messages to you 2 new');
  expect(body.match(/Mark as read/g)).toHaveLength(2);
  // Other open pages hear of it.
  expect(await stampOf()).not.toBe(before);
});

it('keep the first time when pressed twice', async () => {
  const { id, messages } = await threeMessages();
  await pages.post(id, `/messages/${messages[0]}/read`);
  const first = await readAt(messages[0] ?? '');
  await pages.post(id, `/messages/${messages[0]}/read`);
  await pages.post(id, '/messages/read');
  expect(await readAt(messages[0] ?? '')).toEqual(first);
});

it('are all marked at once', async () => {
  const { id } = await threeMessages();
  const foreign = await threeMessages();
  await pages.post(id, '/messages/read');
  const { body } = await pages.get(id, '/account');
  expect(body).not.toContain('Mark as read');
  expect(body).not.toContain('/messages/read"');
  expect(await readAt(foreign.messages[0] ?? '')).toBeNull();
});

it('of another customer stay as they are, and so do all when another site asks', async () => {
  const { id } = await threeMessages();
  const foreign = await threeMessages();
  expect((await pages.post(id, `/messages/${foreign.messages[0]}/read`)).statusCode).toBe(303);
  expect((await pages.post(id, '/messages/%00/read')).statusCode).toBe(303);
  const url = `${await pages.pathOf(foreign.id)}/messages/read`;
  const headers = { 'sec-fetch-site': 'cross-site' };
  expect((await pages.app.inject({ method: 'POST', url, headers })).statusCode).toBe(403);
  expect(await readAt(foreign.messages[0] ?? '')).toBeNull();
});

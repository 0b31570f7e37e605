import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { waitFor } from '../support/wait.ts';
import { buildPagesApp, type PagesApp } from './pages-app.ts';
import { seedCharge, seedEnrollment } from './rows.ts';

describe('GET /c/:token/events', () => {
  let test: TestDatabase;
  let pages: PagesApp;
  let origin: string;
  const connections: AbortController[] = [];

  beforeAll(async () => {
    test = await createTestDatabase();
    pages = await buildPagesApp(test.db);
    origin = await pages.app.listen({ host: '127.0.0.1', port: 0 });
  });
  afterAll(async () => {
    for (const connection of connections) connection.abort();
    await pages.app.close();
    await test.drop();
  });

  /** What arrives, as it arrives. */
  async function connect(enrollmentId: string) {
    const connection = new AbortController();
    connections.push(connection);
    const url = `${origin}${await pages.pathOf(enrollmentId)}/events`;
    const response = await fetch(url, { signal: connection.signal });
    const got = { response, text: '', isOver: false, close: () => connection.abort() };
    const read = async () => {
      const decoder = new TextDecoder();
      for await (const chunk of response.body ?? []) {
        got.text += decoder.decode(chunk, { stream: true });
      }
    };
    read().then(
      () => {
        got.isOver = true;
      },
      () => {
        got.isOver = true;
      },
    );
    return got;
  }

  const stampsIn = (text: string) => [...text.matchAll(/^data: (.+)$/gm)].map((match) => match[1]);

  it('sends the stamp that the page was made with, and another when something changed', async () => {
    const id = await seedEnrollment(test.db);
    const page = await pages.app.inject({ url: `${await pages.pathOf(id)}/account` });
    const events = await connect(id);
    expect(events.response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(events.response.headers.get('cache-control')).toBe('no-store');
    expect(events.response.headers.get('content-security-policy')).toContain("default-src 'none'");
    await waitFor('the first stamp', () => stampsIn(events.text).length === 1);
    expect(page.body).toContain(`data-stamp="${stampsIn(events.text)[0]}"`);
    await seedCharge(test.db, id);
    await waitFor('the second', () => stampsIn(events.text).length === 2);
    expect(events.text).toMatch(/^retry: 3000\n\n/);
    events.close();
  });

  it('refuses an eleventh page of one enrollment until one of the others is closed', async () => {
    const id = await seedEnrollment(test.db);
    const open = await Promise.all(Array.from({ length: 10 }, () => connect(id)));
    expect(open.map(({ response }) => response.status)).toEqual(Array(10).fill(200));
    const refused = await connect(id);
    expect(refused.response.status).toBe(503);
    expect(refused.response.headers.get('retry-after')).toBe('30');
    open[0]?.close();
    await waitFor('a free place', async () => (await connect(id)).response.status === 200);
  });

  it('ends every stream when the server closes', async () => {
    const other = await buildPagesApp(test.db);
    const address = await other.app.listen({ host: '127.0.0.1', port: 0 });
    const path = await other.pathOf(await seedEnrollment(test.db));
    const response = await fetch(`${address}${path}/events`);
    const [text] = await Promise.all([response.text(), other.app.close()]);
    expect(text).toContain('retry: 3000');
  });
});

/** The streams of open pages, through the whole app: its bound for other handlers is not theirs. */
import { get, type IncomingMessage } from 'node:http';
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { waitFor } from '../support/wait.ts';
import { seedEnrollment } from '../web/rows.ts';
import { startApi, type TestApi } from './test-api.ts';

let api: TestApi;
let origin: string;
beforeAll(async () => {
  api = await startApi();
  origin = await api.app.listen({ host: '127.0.0.1', port: 0 });
}, 60_000);
afterAll(() => api.close());

/** So many seconds of the process's timers, with time in between for what goes over sockets. */
async function pass(seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second += 1) {
    jest.advanceTimersByTime(1_000);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

it('keeps the stream of an open page for its ten minutes, then ends it as a whole', async () => {
  const link = await api.links.create(await seedEnrollment(api.db));
  jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask', 'performance', 'Date'] });
  try {
    const stream = await new Promise<IncomingMessage>((resolve, reject) => {
      get(`${origin}${new URL(link).pathname}/events`, resolve).on('error', reject);
    });
    const ends: string[] = [];
    stream.on('end', () => ends.push('complete')).on('error', ({ message }) => ends.push(message));
    stream.resume();
    await pass(9 * 60);
    expect([stream.statusCode, ends]).toEqual([200, []]);
    await pass(62);
    jest.useRealTimers();
    await waitFor('its end', () => ends.length > 0);
    expect(ends).toEqual(['complete']);
  } finally {
    jest.useRealTimers();
  }
}, 30_000);

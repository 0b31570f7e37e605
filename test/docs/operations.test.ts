/** What docs/operations.md says of the code and of the server is tried here. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { STRIPE_EVENT_TYPES } from '../../domain/stripe-event.ts';
import { connectTestTemporal, type TestTemporal } from '../support/temporal.ts';

const TEXT = readFileSync(path.resolve(import.meta.dirname, '../../docs/operations.md'), 'utf8');

describe('docs/operations.md', () => {
  let temporal: TestTemporal;
  beforeAll(async () => {
    temporal = await connectTestTemporal();
  }, 60_000);
  afterAll(() => temporal.close());

  it('lists the event types that the endpoint subscribes to', () => {
    const listed = [...TEXT.matchAll(/^- `([a-z_.]+)`$/gm)].map((match) => match[1]);
    expect(listed).toEqual([...STRIPE_EVENT_TYPES]);
  });

  const queries = [...TEXT.matchAll(/^\| [^|]+\? \| `([^`]+)` \|$/gm)].map((match) => String(match[1]));

  it('has queries', () => {
    expect(queries.length).toBeGreaterThan(3);
  });

  it.each(queries)('has a query that the server takes: %s', async (query) => {
    expect((await temporal.client.workflow.count(query)).count).toBeGreaterThanOrEqual(0);
  });
});

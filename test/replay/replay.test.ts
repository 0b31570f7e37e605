/** Code that bills running customers must replay what earlier code has recorded. */
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { readHistories, replay } from '../support/histories.ts';
import { workflowCode } from '../support/workflow-code.ts';

const KEPT = path.join(import.meta.dirname, 'histories');

describe('kept histories', () => {
  const histories = readHistories(KEPT);

  it('replay on the current code, all of them', async () => {
    expect(histories.length).toBeGreaterThan(0);
    expect(await replay(histories, (await workflowCode()).bundle)).toBe(histories.length);
  }, 180_000);

  it('do not replay on code that does something else', async () => {
    const [first] = histories;
    const events = [...(first?.history.events ?? [])];
    const scheduled = events.findIndex((event) => event.activityTaskScheduledEventAttributes);
    const broken = events.map((event, at) =>
      at === scheduled
        ? {
            ...event,
            activityTaskScheduledEventAttributes: {
              ...event.activityTaskScheduledEventAttributes,
              activityType: { name: 'somethingElse' },
            },
          }
        : event,
    );
    await expect(
      replay([{ workflowId: 'broken', history: { events: broken } }], (await workflowCode()).bundle),
    ).rejects.toThrow('do not replay');
  }, 180_000);
});

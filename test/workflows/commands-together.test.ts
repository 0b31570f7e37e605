/** Commands that change the schedule and reach the Workflow in one Workflow Task: none is made upon what it no longer is. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startBilling, type TestBilling, type WorkerTeam } from '../support/billing.ts';
import { waitFor } from '../support/wait.ts';

let billing: TestBilling;
let workers: WorkerTeam;
beforeAll(async () => {
  billing = await startBilling();
  workers = billing.workers;
}, 60_000);
afterAll(() => billing.stop());

const BY = { by: 'customer', reason: null };

describe('commands that arrive together', () => {
  /** Workers come back when all of them are there. */
  async function together<T>(enrollmentId: string, ...commands: (() => Promise<T>)[]): Promise<T[]> {
    await workers.stop();
    const answers = Promise.all(commands.map((command) => command()));
    await waitFor('them', async () => {
      const { raw } = await billing.handle(enrollmentId).describe();
      return raw.pendingWorkflowTask !== null && raw.pendingWorkflowTask !== undefined;
    });
    // Only that there are some is to be seen, not how many.
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    workers = await billing.addWorkers(billing.bundle);
    const answered = await answers;
    expect(await tasksOf(enrollmentId, commands.length)).toBe(1);
    return answered;
  }

  /** How many Workflow Tasks have brought the last so many updates. */
  async function tasksOf(enrollmentId: string, updates: number): Promise<number> {
    const { events } = await billing.history(enrollmentId);
    const accepted = (events ?? []).flatMap(({ workflowExecutionUpdateAcceptedEventAttributes: update }) =>
      update ? [String(update.acceptedRequestSequencingEventId)] : [],
    );
    return new Set(accepted.slice(-updates)).size;
  }

  it('are carried out one after the other, each upon what the one before has left', async () => {
    const { enrollmentId } = await billing.paidOnce();
    const skip = () => billing.billing.skipNext(enrollmentId, BY);
    const answers = await together(enrollmentId, skip, skip, skip);
    expect(answers.map(({ next }) => next?.occurrence).sort()).toEqual([2, 3, 4]);
  }, 60_000);

  it('open a charge once, and keep the amount that was told', async () => {
    const { enrollmentId } = await billing.paidOnce();
    await together<unknown>(
      enrollmentId,
      () => billing.billing.chargeNow(enrollmentId, BY),
      () => billing.billing.changeAmount(enrollmentId, { ...BY, amountMinor: 1_500, effective: 'from_next' }),
    );
    await billing.charged(enrollmentId, 2, 'succeeded');
    await waitFor('the plan after it', async () => {
      const { nextChargeAt, charges } = await billing.stateOf(enrollmentId);
      return nextChargeAt !== null && charges.length === 0;
    });
    await billing.billing.chargeNow(enrollmentId, BY);
    expect(await billing.charged(enrollmentId, 3, 'succeeded')).toMatchObject({ amount_minor: 1_500 });
    expect(await billing.chargeRows(enrollmentId)).toHaveLength(3);
  }, 60_000);
});

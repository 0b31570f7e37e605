/** Commands that change the schedule and reach the Workflow in one Workflow Task: none is made upon what it no longer is. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { findKeyedCommand } from '../../db/enrollment-history.ts';
import { disputesChangedSignal } from '../../workflows/messages.ts';
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
  /** Workers come back when all of them are there, in this order. */
  async function together<T>(enrollmentId: string, ...commands: (() => Promise<T>)[]): Promise<T[]> {
    await workers.stop();
    const answers = Promise.all(
      commands.map(async (command, place) => {
        await new Promise((resolve) => setTimeout(resolve, place * 200));
        return command();
      }),
    );
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

  it('and are one request, with one key, are carried out once; a repeat is answered so for good', async () => {
    const { enrollmentId, next } = await billing.paidOnce();
    const keyed = { ...BY, requestKey: 'early' };
    const chargeNow = () => billing.billing.chargeNow(enrollmentId, keyed);
    const [first, second] = await together(enrollmentId, chargeNow, chargeNow);
    expect(second).toEqual(first);
    await billing.charged(enrollmentId, 2, 'succeeded');
    await waitFor('the plan after it', async () => {
      const { nextChargeAt } = await billing.stateOf(enrollmentId);
      return nextChargeAt !== null && Date.parse(nextChargeAt) > next.getTime();
    });
    expect(await chargeNow()).toEqual(first);
    await expect(billing.billing.skipNext(enrollmentId, keyed)).rejects.toMatchObject({
      code: 'idempotency_mismatch',
    });
    const soon = { ...BY, requestKey: 'soon', dueAt: new Date(Date.now() + 3_600_000).toISOString() };
    const moved = await billing.billing.moveNext(enrollmentId, soon);
    expect(await billing.billing.moveNext(enrollmentId, soon)).toEqual(moved);
    const later = { ...soon, dueAt: new Date(Date.now() + 7_200_000).toISOString() };
    await expect(billing.billing.moveNext(enrollmentId, later)).rejects.toMatchObject({
      code: 'idempotency_mismatch',
    });
    expect(await findKeyedCommand(billing.db, enrollmentId, 'soon')).toMatchObject({
      what: 'schedule.moved',
      details: { request: `move-next {"due_at":"${soon.dueAt}"}` },
    });
    expect(await billing.chargeRows(enrollmentId)).toHaveLength(2);
  }, 60_000);

  it('and one that the other refuses is carried out once when it is asked again under its key', async () => {
    const { enrollmentId } = await billing.paidOnce();
    const request = { key: 'rest', what: 'pause {"resume_at":null}' };
    const pause = () => billing.billing.pauseEnrollment(enrollmentId, { ...BY, resumeAt: null, request });
    const refused = { code: 'cancel_pending' };
    const answers = together<unknown>(
      enrollmentId,
      () => billing.billing.cancelAtPeriodEnd(enrollmentId, BY),
      () => pause().catch((error: unknown) => error),
    );
    expect((await answers)[1]).toMatchObject(refused);
    await expect(pause()).rejects.toMatchObject(refused);
    await billing.billing.undoCancel(enrollmentId, BY);
    expect(await Promise.all([pause(), pause()])).toEqual([{ status: 'paused' }, { status: 'paused' }]);
    await billing.billing.resumeEnrollment(enrollmentId, BY);
    expect(await pause()).toEqual({ status: 'paused' });
    expect(await billing.stateOf(enrollmentId)).toMatchObject({ status: 'active' });
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

  /** Its answer, or the code that refused it. */
  const coded = (command: Promise<unknown>) => command.catch((error: { code?: string }) => error.code);

  const commandsOf = (enrollmentId: string) => ({
    cancel: () => coded(billing.billing.cancelAtPeriodEnd(enrollmentId, BY)),
    chargeNow: () => coded(billing.billing.chargeNow(enrollmentId, BY)),
    skip: () => coded(billing.billing.skipNext(enrollmentId, BY)),
    pause: () => coded(billing.billing.pauseEnrollment(enrollmentId, { ...BY, resumeAt: null })),
    move: () => {
      const dueAt = new Date(Date.now() + 3_600_000).toISOString();
      return coded(billing.billing.moveNext(enrollmentId, { ...BY, dueAt }));
    },
    amount: () => {
      const asked = { ...BY, amountMinor: 1_500, effective: 'from_next' as const };
      return coded(billing.billing.changeAmount(enrollmentId, asked));
    },
  });

  it.each([
    ['cancel', 'chargeNow', 'cancel_pending'],
    ['cancel', 'move', 'cancel_pending'],
    ['cancel', 'pause', 'cancel_pending'],
    ['cancel', 'cancel', 'cancel_pending'],
    ['pause', 'chargeNow', 'enrollment_paused'],
    ['pause', 'skip', 'enrollment_paused'],
    ['pause', 'pause', 'enrollment_paused'],
  ] as const)(
    '%s first: %s is refused, and the next charge is what it was',
    async (first, second, code) => {
      const { enrollmentId, next } = await billing.paidOnce();
      const commands = commandsOf(enrollmentId);
      const answers = await together<unknown>(enrollmentId, commands[first], commands[second]);
      expect(answers).toEqual([expect.any(Object), code]);
      expect(await billing.stateOf(enrollmentId)).toMatchObject({
        nextChargeAt: next.toISOString(),
        cancelAt: first === 'cancel' ? next.toISOString() : null,
      });
    },
    60_000,
  );

  it('make the next charge now, and cancel at the end of the period that it pays for', async () => {
    const { enrollmentId, next } = await billing.paidOnce();
    const { chargeNow, cancel } = commandsOf(enrollmentId);
    const [made, canceled] = await together<unknown>(enrollmentId, chargeNow, cancel);
    expect(made).toMatchObject({ next: { occurrence: 1 } });
    await billing.charged(enrollmentId, 2, 'succeeded');
    const { cancelAt } = canceled as { cancelAt: string };
    expect(Date.parse(cancelAt)).toBeGreaterThan(next.getTime() + 27 * 86_400_000);
    expect((await billing.enrollmentRow(enrollmentId)).cancel_at?.toISOString()).toBe(cancelAt);
    expect(await billing.billing.undoCancel(enrollmentId, BY)).toEqual({ status: 'active' });
    expect((await billing.enrollmentRow(enrollmentId)).cancel_at).toBeNull();
  }, 60_000);

  it('make the next charge now, and pause after it', async () => {
    const { enrollmentId } = await billing.paidOnce();
    const { chargeNow, pause } = commandsOf(enrollmentId);
    expect(await together<unknown>(enrollmentId, chargeNow, pause)).toEqual([
      expect.objectContaining({ next: expect.objectContaining({ occurrence: 1 }) }),
      { status: 'paused' },
    ]);
    await billing.charged(enrollmentId, 2, 'succeeded');
  }, 60_000);

  it('change what the balance was about to pay for: the rest is charged', async () => {
    const { enrollmentId } = await billing.paidOnce();
    const change = (amountMinor: number) =>
      billing.billing.changeAmount(enrollmentId, { ...BY, amountMinor, effective: 'at_once' });
    await change(1_960);
    const rest = await billing.charged(enrollmentId, 2, 'succeeded');
    await billing.settled(enrollmentId, rest.id);
    await change(490);
    const { balanceMinor } = await billing.stateOf(enrollmentId);
    const disputed = (status: string) =>
      billing.handle(enrollmentId).signal(disputesChangedSignal, {
        chargeId: rest.id,
        disputes: [{ id: 'dp_1', status }],
      });
    await disputed('needs_response');
    await billing.billing.chargeNow(enrollmentId, BY);
    // Nothing holds it back any more, in the moment in which it becomes another one.
    const asked = { ...BY, amountMinor: 5_000, effective: 'from_next' as const };
    await workers.stop();
    await disputed('won');
    await together(enrollmentId, () => billing.billing.changeAmount(enrollmentId, asked));
    expect(await billing.charged(enrollmentId, 3, 'succeeded')).toMatchObject({
      occurrence: 1,
      amount_minor: 5_000 + balanceMinor,
    });
  }, 60_000);
});

/** What a run knows of requests that came with a key when code of before has handed it on. */
import { describe, expect, it } from '@jest/globals';
import type { EnrollmentInput } from '../../domain/workflow-input.ts';
import { begun, resumed } from '../../workflows/run.ts';

const INPUT = {
  enrollmentId: 'enr_00000000000000000000000000',
  terms: { schedule: { type: 'on_demand' }, setupDeadlineDays: 30 },
} as unknown as EnrollmentInput;

describe('a run that older code handed on', () => {
  const next = { occurrence: 2, dueAt: '2027-03-01T00:00:00.000Z', amountMinor: 980 };
  const { state } = begun(INPUT, 0);

  it('knows its changes of the next charge as requests, and their answers', () => {
    const scheduleRequests = [
      { key: 'a', what: 'schedule.skipped', next },
      { key: 'b', what: 'schedule.moved', dueAt: '2027-02-03T00:00:00.000Z', next: null },
      { key: 'c', what: 'schedule.charged_early', next },
    ];
    const run = resumed(INPUT, { ...state, scheduleRequests });
    expect(run.state.requests).toEqual([
      { key: 'a', what: 'skip-next', answer: { next } },
      { key: 'b', what: 'move-next {"due_at":"2027-02-03T00:00:00.000Z"}', answer: { next: null } },
      { key: 'c', what: 'charge-now', answer: { next } },
    ]);
    expect(run.state).not.toHaveProperty('scheduleRequests');
  });

  it('has none where there were none', () => {
    expect(resumed(INPUT, state).state).not.toHaveProperty('requests');
  });
});

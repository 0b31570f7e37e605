import { describe, expect, it } from '@jest/globals';
import {
  allowedCommands,
  ENROLLMENT_COMMANDS,
  ENROLLMENT_EVENTS,
  ENROLLMENT_TABLE,
  type EnrollmentCommand,
  type EnrollmentEvent,
  enrollmentStep,
} from '../../domain/enrollment-states.ts';
import { ENDED, ENROLLMENT_STATUSES, type EnrollmentStatus } from '../../domain/statuses.ts';

const STATUSES = [
  'awaiting_payment_method',
  'active',
  'past_due',
  'paused',
  'completed',
  'canceled',
  'expired',
] as const;

/**
 * The whole grid, written apart from the table, in the order of STATUSES: `.` changes nothing, a word is the new
 * status, `E` ended, `N` not started, `P` paused, `U` not paused.
 */
const GRID: Record<EnrollmentCommand | EnrollmentEvent, string> = {
  open_checkout_session: '. . . . E E E',
  cancel: 'canceled canceled canceled canceled E E E',
  cancel_at_period_end: 'N . . . E E E',
  undo_cancel: 'N . . . E E E',
  pause: 'N paused paused P E E E',
  resume: 'N U U active E E E',
  change_amount: '. . . . E E E',
  skip_next: 'N . . P E E E',
  move_next: 'N . . P E E E',
  create_charge: 'N . . P E E E',
  payment_method_saved: 'active . . . . . .',
  charge_past_due: 'N past_due . . . . .',
  debts_settled: 'N . active . . . .',
  paused_by_policy: 'N paused paused . . . .',
  canceled_by_policy: 'N canceled canceled canceled . . .',
  schedule_finished: 'N completed . completed . . .',
  deadline_passed: 'expired . . . . . .',
};

const REFUSALS: Record<string, string> = {
  E: 'enrollment_ended',
  N: 'enrollment_not_started',
  P: 'enrollment_paused',
  U: 'enrollment_not_paused',
};

const steps = [...ENROLLMENT_COMMANDS, ...ENROLLMENT_EVENTS];
const cells = steps.flatMap((step) => {
  const row = GRID[step].split(' ');
  return STATUSES.map((status, column) => [status, step, row[column] ?? 'missing'] as const);
});

describe('enrollmentStep', () => {
  it('has a row for every command and event, and a cell for every status', () => {
    expect(Object.keys(ENROLLMENT_TABLE).sort()).toEqual([...steps].sort());
    expect([...STATUSES]).toEqual([...ENROLLMENT_STATUSES]);
    expect(cells).toHaveLength(steps.length * 7);
  });

  it.each(cells)('%s × %s: %s', (status, step, expected) => {
    const result = enrollmentStep(status, step, false);
    const code = REFUSALS[expected];
    if (code) {
      expect(result).toMatchObject({ refused: { code } });
    } else {
      expect(result).toEqual({ status: expected === '.' ? status : expected });
    }
  });

  it('resumes as past due while a charge is', () => {
    expect(enrollmentStep('paused', 'resume', true)).toEqual({ status: 'past_due' });
  });

  it('says what was asked, what the enrollment is, and what was expected', () => {
    expect(enrollmentStep('canceled', 'pause', false)).toEqual({
      refused: {
        code: 'enrollment_ended',
        message:
          'pause is refused: the enrollment is canceled; expected awaiting_payment_method, active, past_due or paused',
      },
    });
  });

  it('never leaves an end, whatever happens', () => {
    for (const status of ENDED) {
      for (const step of steps) {
        const result = enrollmentStep(status, step, true);
        expect('refused' in result || result.status === status).toBe(true);
      }
    }
  });
});

describe('allowedCommands', () => {
  it.each<[EnrollmentStatus, EnrollmentCommand[]]>([
    ['awaiting_payment_method', ['open_checkout_session', 'cancel', 'change_amount']],
    [
      'paused',
      ['open_checkout_session', 'cancel', 'cancel_at_period_end', 'undo_cancel', 'resume', 'change_amount'],
    ],
    ['completed', []],
  ])('in %s are %j', (status, commands) => {
    expect(allowedCommands(status)).toEqual(commands);
  });
});

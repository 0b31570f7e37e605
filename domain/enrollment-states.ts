/**
 * The enrollment state machine: one table of what every command and every event does in every status, used by
 * the Workflow, the API's refusals, the docs and the tests. Pure; imported by Workflows.
 */
import { ENDED, ENROLLMENT_STATUSES, type EnrollmentStatus } from './statuses.ts';

/** What somebody asks for; it can be refused. */
export const ENROLLMENT_COMMANDS = [
  'open_checkout_session',
  'cancel',
  'cancel_at_period_end',
  'undo_cancel',
  'pause',
  'resume',
  'change_amount',
  'skip_next',
  'move_next',
  'create_charge',
] as const;
export type EnrollmentCommand = (typeof ENROLLMENT_COMMANDS)[number];

/** What has happened; one that comes too late changes nothing. */
export const ENROLLMENT_EVENTS = [
  'payment_method_saved',
  'charge_past_due',
  'debts_settled',
  'paused_by_policy',
  'canceled_by_policy',
  'schedule_finished',
  'deadline_passed',
] as const;
export type EnrollmentEvent = (typeof ENROLLMENT_EVENTS)[number];

export type EnrollmentRefusalCode =
  | 'enrollment_ended'
  | 'enrollment_not_started'
  | 'enrollment_paused'
  | 'enrollment_not_paused';

/**
 * A status to go to, `stays`, or the code of the refusal. `by_debts` is `past_due` while a charge is in dunning or
 * waits for the customer, and else `active`.
 */
export type Cell = EnrollmentStatus | 'stays' | 'by_debts' | { refused: EnrollmentRefusalCode };

type Row = Readonly<Record<EnrollmentStatus, Cell>>;

const refused = (code: EnrollmentRefusalCode): Cell => ({ refused: code });
const NOT_STARTED = { awaiting_payment_method: refused('enrollment_not_started') };
const REFUSED_AT_END = {
  completed: refused('enrollment_ended'),
  canceled: refused('enrollment_ended'),
  expired: refused('enrollment_ended'),
};
const NO_EFFECT_AT_END = { completed: 'stays', canceled: 'stays', expired: 'stays' } as const;
const WHILE_RUNNING = { active: 'stays', past_due: 'stays' } as const;

export const ENROLLMENT_TABLE: Readonly<Record<EnrollmentCommand | EnrollmentEvent, Row>> = {
  // Another payment method may be saved at any time before the end, also while paused.
  open_checkout_session: {
    awaiting_payment_method: 'stays',
    ...WHILE_RUNNING,
    paused: 'stays',
    ...REFUSED_AT_END,
  },
  cancel: {
    awaiting_payment_method: 'canceled',
    active: 'canceled',
    past_due: 'canceled',
    paused: 'canceled',
    ...REFUSED_AT_END,
  },
  // Takes effect at the next due instant; until then nothing changes but the answer to "what comes next".
  cancel_at_period_end: { ...NOT_STARTED, ...WHILE_RUNNING, paused: 'stays', ...REFUSED_AT_END },
  undo_cancel: { ...NOT_STARTED, ...WHILE_RUNNING, paused: 'stays', ...REFUSED_AT_END },
  // Stops new charges of the schedule; what is past due stays owed and goes on being collected.
  pause: {
    ...NOT_STARTED,
    active: 'paused',
    past_due: 'paused',
    paused: refused('enrollment_paused'),
    ...REFUSED_AT_END,
  },
  resume: {
    ...NOT_STARTED,
    active: refused('enrollment_not_paused'),
    past_due: refused('enrollment_not_paused'),
    paused: 'by_debts',
    ...REFUSED_AT_END,
  },
  change_amount: { awaiting_payment_method: 'stays', ...WHILE_RUNNING, paused: 'stays', ...REFUSED_AT_END },
  skip_next: { ...NOT_STARTED, ...WHILE_RUNNING, paused: refused('enrollment_paused'), ...REFUSED_AT_END },
  move_next: { ...NOT_STARTED, ...WHILE_RUNNING, paused: refused('enrollment_paused'), ...REFUSED_AT_END },
  // A further charge is allowed while another is in dunning.
  create_charge: {
    ...NOT_STARTED,
    ...WHILE_RUNNING,
    paused: refused('enrollment_paused'),
    ...REFUSED_AT_END,
  },

  payment_method_saved: {
    awaiting_payment_method: 'active',
    ...WHILE_RUNNING,
    paused: 'stays',
    ...NO_EFFECT_AT_END,
  },
  charge_past_due: {
    ...NOT_STARTED,
    active: 'past_due',
    past_due: 'past_due',
    paused: 'stays',
    ...NO_EFFECT_AT_END,
  },
  // No charge is in dunning or waits for the customer any more: paid, canceled, forgiven or given up.
  debts_settled: {
    ...NOT_STARTED,
    active: 'active',
    past_due: 'active',
    paused: 'stays',
    ...NO_EFFECT_AT_END,
  },
  paused_by_policy: {
    ...NOT_STARTED,
    active: 'paused',
    past_due: 'paused',
    paused: 'paused',
    ...NO_EFFECT_AT_END,
  },
  canceled_by_policy: {
    ...NOT_STARTED,
    active: 'canceled',
    past_due: 'canceled',
    paused: 'canceled',
    ...NO_EFFECT_AT_END,
  },
  // All agreed charges were made. While one is past due the enrollment goes on until that is settled.
  schedule_finished: {
    ...NOT_STARTED,
    active: 'completed',
    past_due: 'stays',
    paused: 'completed',
    ...NO_EFFECT_AT_END,
  },
  // Nobody saved a payment method in time. Later the deadline means nothing.
  deadline_passed: {
    awaiting_payment_method: 'expired',
    ...WHILE_RUNNING,
    paused: 'stays',
    ...NO_EFFECT_AT_END,
  },
};

export interface EnrollmentRefused {
  code: EnrollmentRefusalCode;
  message: string;
}

export type EnrollmentStep = { status: EnrollmentStatus } | { refused: EnrollmentRefused };

/**
 * What a command or an event makes of an enrollment.
 * @param pastDue whether a charge is in dunning or waits for the customer, asked only where debts decide
 * @returns the status afterwards, the same one when nothing changes; or why not
 */
export function enrollmentStep(
  status: EnrollmentStatus,
  step: EnrollmentCommand | EnrollmentEvent,
  pastDue: boolean,
): EnrollmentStep {
  const cell = ENROLLMENT_TABLE[step][status];
  if (typeof cell === 'object') {
    return { refused: { code: cell.refused, message: refusalMessage(status, step, cell.refused) } };
  }
  if (cell === 'by_debts') {
    return { status: pastDue ? 'past_due' : 'active' };
  }
  return { status: cell === 'stays' ? status : cell };
}

/** The commands that an enrollment in this status would not refuse for its status. */
export function allowedCommands(status: EnrollmentStatus): EnrollmentCommand[] {
  return ENROLLMENT_COMMANDS.filter((command) => typeof ENROLLMENT_TABLE[command][status] !== 'object');
}

function refusalMessage(status: EnrollmentStatus, step: string, code: EnrollmentRefusalCode): string {
  const expected: Record<EnrollmentRefusalCode, string> = {
    enrollment_ended: `expected ${list(ENROLLMENT_STATUSES.filter((other) => !ENDED.some((end) => end === other)))}`,
    enrollment_not_started: 'expected an enrollment whose payment method is saved',
    enrollment_paused: 'resume it first',
    enrollment_not_paused: 'expected paused',
  };
  return `${step} is refused: the enrollment is ${status}; ${expected[code]}`;
}

function list(items: readonly string[]): string {
  return `${items.slice(0, -1).join(', ')} or ${items.at(-1)}`;
}

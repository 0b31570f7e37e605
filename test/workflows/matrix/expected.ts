/**
 * What every command must answer in every state that a charge can be in, written by hand from Stripe's state machines
 * and from what was agreed of cancels: on purpose not from the tables in `domain/`, which could be wrong themselves.
 * `matrix.test.ts` compares it with the running service, and with those tables.
 */
import type { ChargeCommand } from '../../../domain/charge-states.ts';
import type { ChargeStatus } from '../../../domain/statuses.ts';

/** The ten statuses of a charge; three of them come in two kinds. */
export const STARTS = [
  'scheduled',
  'requires_payment_method',
  'requires_confirmation',
  'requires_action',
  'requires_capture',
  'processing',
  /** The bank does not let go of the debit any more. */
  'processing/too_late',
  'succeeded',
  'canceled',
  'uncollectible',
  'needs_attention',
  /** Parked at a later attempt, with a PaymentIntent. */
  'needs_attention/tried',
] as const;
export type Start = (typeof STARTS)[number];

export function statusOf(start: Start): ChargeStatus {
  return start.split('/')[0] as ChargeStatus;
}

/** The last part of each route, with the command that the tables know it by. */
export const COMMANDS = {
  cancel: 'cancel',
  forgive: 'forgive',
  capture: 'capture',
  refunds: 'refund',
  retry: 'retry',
  'extend-dunning': 'extend_dunning',
  'stop-dunning': 'stop_dunning',
  authenticate: 'retry',
  resume: 'resume',
} as const satisfies Record<string, ChargeCommand>;
export type Command = keyof typeof COMMANDS;
export const COMMAND_NAMES = Object.keys(COMMANDS) as Command[];

/**
 * A status to be in afterwards; `=` for the same as before; `tried` for what another attempt with the saved method comes
 * to, `asked` for what confirming on-session does; a word in brackets is the code of a refusal.
 */
const GRID = `
                         cancel        forgive                capture                  refunds                  retry                 extend-dunning           stop-dunning             authenticate             resume
scheduled                canceled      canceled               (charge_not_capturable)  (charge_not_refundable)  tried                 (charge_not_in_dunning)  (charge_not_in_dunning)  (charge_not_in_dunning)  (charge_not_parked)
requires_payment_method  canceled      canceled               (charge_not_capturable)  (charge_not_refundable)  tried                 =                        uncollectible            asked                    (charge_not_parked)
requires_confirmation    canceled      canceled               (charge_not_capturable)  (charge_not_refundable)  tried                 =                        uncollectible            asked                    (charge_not_parked)
requires_action          canceled      canceled               (charge_not_capturable)  (charge_not_refundable)  tried                 =                        uncollectible            asked                    (charge_not_parked)
requires_capture         canceled      canceled               succeeded                (charge_not_refundable)  (charge_held)         (charge_not_in_dunning)  (charge_not_in_dunning)  (charge_held)            (charge_not_parked)
processing               canceled      (charge_in_progress)   (charge_in_progress)     (charge_not_refundable)  (charge_in_progress)  (charge_not_in_dunning)  (charge_not_in_dunning)  (charge_in_progress)     (charge_not_parked)
processing/too_late      =             (charge_in_progress)   (charge_in_progress)     (charge_not_refundable)  (charge_in_progress)  (charge_not_in_dunning)  (charge_not_in_dunning)  (charge_in_progress)     (charge_not_parked)
succeeded                (charge_settled)  (charge_settled)   (charge_not_capturable)  =                        (charge_settled)      (charge_not_in_dunning)  (charge_not_in_dunning)  (charge_settled)         (charge_not_parked)
canceled                 (charge_settled)  (charge_settled)   (charge_not_capturable)  (charge_not_refundable)  (charge_settled)      (charge_not_in_dunning)  (charge_not_in_dunning)  (charge_settled)         (charge_not_parked)
uncollectible            (charge_settled)  (charge_settled)   (charge_not_capturable)  (charge_not_refundable)  (charge_settled)      (charge_not_in_dunning)  (charge_not_in_dunning)  (charge_settled)         (charge_not_parked)
needs_attention          canceled      canceled               (charge_not_capturable)  (charge_not_refundable)  tried                 (charge_not_in_dunning)  (charge_not_in_dunning)  (charge_not_in_dunning)  tried
needs_attention/tried    canceled      canceled               (charge_not_capturable)  (charge_not_refundable)  tried                 (charge_not_in_dunning)  (charge_not_in_dunning)  asked                    tried
`;

export type Expected = { refused: string } | { status: ChargeStatus };

const CELLS = readGrid(GRID);

/** What another attempt with the saved method of the scene comes to, and what asking the customer does. */
const ATTEMPT: Record<Start, { tried: ChargeStatus; asked: ChargeStatus }> = {
  scheduled: { tried: 'succeeded', asked: 'succeeded' },
  requires_payment_method: { tried: 'requires_payment_method', asked: 'requires_payment_method' },
  requires_confirmation: { tried: 'requires_payment_method', asked: 'requires_payment_method' },
  // A card that asks for a challenge every time.
  requires_action: { tried: 'requires_payment_method', asked: 'requires_action' },
  requires_capture: { tried: 'requires_capture', asked: 'requires_capture' },
  processing: { tried: 'processing', asked: 'processing' },
  'processing/too_late': { tried: 'processing', asked: 'processing' },
  succeeded: { tried: 'succeeded', asked: 'succeeded' },
  canceled: { tried: 'requires_payment_method', asked: 'requires_payment_method' },
  uncollectible: { tried: 'requires_payment_method', asked: 'requires_payment_method' },
  needs_attention: { tried: 'succeeded', asked: 'succeeded' },
  'needs_attention/tried': { tried: 'requires_payment_method', asked: 'requires_payment_method' },
};

/** @param now where the charge is by now, when something happened to it since its start */
export function expectedAnswer(start: Start, command: Command, now: Start = start): Expected {
  const cell = CELLS.get(now)?.get(command);
  if (cell === undefined) {
    throw new Error(`the grid has no ${command} in ${now}`);
  }
  if (cell.startsWith('(')) {
    return { refused: cell.slice(1, -1) };
  }
  switch (cell) {
    case '=':
      return { status: statusOf(now) };
    case 'tried':
    case 'asked':
      return { status: ATTEMPT[start][cell] };
    default:
      return { status: cell as ChargeStatus };
  }
}

function readGrid(text: string): Map<Start, Map<Command, string>> {
  const [head = [], ...rows] = text
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/));
  return new Map(
    rows.map(([start, ...cells]) => [
      start as Start,
      new Map(cells.map((cell, index) => [head[index] as Command, cell])),
    ]),
  );
}

/** What somebody else does to the PaymentIntent, and where that brings it. */
export const MOVES = {
  'canceled in the Dashboard': {
    from: [
      'requires_payment_method',
      'requires_confirmation',
      'requires_action',
      'requires_capture',
      'processing',
      'needs_attention/tried',
    ],
    to: 'canceled',
  },
  'paid in the Dashboard': {
    from: ['requires_payment_method', 'requires_confirmation', 'needs_attention/tried'],
    to: 'succeeded',
  },
  'the customer passes the challenge': { from: ['requires_action'], to: 'succeeded' },
  'the customer fails the challenge': { from: ['requires_action'], to: 'requires_payment_method' },
  'captured in the Dashboard': { from: ['requires_capture'], to: 'succeeded' },
  'the debit settles': { from: ['processing', 'processing/too_late'], to: 'succeeded' },
  'the debit fails': { from: ['processing', 'processing/too_late'], to: 'requires_payment_method' },
  'we look again': { from: ['needs_attention/tried'], to: 'requires_payment_method' },
  'refunded in the Dashboard': { from: ['succeeded'], to: 'succeeded' },
} as const satisfies Record<string, { from: readonly Start[]; to: Start }>;
export type Move = keyof typeof MOVES;

/**
 * Where a charge ends when Stripe had moved it and nobody had told us yet when the command came: what Stripe has done
 * stays done, and what the command asked for happens as far as it still can.
 */
export function endAfterUntold(
  start: Start,
  command: Command,
  move: Move,
): { status: ChargeStatus[]; givenBack: boolean } {
  const { to } = MOVES[move];
  const answer = expectedAnswer(start, command);
  const accepted = 'status' in answer;
  const ends = accepted && (command === 'cancel' || command === 'forgive');
  if (move === 'refunded in the Dashboard') {
    return { status: ['succeeded'], givenBack: true };
  }
  if (to === 'succeeded') {
    // The stated rule for what succeeds after an accepted cancel.
    return { status: ['succeeded'], givenBack: ends };
  }
  if (to === 'canceled') {
    return { status: ['canceled', 'uncollectible'], givenBack: false };
  }
  if (ends) {
    return { status: ['canceled'], givenBack: false };
  }
  return accepted
    ? { status: [(answer as { status: ChargeStatus }).status, to], givenBack: false }
    : { status: [to], givenBack: false };
}

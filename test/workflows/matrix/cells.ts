/** The cells of the matrix: a charge of its own for each start × command × event, several to an enrollment. */
import { COMMAND_NAMES, type Command, MOVES, type Move, STARTS, type Start } from './expected.ts';

/** Events that say nothing new: what they tell of is read from Stripe, which knows nothing of it. */
export const WORDS = [
  'payment_intent.succeeded',
  'payment_intent.payment_failed',
  'payment_intent.canceled',
  'payment_intent.processing',
  'payment_intent.requires_action',
  'payment_intent.amount_capturable_updated',
  'payment_method.detached',
  'payment_method.automatically_updated',
  'checkout.session.completed',
  'checkout.session.expired',
  'refund.created',
  'refund.updated',
  'charge.dispute.created',
  'radar.early_fraud_warning.created',
] as const;
export type Word = (typeof WORDS)[number];

export type Event =
  /** Told in the same moment in which the command comes. */
  | { kind: 'word'; word: Word }
  /** It happened at Stripe, and we were told before the command came. */
  | { kind: 'told'; move: Move }
  /** It happened at Stripe, and nobody tells until the command is through. */
  | { kind: 'untold'; move: Move };

export interface Cell {
  start: Start;
  command: Command;
  event: Event;
}

export function nameOf({ start, command, event }: Cell): string {
  return `${start} × ${command} × ${event.kind === 'word' ? event.word : `${event.move} (${event.kind})`}`;
}

const WITHOUT_PAYMENT_INTENT: readonly Start[] = ['scheduled', 'needs_attention'];

/** A look at its PaymentIntent is believed, also of a parked charge: that is a move of its own. */
const LEFT_BY_A_LOOK: readonly Start[] = ['needs_attention/tried'];

/** Of these an event is looked for in the rows by its PaymentIntent, and a charge that has none has no such event. */
const AFTER_PAYMENT: readonly Word[] = WORDS.slice(-4);

/**
 * `every`: each start × command × event. `pairs`: each pair of start and command, start and event, command and event at
 * least once, and every command around what happens at Stripe and is not told yet. `suite`: each pair of start and
 * command, each event, and a third of the commands around what is not told.
 */
export const EXTENTS = ['suite', 'pairs', 'every'] as const;
export type Extent = (typeof EXTENTS)[number];

/** A command of what we were told is a command in the status that it was brought to: asked of some. */
const TOLD_OF_EACH = { every: 1, pairs: 3, suite: 6 };
const UNTOLD_OF_EACH = { every: 1, pairs: 1, suite: 3 };

export function cells(extent: Extent): Cell[] {
  const every = extent === 'every';
  return STARTS.flatMap((start, row) => {
    const words = WORDS.filter(
      (word) =>
        !(WITHOUT_PAYMENT_INTENT.includes(start) && AFTER_PAYMENT.includes(word)) &&
        !(LEFT_BY_A_LOOK.includes(start) && word.startsWith('payment_intent.')),
    );
    const harmless = COMMAND_NAMES.flatMap((command, column) =>
      words
        .filter((_, index) => every || index % COMMAND_NAMES.length === (column + row) % COMMAND_NAMES.length)
        .slice(0, extent === 'suite' ? 1 : undefined)
        .map((word): Cell => ({ start, command, event: { kind: 'word', word } })),
    );
    const moves = (Object.keys(MOVES) as Move[]).filter((move) =>
      MOVES[move].from.some((from) => from === start),
    );
    const told = moves.flatMap((move, shift) =>
      COMMAND_NAMES.filter((_, index) => chosen(index, row + shift, TOLD_OF_EACH[extent])).map(
        (command): Cell => ({ start, command, event: { kind: 'told', move } }),
      ),
    );
    const untold = moves
      .filter((move) => move !== 'we look again')
      .flatMap((move, shift) =>
        COMMAND_NAMES.filter((_, index) => chosen(index, row + shift, UNTOLD_OF_EACH[extent])).map(
          (command): Cell => ({ start, command, event: { kind: 'untold', move } }),
        ),
      );
    return [...harmless, ...told, ...untold];
  });
}

function chosen(index: number, shift: number, ofEach: number): boolean {
  return index % ofEach === shift % ofEach;
}

/** So many charges of one enrollment are open at a time; 20 are allowed. */
const CHARGES_PER_ENROLLMENT = 9;

/** Groups of cells with one start, each for an enrollment of its own. */
export function grouped(all: readonly Cell[]): { start: Start; cells: Cell[] }[] {
  return STARTS.flatMap((start) => {
    const mine = all.filter((cell) => cell.start === start);
    const groups = Math.ceil(mine.length / CHARGES_PER_ENROLLMENT);
    return Array.from({ length: groups }, (_, group) => ({
      start,
      cells: mine.filter((_, index) => index % groups === group),
    }));
  });
}

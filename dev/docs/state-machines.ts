/** Draws docs/state-machines.md from the tables in domain/, so that the document cannot say anything else. */
import {
  CHARGE_COMMANDS,
  CHARGE_EVENTS,
  CHARGE_STATUSES,
  CHARGE_TABLE,
  type ChargeCell,
} from '../../domain/charge-states.ts';
import { DISPUTE_TABLE } from '../../domain/disputes.ts';
import {
  type Cell,
  ENROLLMENT_COMMANDS,
  ENROLLMENT_EVENTS,
  ENROLLMENT_TABLE,
} from '../../domain/enrollment-states.ts';
import { FURTHER_REFUSALS } from '../../domain/further-refusals.ts';
import { LEGACY_NAMES, PAYMENT_INTENT_STATUSES, PAYMENT_INTENT_TABLE } from '../../domain/payment-intent.ts';
import { BANK_DEBITS } from '../../domain/payment-methods.ts';
import { REFUND_TABLE } from '../../domain/refunds.ts';
import { SETUP_INTENT_STATUSES, SETUP_INTENT_TABLE } from '../../domain/setup-intent.ts';
import { ENDED, ENROLLMENT_STATUSES, SETTLED_CHARGE } from '../../domain/statuses.ts';
import { code, type Edge, stateDiagram, table } from './markdown.ts';

export function drawStateMachines(): string {
  return `${[
    '# State machines',
    'Drawn by `npm run docs:draw` from the tables in `domain/` that the service itself runs on; a test compares.',
    ...enrollments(),
    ...charges(),
    ...furtherRefusals(),
    ...paymentIntents(),
    ...setupIntents(),
    ...disputes(),
    ...refunds(),
  ].join('\n\n')}\n`;
}

function enrollments(): string[] {
  const steps = [...ENROLLMENT_COMMANDS, ...ENROLLMENT_EVENTS];
  const edges = steps.flatMap((step) =>
    ENROLLMENT_STATUSES.flatMap((from) =>
      targets(ENROLLMENT_TABLE[step][from])
        .filter((to) => to !== from)
        .map((to) => ({ from, to, label: step })),
    ),
  );
  const grid = (names: readonly (keyof typeof ENROLLMENT_TABLE)[]) =>
    table(
      ['', ...ENROLLMENT_STATUSES],
      names.map((name) => [
        code(name),
        ...ENROLLMENT_STATUSES.map((status) => shown(ENROLLMENT_TABLE[name][status])),
      ]),
    );
  return [
    '## Enrollment',
    stateDiagram([{ from: '[*]', to: 'awaiting_payment_method' }, ...edges, ...ends(ENDED)]),
    'What a command does in each status: a new status, `·` for none, or in italics the code of the refusal. ' +
      '`by_debts` is `past_due` while a charge is in dunning or waits for the customer, and else `active`.',
    grid(ENROLLMENT_COMMANDS),
    'What an event does; one that comes too late changes nothing.',
    grid(ENROLLMENT_EVENTS),
  ];
}

function charges(): string[] {
  const steps = [...CHARGE_COMMANDS, ...CHARGE_EVENTS];
  const edges = steps.flatMap((step) =>
    CHARGE_STATUSES.flatMap((from) =>
      targets(CHARGE_TABLE[step][from])
        .filter((to) => to !== from)
        .map((to) => ({ from, to, label: step })),
    ),
  );
  const grid = (names: readonly (keyof typeof CHARGE_TABLE)[]) =>
    table(
      ['', ...names.map(code)],
      CHARGE_STATUSES.map((status) => [
        code(status),
        ...names.map((name) => shown(CHARGE_TABLE[name][status])),
      ]),
    );
  return [
    '## Charge',
    'A charge is `scheduled`, then whatever its PaymentIntent is (see PaymentIntent below), with two statuses of our own ' +
      "around those. The drawing has only the steps that are not Stripe's.",
    stateDiagram([{ from: '[*]', to: 'scheduled' }, ...edges, ...ends(SETTLED_CHARGE)]),
    'What a command does: a new status, `·` for none, `by_stripe` where the answer of the call decides, or in ' +
      'italics the code of the refusal.',
    grid(CHARGE_COMMANDS),
    'What an event does.',
    grid(CHARGE_EVENTS),
  ];
}

function furtherRefusals(): string[] {
  return [
    '## Further refusals',
    'A command that the status allows can be refused for other reasons. Most are refused before anything is written. What ' +
      'Stripe refuses, and what had to wait for its turn, leaves the update, and what it had begun, in the history. ' +
      '`charge_now` is allowed where `move_next` is, `authenticate` where `retry` is.',
    table(
      ['code', 'commands', 'when'],
      Object.entries(FURTHER_REFUSALS).map(([name, { commands, when }]) => [
        `*${name}*`,
        commands.map(code).join(', '),
        when,
      ]),
    ),
  ];
}

function paymentIntents(): string[] {
  const rows = PAYMENT_INTENT_STATUSES.map((status) => {
    const { meaning, actions, onCancel } = PAYMENT_INTENT_TABLE[status];
    return [code(status), meaning, actions.map(code).join(', ') || '–', onCancel];
  });
  return [
    '## PaymentIntent',
    stateDiagram([
      // Made with a payment method and not yet confirmed.
      { from: '[*]', to: 'requires_confirmation' },
      ...intentEdges(PAYMENT_INTENT_STATUSES, (status) => PAYMENT_INTENT_TABLE[status].next),
    ]),
    table(['status', 'meaning', 'what can be done', 'what a cancel means'], rows),
    `Bank debits, whose cancel is tried while they are \`processing\`: ${BANK_DEBITS.map(code).join(', ')}. Once a ` +
      'cancel is accepted no new attempt starts. A payment that succeeds in spite of it is kept or refunded as the ' +
      'terms say.',
    'Events come in any order. A look at Stripe that shows one of these is believed; any other is an older truth:',
    table(
      ['known', 'believed'],
      PAYMENT_INTENT_STATUSES.map((status) => [
        code(status),
        PAYMENT_INTENT_TABLE[status].later.length === PAYMENT_INTENT_STATUSES.length
          ? 'every status'
          : PAYMENT_INTENT_TABLE[status].later.map(code).join(', '),
      ]),
    ),
    `Names of API versions before 2019-02-11 are read as the new ones and never written: ${legacyNames()}.`,
  ];
}

function setupIntents(): string[] {
  return [
    '## SetupIntent',
    stateDiagram(intentEdges(SETUP_INTENT_STATUSES, (status) => SETUP_INTENT_TABLE[status].next)),
    table(
      ['status', 'meaning', 'what we do'],
      SETUP_INTENT_STATUSES.map((status) => {
        const { meaning, actions } = SETUP_INTENT_TABLE[status];
        return [code(status), meaning, actions.map(code).join(', ')];
      }),
    ),
  ];
}

function disputes(): string[] {
  const effects = { open: 'charging rests', over: 'charging goes on', lost: 'as the terms say' } as const;
  return [
    '## Dispute',
    'While a dispute is open its enrollment is charged nothing more, and no charge is given up since its time is ' +
      'over; one in a status that this version does not know counts as open.',
    table(
      ['status', 'meaning', 'effect'],
      Object.entries(DISPUTE_TABLE).map(([status, row]) => [code(status), row.meaning, effects[row.effect]]),
    ),
  ];
}

function refunds(): string[] {
  return [
    '## Refund',
    'Never more goes back than was captured: what a refund takes from the rest depends on its status.',
    table(
      ['status', 'meaning', 'counts', 'can still change'],
      Object.entries(REFUND_TABLE).map(([status, row]) => [
        code(status),
        row.meaning,
        row.counts ? 'yes' : 'no',
        row.final ? 'no' : 'yes',
      ]),
    ),
  ];
}

function intentEdges<Status extends string>(
  statuses: readonly Status[],
  next: (status: Status) => readonly Status[],
): Edge[] {
  const steps = statuses.flatMap((from) => next(from).map((to) => ({ from, to })));
  return [
    { from: '[*]', to: 'requires_payment_method' },
    ...steps,
    ...ends(statuses.filter((s) => !next(s).length)),
  ];
}

function ends(statuses: readonly string[]): Edge[] {
  return statuses.map((from) => ({ from, to: '[*]' }));
}

function targets(cell: Cell | ChargeCell): string[] {
  if (typeof cell === 'object' || cell === 'stays' || cell === 'by_stripe') {
    return [];
  }
  return cell === 'by_debts' ? ['active', 'past_due'] : [cell];
}

function shown(cell: Cell | ChargeCell): string {
  if (typeof cell === 'object') {
    return `*${cell.refused}*`;
  }
  return cell === 'stays' ? '·' : code(cell);
}

function legacyNames(): string {
  return Object.entries(LEGACY_NAMES)
    .map(([old, current]) => `${code(old)} is ${code(current)}`)
    .join(', ');
}

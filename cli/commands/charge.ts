/** Commands of one charge: retry, refund, capture, resume after a fault, forgive, cancel, stop, extend. */
import type { Command } from 'commander';
import { chargeObject } from '../../api/schemas/charges.ts';
import { refundObject } from '../../api/schemas/commands.ts';
import { amountText } from '../../domain/money.ts';
import { chargeRoute } from '../enrollment-id.ts';
import type { OpenSession, Session } from '../session.ts';
import { chargeInWords } from '../show.ts';
import { KEY_OPTION, postOnce } from '../under-key.ts';
import { readNumber, readWhole } from '../words.ts';

interface Options {
  reason?: string;
  amountMinor?: number;
  days?: number;
  yes: boolean;
  idempotencyKey?: string;
}

/** Name, path in the API, description, and the word that confirms what cannot be taken back. */
const PLAIN = [
  ['retry', 'retry', 'try a declined charge now', null],
  [
    'resume-charge',
    'resume',
    'do again what was refused of a charge that needs attention, after its cause was mended',
    null,
  ],
  ['stop', 'stop-dunning', 'give a declined charge up now; the terms say what follows', 'stop'],
  ['forgive', 'forgive', 'forgive a charge: it is no longer owed', 'forgive'],
  ['cancel-charge', 'cancel', 'cancel one charge; held money is released', 'cancel'],
] as const;

export function chargeCommands(program: Command, open: OpenSession): void {
  const make = (name: string, description: string) =>
    program
      .command(name)
      .description(description)
      .argument('<charge>', 'chg_…')
      .option('--reason <text>', 'kept in the timeline')
      .option(...KEY_OPTION);

  for (const [name, path, description, word] of PLAIN) {
    const command = make(name, description);
    if (word !== null) {
      command.option('--yes', 'ask nobody', false);
    }
    command.action(async (id: string, options: Options, self: Command) => {
      const session = open(self);
      if (word !== null) {
        await confirm(session, id, name, word, options.yes);
      }
      await order(session, id, path, options);
    });
  }

  make('extend', 'be more patient with a declined charge')
    .requiredOption(
      '--days <number>',
      'one further retry after so many days, or so long more for the customer',
      readNumber,
    )
    .action(async (id: string, options: Options, self: Command) => {
      await order(open(self), id, 'extend-dunning', options, { days: options.days });
    });

  make('capture', 'capture held money')
    .option(
      '--amount-minor <number>',
      "in the currency's smallest unit; left out: all that is held",
      readWhole,
    )
    .action(async (id: string, options: Options, self: Command) => {
      await order(open(self), id, 'capture', options, { amount_minor: options.amountMinor ?? null });
    });

  make('refund', 'give a charge back')
    .option(
      '--amount-minor <number>',
      "in the currency's smallest unit; left out: all that is left",
      readWhole,
    )
    .option('--yes', 'ask nobody', false)
    .action(refund(open));
}

function refund(open: OpenSession) {
  return async (id: string, options: Options, self: Command) => {
    const session = open(self);
    const { api, out } = session;
    const charge = await api.get(chargeObject, chargeRoute(id));
    const amountMinor = options.amountMinor ?? charge.captured_minor - charge.refunded_minor;
    const question = `Refund ${amountText(amountMinor, charge.currency)} of ${id}?`;
    await session.confirm(question, 'refund', options.yes);
    const body = { amount_minor: options.amountMinor ?? null, reason: options.reason ?? null };
    const route = `${chargeRoute(id)}/refunds`;
    const refunded = await postOnce(api, refundObject, route, body, options.idempotencyKey);
    out.result(
      refunded,
      () =>
        `${refunded.id}: ${amountText(refunded.amount_minor, charge.currency)} of ${id} is given back, ${refunded.status}.`,
    );
  };
}

async function confirm(
  session: Session,
  id: string,
  name: string,
  word: string,
  yes: boolean,
): Promise<void> {
  if (!yes) {
    session.out.say(chargeInWords(await session.api.get(chargeObject, chargeRoute(id))));
  }
  await session.confirm(`${name} ${id}?`, word, yes);
}

async function order(
  { api, out }: Session,
  id: string,
  path: string,
  { reason, idempotencyKey }: Options,
  says: object = {},
): Promise<void> {
  const body = { ...says, reason: reason ?? null };
  const charge = await postOnce(api, chargeObject, `${chargeRoute(id)}/${path}`, body, idempotencyKey);
  out.result(charge, () => chargeInWords(charge));
}

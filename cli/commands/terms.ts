/** `terms change`: another amount for many recurring enrollments at once, chosen by a query. */
import type { Command } from 'commander';
import { scheduleAnswer } from '../../api/schemas/commands.ts';
import type { EnrollmentObject } from '../../api/schemas/enrollments.ts';
import { amountText } from '../../domain/money.ts';
import { ENDED } from '../../domain/statuses.ts';
import { type BulkOutcome, inBulk } from '../bulk.ts';
import { CommandFailure, EXIT } from '../failure.ts';
import { watchInterrupts } from '../interrupts.ts';
import { facts, table } from '../output.ts';
import { enrollmentPages, type Selection } from '../selection.ts';
import type { OpenSession, Session } from '../session.ts';
import { nextCharge } from '../show.ts';
import { oneOf, readWhole } from '../words.ts';
import { addSelection } from './look.ts';

const EFFECTIVE = ['from_next', 'at_once'] as const;
/** Commands wait for the Worker; more at a time only makes each slower. */
const MOST_AT_A_TIME = 16;
const SHOWN = 10;

interface ChangeOptions extends Selection {
  amountMinor: number;
  currency: string;
  name: string;
  fromAmountMinor?: number;
  metadata: Record<string, string>;
  effective: (typeof EFFECTIVE)[number];
  reason?: string;
  dryRun?: true;
  concurrency: number;
  yes: boolean;
}

/** What becomes of each enrollment of the query. */
interface Plan {
  change: EnrollmentObject[];
  already: EnrollmentObject[];
  /** Its schedule has no amount that repeats, or it has ended. */
  impossible: EnrollmentObject[];
  /** Agreed on `--from-amount-minor` at the beginning, and another amount since: it is said, since nobody sees it else. */
  changedBefore: EnrollmentObject[];
}

export function termsCommands(program: Command, open: OpenSession): void {
  const terms = program.command('terms').description('what was agreed');
  addSelection(terms.command('change').description('another amount for all enrollments of a query'))
    .requiredOption('--amount-minor <number>', "the new amount, in the currency's smallest unit", readWhole)
    .requiredOption('--currency <code>', 'only enrollments in this currency, e.g. jpy', (code) =>
      code.toLowerCase(),
    )
    .requiredOption(
      '--name <name>',
      'of this change, e.g. price-2027: run again under the same name, nothing is changed twice',
      readName,
    )
    .option(
      '--from-amount-minor <number>',
      'only those who pay this amount for a period now, whatever a credit or a balance makes of their next charge',
      readWhole,
    )
    .option('--metadata <key=value>', 'only those with this metadata; may be repeated', readMetadata, {})
    .option(
      '--effective <when>',
      `${EFFECTIVE.join(', ')} (the rest of the period is charged or credited)`,
      oneOf(EFFECTIVE),
      'from_next',
    )
    .option('--reason <text>', 'kept in the timeline of each')
    .option('--dry-run', 'only show what would be changed')
    .option('--concurrency <number>', `how many at a time, at most ${MOST_AT_A_TIME}`, readWhole, 4)
    .option('--yes', 'ask nobody', false)
    .action(async (options: ChangeOptions, command: Command) => {
      await change(open(command), options);
    });
}

async function change(session: Session, options: ChangeOptions): Promise<void> {
  const { out } = session;
  const plan = await planOf(session, options);
  const { length: count } = plan.change;
  if (options.dryRun === true) {
    out.result(
      { dry_run: true, ...idsOf(plan) },
      () => `${planInWords(plan, options)}\nNothing was changed: it is a dry run.`,
    );
    return;
  }
  out.say(planInWords(plan, options));
  if (count > 0) {
    const question = `Change ${count} enrollments to ${amountText(options.amountMinor, options.currency)}?`;
    await session.confirm(question, String(count), options.yes);
  }
  const outcome = await carryOut(session, plan.change, options);
  const { done, failed, left } = outcome;
  out.result(
    {
      changed: done.map(({ id }) => id),
      failed: failed.map(({ item, why }) => ({ id: item.id, why })),
      not_begun: left.map(({ id }) => id),
      ...idsOf({ ...plan, change: [] }),
    },
    () => outcomeInWords(outcome, plan),
  );
  if (failed.length + left.length > 0) {
    process.exitCode = EXIT.partly;
  }
}

async function planOf({ api }: Session, options: ChangeOptions): Promise<Plan> {
  const plan: Plan = { change: [], already: [], impossible: [], changedBefore: [] };
  const { amountMinor, fromAmountMinor } = options;
  for await (const one of enrollmentPages(api, options)) {
    if (one.terms.currency !== options.currency || !hasMetadata(one, options.metadata)) {
      continue;
    }
    const { schedule } = one.terms;
    const nowMinor = one.recurring_amount_minor;
    const hasEnded = ENDED.some((end) => end === one.status);
    if (nowMinor === amountMinor && !hasEnded) {
      plan.already.push(one);
    } else if (fromAmountMinor !== undefined && nowMinor !== fromAmountMinor) {
      if (schedule.type === 'recurring' && schedule.amount_minor === fromAmountMinor && !hasEnded) {
        plan.changedBefore.push(one);
      }
    } else if (nowMinor === null || hasEnded) {
      plan.impossible.push(one);
    } else {
      plan.change.push(one);
    }
  }
  return plan;
}

/** Ctrl-C lets what is under way finish, a second one does not; the same command goes on with the rest. */
async function carryOut({ api, out }: Session, items: EnrollmentObject[], options: ChangeOptions) {
  const { amountMinor, effective, reason, name, concurrency } = options;
  const interrupts = watchInterrupts();
  try {
    return await inBulk({
      items,
      title: 'Changing',
      concurrency: Math.min(concurrency, MOST_AT_A_TIME),
      stop: interrupts.signal,
      quiet: out.json || items.length === 0,
      act: async ({ id }) => {
        const change = {
          body: { amount_minor: amountMinor, effective, reason: reason ?? name },
          idempotencyKey: `terms-change/${name}/${id}`,
        };
        await api.post(scheduleAnswer, `/enrollments/${id}/amount`, change).catch((error: unknown) => {
          throw isUsedKey(error)
            ? new CommandFailure(EXIT.refused, `--name ${name} is another change's: ${error.message}`)
            : error;
        });
      },
    });
  } finally {
    interrupts.release();
  }
}

/** The idempotency key is made of the name, which is what a person can change. */
function isUsedKey(error: unknown): error is CommandFailure {
  return error instanceof CommandFailure && error.details.code === 'idempotency_mismatch';
}

function planInWords(
  { change: items, already, impossible, changedBefore }: Plan,
  options: ChangeOptions,
): string {
  const to = amountText(options.amountMinor, options.currency);
  const shown = items.slice(0, SHOWN);
  return [
    facts([
      [
        'To be changed',
        `${items.length} to ${to}, ${options.effective === 'at_once' ? 'at once: the rest of the running period is charged or credited' : 'from the next charge on'}`,
      ],
      ['Already so', already.length === 0 ? null : String(already.length)],
      [
        'Not possible',
        impossible.length === 0 ? null : `${impossible.length}: ended, or without an amount that repeats`,
      ],
      ['Left out', leftOut(changedBefore, options)],
    ]),
    ...(shown.length === 0
      ? []
      : [
          '',
          table(
            ['ENROLLMENT', 'CUSTOMER', 'PRICE NOW', 'NEXT CHARGE'],
            shown.map((one) => [
              one.id,
              one.customer.reference ?? '-',
              amountText(one.recurring_amount_minor ?? 0, one.terms.currency),
              nextCharge(one) ?? '-',
            ]),
          ),
        ]),
    ...(items.length > SHOWN ? [`and ${items.length - SHOWN} more`] : []),
  ].join('\n');
}

function leftOut({ length: count }: EnrollmentObject[], { fromAmountMinor, currency }: ChangeOptions) {
  return count === 0 || fromAmountMinor === undefined
    ? null
    : `${count}: agreed on ${amountText(fromAmountMinor, currency)} at the beginning, and on another amount since (--json names them)`;
}

function outcomeInWords({ done, failed, left }: BulkOutcome<EnrollmentObject>, { already }: Plan): string {
  return [
    facts([
      ['Changed', String(done.length)],
      ['Already so', already.length === 0 ? null : String(already.length)],
      ['Failed', failed.length === 0 ? null : String(failed.length)],
      ['Not begun', left.length === 0 ? null : `${left.length}: the same command goes on with them`],
    ]),
    ...failed.map(({ item, why }) => `  ${item.id}: ${why}`),
  ].join('\n');
}

function idsOf({ change: items, already, impossible, changedBefore }: Plan) {
  const ids = (list: EnrollmentObject[]) => list.map(({ id }) => id);
  return {
    to_be_changed: ids(items),
    already: ids(already),
    not_possible: ids(impossible),
    changed_before: ids(changedBefore),
  };
}

function hasMetadata(one: EnrollmentObject, wanted: Record<string, string>): boolean {
  return Object.entries(wanted).every(([key, value]) => one.metadata[key] === value);
}

function readMetadata(text: string, before: Record<string, string>): Record<string, string> {
  const [, key, value] = /^([^=]+)=(.*)$/.exec(text) ?? [];
  if (key === undefined || value === undefined) {
    throw new CommandFailure(EXIT.usage, `--metadata '${text}': expected key=value.`);
  }
  return { ...before, [key]: value };
}

/** Part of a header, and of the id of an update. */
function readName(text: string): string {
  if (!/^[\w.-]{1,60}$/.test(text)) {
    throw new CommandFailure(EXIT.usage, `--name '${text}': expected 1 to 60 letters, digits, _ . or -.`);
  }
  return text;
}

/** Commands of one enrollment: pause, resume, cancel (with what it would stop), undo, skip, move, charge now. */
import type { Command } from 'commander';
import type { z } from 'zod';
import { cancelPreviewObject, scheduleAnswer } from '../../api/schemas/commands.ts';
import { enrollmentObject } from '../../api/schemas/enrollments.ts';
import { amountText } from '../../domain/money.ts';
import { resolveEnrollment } from '../enrollment-id.ts';
import { facts } from '../output.ts';
import type { OpenSession, Session } from '../session.ts';
import { enrollmentInWords } from '../show.ts';
import { KEY_OPTION, postOnce } from '../under-key.ts';
import { instantText, readInstant } from '../words.ts';

const ENROLLMENT = ['<enrollment>', "enr_…, or the customer's reference"] as const;
const REASON = ['--reason <text>', 'kept in the timeline'] as const;

interface Options {
  reason?: string;
  idempotencyKey?: string;
}

export function enrollmentCommands(program: Command, open: OpenSession): void {
  const make = (name: string, description: string) =>
    program
      .command(name)
      .description(description)
      .argument(...ENROLLMENT)
      .option(...REASON)
      .option(...KEY_OPTION);

  make('pause', 'let the schedule rest; what is past due goes on being collected')
    .option('--until <instant>', 'resume by itself, e.g. 2027-01-31T09:00:00+09:00', readInstant)
    .action(async (given: string, options: Options & { until?: string }, command: Command) => {
      await changed(open(command), given, 'pause', options, { resume_at: options.until ?? null });
    });

  make('resume', 'end a pause').action(async (given: string, options: Options, command: Command) => {
    await changed(open(command), given, 'resume', options);
  });

  make('cancel', 'cancel an enrollment, after showing what that stops')
    .option('--at-period-end', 'when the running period is over')
    .option('--preview', 'only show what it would stop')
    .option('--yes', 'ask nobody', false)
    .action(cancel(open));

  make('undo-cancel', "take a cancel at the period's end back").action(
    async (given: string, options: Options, command: Command) => {
      await changed(open(command), given, 'undo-cancel', options);
    },
  );

  make('skip-next', 'leave the next charge of the schedule out').action(
    async (given: string, options: Options, command: Command) => {
      await planned(open(command), given, 'skip-next', options);
    },
  );

  make('charge-now', 'make the next charge of the schedule now').action(
    async (given: string, options: Options, command: Command) => {
      await planned(open(command), given, 'charge-now', options);
    },
  );

  make('move-next', 'move the next charge of the schedule; those after it stay')
    .requiredOption('--to <instant>', 'e.g. 2027-01-31T09:00:00+09:00', readInstant)
    .action(async (given: string, options: Options & { to: string }, command: Command) => {
      await planned(open(command), given, 'move-next', options, { due_at: options.to });
    });
}

interface CancelOptions extends Options {
  atPeriodEnd?: true;
  preview?: true;
  yes: boolean;
}

function cancel(open: OpenSession) {
  return async (given: string, options: CancelOptions, command: Command) => {
    const session = open(command);
    const { api, out } = session;
    const id = await resolveEnrollment(api, given);
    const later = options.atPeriodEnd === true;
    const { terms } = await api.get(enrollmentObject, `/enrollments/${id}`);
    const preview = await api.get(cancelPreviewObject, `/enrollments/${id}/cancel-preview`, {
      when: later ? 'at_period_end' : 'now',
    });
    if (options.preview === true) {
      out.result(preview, () => previewInWords(preview, terms.currency));
      return;
    }
    out.say(previewInWords(preview, terms.currency));
    await session.confirm(`Cancel ${id}${later ? ' at the end of its period' : ''}?`, 'cancel', options.yes);
    await changed(session, id, later ? 'cancel-at-period-end' : 'cancel', options);
  };
}

const FATES: Record<z.output<typeof cancelPreviewObject>['charges'][number]['fate'], string> = {
  never_attempted: 'is never attempted',
  canceled: 'is canceled',
  held_funds_released: 'is canceled, the held money is released',
  canceled_if_the_bank_allows: 'is canceled if the bank still allows it',
  outcome_awaited: 'is under way: its outcome is awaited',
  goes_on: 'goes on being collected',
};

function previewInWords(preview: z.output<typeof cancelPreviewObject>, currency: string): string {
  const { takes_effect_at: at, next_charge_stopped: next } = preview;
  return facts([
    ['Takes effect', at === null ? 'at once' : instantText(at)],
    [
      'Next charge',
      next === null
        ? null
        : `${amountText(next.amount_minor, currency)} on ${instantText(next.due_at)} is not made`,
    ],
    ...preview.charges.map(
      (charge) => [charge.id, `${amountText(charge.amount_minor, currency)} ${FATES[charge.fate]}`] as const,
    ),
    ['Still owed', amountText(preview.still_owed_minor, currency)],
    [
      'May still succeed',
      preview.may_still_succeed_minor === 0
        ? null
        : `${amountText(preview.may_still_succeed_minor, currency)}, then ${preview.late_success === 'refund' ? 'refunded' : 'kept'}`,
    ],
  ]);
}

async function changed(
  { api, out }: Session,
  given: string,
  path: string,
  { reason, idempotencyKey }: Options,
  change: object = {},
): Promise<void> {
  const id = await resolveEnrollment(api, given);
  const body = { ...change, reason: reason ?? null };
  const enrollment = await postOnce(
    api,
    enrollmentObject,
    `/enrollments/${id}/${path}`,
    body,
    idempotencyKey,
  );
  out.result(enrollment, () => enrollmentInWords(enrollment));
}

async function planned(
  { api, out }: Session,
  given: string,
  path: string,
  { reason, idempotencyKey }: Options,
  change: object = {},
): Promise<void> {
  const id = await resolveEnrollment(api, given);
  const { terms } = await api.get(enrollmentObject, `/enrollments/${id}`);
  const body = { ...change, reason: reason ?? null };
  const answer = await postOnce(api, scheduleAnswer, `/enrollments/${id}/${path}`, body, idempotencyKey);
  const { next_charge: next } = answer;
  out.result(answer, () =>
    next === null
      ? `${id}: no further charge is planned.`
      : `${id}: the next charge is ${amountText(next.amount_minor, terms.currency)} on ${instantText(next.due_at)}.`,
  );
}

/** Commands that only look: `list`, `show`, `timeline`, `charges`. */
import type { Command } from 'commander';
import { chargeObject } from '../../api/schemas/charges.ts';
import { type EnrollmentObject, enrollmentObject } from '../../api/schemas/enrollments.ts';
import { timelineObject } from '../../api/schemas/history.ts';
import { pageOf } from '../../api/schemas/lists.ts';
import { ENROLLMENT_STATUSES } from '../../domain/statuses.ts';
import { WAITS_FOR_WORDS } from '../../domain/waits-for.ts';
import { resolveEnrollment } from '../enrollment-id.ts';
import { table } from '../output.ts';
import { addPaging } from '../paging.ts';
import { enrollmentPages, type Selection, selectionQuery } from '../selection.ts';
import type { OpenSession } from '../session.ts';
import { chargeTable, enrollmentInWords, enrollmentTable } from '../show.ts';
import { instantText, oneOf, readDuration } from '../words.ts';

const page = pageOf(enrollmentObject);

/** The options by which enrollments are chosen; `list` and bulk commands share them. */
export function addSelection(command: Command): Command {
  return command
    .option('--status <status>', ENROLLMENT_STATUSES.join(', '), oneOf(ENROLLMENT_STATUSES))
    .option('--customer <reference>', 'your own id of the customer')
    .option('--stripe-customer <id>', 'cus_…')
    .option('--past-due-for <time>', 'past due for longer than this, e.g. 7d', readDuration)
    .option('--waits-for <what>', WAITS_FOR_WORDS.join(', '), oneOf(WAITS_FOR_WORDS))
    .option('--needs-attention', 'the same as --waits-for operator');
}

export function lookCommands(program: Command, open: OpenSession): void {
  addPaging(addSelection(program.command('list').description('enrollments, the newest first')))
    .option('--all', 'every page')
    .action(async (options: Selection & { limit: number; cursor?: string; all?: true }, command: Command) => {
      const { api, out } = open(command);
      const { limit, cursor, all } = options;
      if (all === true) {
        const data: EnrollmentObject[] = [];
        for await (const one of enrollmentPages(api, options)) {
          data.push(one);
        }
        out.result({ object: 'list', data, has_more: false, next_cursor: null }, () => listed(data, null));
        return;
      }
      const answer = await api.get(page, '/enrollments', { ...selectionQuery(options), limit, cursor });
      out.result(answer, () => listed(answer.data, answer.next_cursor));
    });

  program
    .command('show')
    .description('one enrollment, with its charges')
    .argument('<enrollment>', "enr_…, or the customer's reference")
    .action(async (given: string, _options: object, command: Command) => {
      const { api, out } = open(command);
      const id = await resolveEnrollment(api, given);
      const enrollment = await api.get(enrollmentObject, `/enrollments/${id}`);
      const charges = await api.get(pageOf(chargeObject), `/enrollments/${id}/charges`, { limit: 5 });
      out.result({ ...enrollment, charges: charges.data }, () =>
        [
          enrollmentInWords(enrollment),
          ...(charges.data.length === 0 ? [] : ['', chargeTable(charges.data)]),
          ...(charges.has_more ? [`and earlier ones: durable-billing charges ${id}`] : []),
        ].join('\n'),
      );
    });

  addPaging(program.command('charges').description('the charges of an enrollment, the newest first'))
    .argument('<enrollment>', "enr_…, or the customer's reference")
    .action(async (given: string, query: { limit: number; cursor?: string }, command: Command) => {
      const { api, out } = open(command);
      const id = await resolveEnrollment(api, given);
      const answer = await api.get(pageOf(chargeObject), `/enrollments/${id}/charges`, paging(query));
      out.result(answer, () => withMore(chargeTable(answer.data), answer.next_cursor));
    });

  addPaging(program.command('timeline').description('what happened, who did it and why, the newest first'))
    .argument('<enrollment>', "enr_…, or the customer's reference")
    .action(async (given: string, query: { limit: number; cursor?: string }, command: Command) => {
      const { api, out } = open(command);
      const id = await resolveEnrollment(api, given);
      const answer = await api.get(pageOf(timelineObject), `/enrollments/${id}/timeline`, paging(query));
      out.result(answer, () => {
        const rows = answer.data.map(({ at, what, who, why, charge_id: charge, details }) => [
          instantText(at),
          what,
          who,
          charge === null ? '-' : `charge ${charge.slice(charge.lastIndexOf('_') + 1)}`,
          [why, detailsInWords(details)].filter(Boolean).join('; ') || '-',
        ]);
        return withMore(table(['WHEN', 'WHAT', 'WHO', 'OF', 'WHY'], rows), answer.next_cursor);
      });
    });
}

/** `limit` and `cursor` alone: the options of the program are not for the API. */
function paging({ limit, cursor }: { limit: number; cursor?: string }) {
  return { limit, cursor };
}

function listed(data: readonly EnrollmentObject[], nextCursor: string | null): string {
  return data.length === 0 ? 'No enrollment is like that.' : withMore(enrollmentTable(data), nextCursor);
}

function withMore(text: string, nextCursor: string | null): string {
  return nextCursor === null ? text : `${text}\nMore: the same with --cursor ${nextCursor}`;
}

function detailsInWords(details: Record<string, string | number | boolean | null>): string {
  return Object.entries(details)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');
}

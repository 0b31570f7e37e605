/** `webhooks`: what Stripe told, what became of it, and having it delivered once more. */
import type { Command } from 'commander';
import { pageOf } from '../../api/schemas/lists.ts';
import { type WebhookObject, webhookDetail, webhookObject } from '../../api/schemas/webhooks.ts';
import { resolveEnrollment } from '../enrollment-id.ts';
import { table } from '../output.ts';
import { addPaging } from '../paging.ts';
import type { OpenSession } from '../session.ts';
import { instantText, oneOf } from '../words.ts';

const STATES = ['pending', 'signalled', 'ignored'] as const;

export function webhookCommands(program: Command, open: OpenSession): void {
  const webhooks = program.command('webhooks').description('webhooks that were accepted');

  addPaging(webhooks.command('list').description('the newest first'))
    .option('--state <state>', STATES.join(', '), oneOf(STATES))
    .option('--type <type>', 'e.g. checkout.session.completed')
    .option('--enrollment <enrollment>', "enr_…, or the customer's reference")
    .action(
      async (
        options: { state?: string; type?: string; enrollment?: string; limit: number; cursor?: string },
        command: Command,
      ) => {
        const { api, out } = open(command);
        const { state, type, enrollment, limit, cursor } = options;
        const answer = await api.get(pageOf(webhookObject), '/webhooks', {
          state,
          type,
          enrollment_id: enrollment === undefined ? undefined : await resolveEnrollment(api, enrollment),
          limit,
          cursor,
        });
        out.result(answer, () => {
          const rows = answer.data.map((one) => [
            one.id,
            one.type,
            instantText(one.received_at),
            one.enrollment_id ?? '-',
            became(one),
          ]);
          const more =
            answer.next_cursor === null ? [] : [`More: the same with --cursor ${answer.next_cursor}`];
          return answer.data.length === 0
            ? 'No webhook is like that.'
            : [table(['EVENT', 'TYPE', 'RECEIVED', 'ENROLLMENT', 'BECAME'], rows), ...more].join('\n');
        });
      },
    );

  webhooks
    .command('show')
    .description('one webhook with its content')
    .argument('<event>', 'evt_…')
    .action(async (id: string, _options: object, command: Command) => {
      const { api, out } = open(command);
      const webhook = await api.get(webhookDetail, `/webhooks/${encodeURIComponent(id)}`);
      out.result(
        webhook,
        () =>
          `${webhook.id} (${webhook.type}): ${became(webhook)}\n${JSON.stringify(webhook.payload, null, 2)}`,
      );
    });

  webhooks
    .command('redeliver')
    .description('have events delivered once more; Workflows accept repeats')
    .argument('<event...>', 'evt_…')
    .option('--reason <text>', 'kept with the event')
    .action(async (ids: string[], { reason }: { reason?: string }, command: Command) => {
      const { api, out } = open(command);
      const data: WebhookObject[] = [];
      for (const id of ids) {
        const route = `/webhooks/${encodeURIComponent(id)}/redeliver`;
        data.push(await api.post(webhookObject, route, { body: { reason: reason ?? null } }));
      }
      out.result({ object: 'list', data }, () => data.map(({ id }) => `${id} is due again.`).join('\n'));
    });
}

function became(one: WebhookObject): string {
  switch (one.state) {
    case 'signalled':
      return `signalled ${one.signalled_at === null ? '' : instantText(one.signalled_at)}`;
    case 'ignored':
      return `ignored: ${one.ignored_reason}`;
    default:
      return `pending after ${one.attempts} tries${one.last_error === null ? '' : `: ${one.last_error}`}`;
  }
}

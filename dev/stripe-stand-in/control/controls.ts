// The table of controls. Each is one thing that Stripe, a bank or the network would do by itself.

import { loggedRequests } from '../http/request-log.ts';
import { accountDecline, failDebit, settleDebit } from '../payments/debits.ts';
import { closeDispute, isOpen, openDispute } from '../payments/disputes.ts';
import type { StandIn } from '../state.ts';
import type { World } from '../store/world.ts';
import type { Turn } from '../turn.ts';
import { booleanOf, choiceOf, numberOf, textOf } from './fields.ts';
import { ledgerOf } from './ledger.ts';
import { ControlRefusal } from './refusal.ts';

export interface ControlInput {
  standIn: StandIn;
  ids: string[];
  body: Record<string, unknown>;
  query: URLSearchParams;
  baseUrl: string;
}

export interface Control {
  method: 'GET' | 'POST';
  path: RegExp;
  run(input: ControlInput): object | Promise<object>;
}

const on = (method: 'GET' | 'POST', path: string, run: Control['run']): Control => ({
  method,
  path: new RegExp(`^/_control/${path.replaceAll(':id', '([^/]+)')}$`),
  run,
});

/** The object in whichever mode has it, and a turn to change it in. */
function inEither<T>(
  input: ControlInput,
  find: (world: World) => T | undefined,
  act: (turn: Turn, found: T) => object,
): object {
  const { standIn } = input;
  for (const world of Object.values(standIn.worlds)) {
    const found = find(world);
    if (found === undefined) continue;
    return standIn.db.turn(() => act({ world, cause: null, baseUrl: input.baseUrl }, found));
  }
  throw new ControlRefusal(404, `No such object: ${input.ids[0]}`);
}

function orConflict(done: boolean, what: string): void {
  if (!done) throw new ControlRefusal(409, what);
}

export const CONTROLS: readonly Control[] = [
  on('POST', 'reset', ({ standIn }) => {
    standIn.db.turn(() => standIn.reset());
    return { reset: true };
  }),

  on('GET', 'clock', ({ standIn }) => ({ now: standIn.clock.now(), offset_ms: standIn.clock.offsetMs() })),

  on('POST', 'clock', ({ standIn, body }) => {
    const target = numberOf(body, 'now', null);
    const advance =
      target === null ? numberOf(body, 'advance_seconds', null) : target - standIn.clock.nowMs() / 1000;
    if (advance === null) throw new ControlRefusal(400, 'Give advance_seconds, or now in epoch seconds.');
    if (advance < 0) throw new ControlRefusal(400, 'The clock cannot go back.');
    standIn.clock.advance(Math.round(advance * 1000));
    standIn.db.turn(() => standIn.db.setSetting('clock_offset_ms', String(standIn.clock.offsetMs())));
    standIn.runDue();
    standIn.deliveries.wake();
    return { now: standIn.clock.now(), offset_ms: standIn.clock.offsetMs() };
  }),

  on('GET', 'requests', ({ standIn, query }) => ({
    data: loggedRequests(standIn.db, Number(query.get('limit') ?? 1000), query.get('path_prefix') ?? ''),
  })),

  on('GET', 'ledger', ({ standIn, query }) =>
    ledgerOf(standIn.worlds[query.get('mode') === 'live' ? 'live' : 'test']),
  ),

  on('POST', '(?:payment_methods|cards)/:id/next_charge', ({ standIn, ids, body }) => {
    const [id = ''] = ids;
    const world = standIn.worlds[body.livemode === true ? 'live' : 'test'];
    const code = textOf(body, 'code', null);
    const declineCode = textOf(body, 'decline_code', code === null ? 'generic_decline' : null);
    return standIn.db.turn(() => {
      if (world.nextCharges.get(id) !== undefined) world.nextCharges.delete(id);
      if (booleanOf(body, 'clear', false)) return { id, cleared: true };
      return world.nextCharges.insert({
        id,
        code: code ?? 'card_declined',
        declineCode,
        adviceCode: textOf(body, 'advice_code', null),
        networkAdviceCode: textOf(body, 'network_advice_code', null),
        networkDeclineCode: textOf(body, 'network_decline_code', null),
        times: body.times === null ? null : numberOf(body, 'times', 1),
      });
    });
  }),

  on('POST', 'payment_intents/:id/settle', (input) =>
    inEither(
      input,
      (world) => world.paymentIntents.get(input.ids[0] ?? ''),
      (turn, intent) => {
        orConflict(settleDebit(turn, intent), `${intent.id} is ${intent.status}, not processing`);
        return intent;
      },
    ),
  ),

  on('POST', 'payment_intents/:id/fail', (input) =>
    inEither(
      input,
      (world) => world.paymentIntents.get(input.ids[0] ?? ''),
      (turn, intent) => {
        const failureCode = textOf(input.body, 'code', 'insufficient_funds');
        const failureMessage = textOf(input.body, 'message', null);
        const decline = accountDecline({ failureCode, failureMessage });
        orConflict(failDebit(turn, intent, decline), `${intent.id} is ${intent.status}, not processing`);
        return intent;
      },
    ),
  ),

  on('POST', 'charges/:id/dispute', (input) =>
    inEither(
      input,
      (world) => world.charges.get(input.ids[0] ?? ''),
      (turn, charge) => {
        orConflict(charge.status === 'succeeded' && !charge.disputed, `${charge.id} cannot be disputed now`);
        return openDispute(turn, charge, {
          reason: textOf(input.body, 'reason', 'fraudulent') ?? 'fraudulent',
          inquiry: booleanOf(input.body, 'inquiry', false),
          amount: numberOf(input.body, 'amount', charge.amount) ?? charge.amount,
        });
      },
    ),
  ),

  on('POST', 'disputes/:id/close', (input) =>
    inEither(
      input,
      (world) => world.disputes.get(input.ids[0] ?? ''),
      (turn, dispute) => {
        orConflict(isOpen(dispute), `${dispute.id} is ${dispute.status}`);
        closeDispute(turn, dispute, booleanOf(input.body, 'won', false));
        return dispute;
      },
    ),
  ),

  on('POST', 'faults', ({ standIn, body }) => {
    const match = typeof body.match === 'object' && body.match !== null ? { ...body.match } : {};
    const fields: Record<string, unknown> = match;
    const fault = {
      method: textOf(fields, 'method', null)?.toUpperCase() ?? null,
      pathPrefix: textOf(fields, 'path_prefix', '/v1/') ?? '/v1/',
      times: numberOf(body, 'times', 1) ?? 1,
      kind: choiceOf(body, 'kind', ['status', 'delay', 'cut'] as const, 'status'),
      status: numberOf(body, 'status', 500) ?? 500,
      when: choiceOf(body, 'when', ['before', 'after'] as const, 'before'),
      delayMs: numberOf(body, 'delay_ms', 0) ?? 0,
    };
    standIn.faults.add(fault);
    return fault;
  }),
  on('GET', 'faults', ({ standIn }) => ({ data: standIn.faults.list() })),
  on('POST', 'faults/clear', ({ standIn }) => {
    standIn.faults.clear();
    return { data: [] };
  }),

  on('POST', 'webhooks', ({ standIn, body }) => {
    const before = standIn.deliveries.options();
    standIn.deliveries.setOptions({
      mode: choiceOf(body, 'mode', ['deliver', 'hold', 'drop'] as const, before.mode),
      duplicate: booleanOf(body, 'duplicate', false),
      shuffle: booleanOf(body, 'shuffle', false),
    });
    return standIn.deliveries.options();
  }),
  on('POST', 'webhooks/release', ({ standIn }) => ({ released: standIn.deliveries.release() })),
  on('POST', 'webhooks/settled', async ({ standIn }) => {
    await standIn.deliveries.settled();
    return { settled: true };
  }),
  on('POST', 'events/:id/resend', (input) =>
    inEither(
      input,
      (world) => world.events.get(input.ids[0] ?? ''),
      (turn, event) => {
        const endpoints = [...turn.world.endpoints.newestFirst()].filter(
          (endpoint) => endpoint.status === 'enabled',
        );
        for (const endpoint of endpoints) turn.world.events.queue(event.id, endpoint.id);
        return { event: event.id, endpoints: endpoints.map((endpoint) => endpoint.id) };
      },
    ),
  ),
];

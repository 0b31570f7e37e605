// Controls of the stand-in as a whole: its clock, its faults, its deliveries, its books.

import { loggedDeliveries } from '../events/delivery-log.ts';
import { loggedRequests } from '../http/request-log.ts';
import { type Control, control } from './controls.ts';
import { booleanOf, choiceOf, numberOf, textOf } from './fields.ts';
import { ledgerOf } from './ledger.ts';
import { ControlRefusal } from './refusal.ts';
import { changeSettings } from './settings.ts';

export const machineControls: readonly Control[] = [
  control('POST', 'reset', ({ standIn }) => {
    standIn.db.turn(() => standIn.reset());
    return { reset: true };
  }),

  control('GET', 'clock', ({ standIn }) => ({
    now: standIn.clock.now(),
    offset_ms: standIn.clock.offsetMs(),
  })),
  control('POST', 'clock', ({ standIn, body }) => {
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

  control('GET', 'requests', ({ standIn, query }) => ({
    data: loggedRequests(standIn.db, Number(query.get('limit') ?? 1000), query.get('path_prefix') ?? ''),
  })),
  control('GET', 'ledger', ({ standIn, query }) =>
    ledgerOf(standIn.worlds[query.get('mode') === 'live' ? 'live' : 'test']),
  ),

  control('GET', 'settings', ({ standIn }) => standIn.settings),
  control('POST', 'settings', ({ standIn, body }) => changeSettings(standIn.settings, body)),

  control('GET', 'faults', ({ standIn }) => ({ data: standIn.faults.list() })),
  control('POST', 'faults', ({ standIn, body }) => {
    const match: Record<string, unknown> =
      typeof body.match === 'object' && body.match !== null ? { ...body.match } : {};
    const seconds = numberOf(body, 'for_seconds', null);
    const fault = {
      method: textOf(match, 'method', null)?.toUpperCase() ?? null,
      pathPrefix: textOf(match, 'path_prefix', '/v1/') ?? '/v1/',
      pathSuffix: textOf(match, 'path_suffix', '') ?? '',
      times: numberOf(body, 'times', seconds === null ? 1 : Number.MAX_SAFE_INTEGER) ?? 1,
      untilMs: seconds === null ? null : Date.now() + seconds * 1000,
      kind: choiceOf(body, 'kind', ['status', 'delay', 'cut'] as const, 'status'),
      status: numberOf(body, 'status', 500) ?? 500,
      code: textOf(body, 'code', null),
      shouldRetry: body.should_retry === undefined ? null : booleanOf(body, 'should_retry', false),
      when: choiceOf(body, 'when', ['before', 'after', 'instead'] as const, 'before'),
      delayMs: numberOf(body, 'delay_ms', 0) ?? 0,
    };
    standIn.faults.add(fault);
    return fault;
  }),
  control('POST', 'faults/clear', ({ standIn }) => {
    standIn.faults.clear();
    return { data: [] };
  }),

  control('GET', 'webhooks', ({ standIn }) => standIn.deliveries.options()),
  control('POST', 'webhooks', ({ standIn, body }) => {
    standIn.deliveries.setOptions({
      mode: choiceOf(body, 'mode', ['deliver', 'hold', 'drop'] as const, standIn.deliveries.options().mode),
      duplicate: booleanOf(body, 'duplicate', false),
      shuffle: booleanOf(body, 'shuffle', false),
    });
    return standIn.deliveries.options();
  }),
  control('POST', 'webhooks/release', ({ standIn }) => ({ released: standIn.deliveries.release() })),
  control('POST', 'webhooks/settled', async ({ standIn }) => {
    await standIn.deliveries.settled();
    return { settled: true };
  }),
  control('GET', 'deliveries', ({ standIn, query }) => ({
    data: loggedDeliveries(standIn.db, Number(query.get('limit') ?? 1000)),
  })),
];

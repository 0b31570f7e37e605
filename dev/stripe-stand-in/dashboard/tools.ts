// The dashboard's page for the machine itself: clock, faults, deliveries, reset.

import { type Html, html } from '../pages/html.ts';
import type { StandIn } from '../state.ts';
import { actionButton, instant, table } from './layout.ts';

const BACK = '/dashboard/tools';

export function tools(standIn: StandIn): Html {
  const { mode, duplicate, shuffle } = standIn.deliveries.options();
  const clock = (label: string, seconds: number) =>
    actionButton(label, '/_control/clock', BACK, { advance_seconds: seconds });
  const fault = (label: string, body: object) => actionButton(label, '/_control/faults', BACK, body);
  const hooks = (label: string, body: object) => actionButton(label, '/_control/webhooks', BACK, body);
  return html`<h2>Clock</h2><p class="soft">${instant(standIn.clock.nowMs())}. It only goes forward.</p>
<div class="actions">${clock('+1 hour', 3600)}${clock('+1 day', 86_400)}${clock('+7 days', 604_800)}${clock('+30 days', 2_592_000)}</div>
<h2>Next request to the API</h2>
<div class="actions">${fault('answers 429', { status: 429 })}${fault('answers 500 before it takes effect', { status: 500 })}${fault('answers 500 after it took effect', { status: 500, when: 'after' })}${fault('is cut after it took effect', { kind: 'cut', when: 'after' })}${fault('is answered 10 s late', { kind: 'delay', when: 'after', delay_ms: 10_000 })}</div>
${table(
  ['Kind', 'When', 'Requests', 'Left'],
  standIn.faults.list().map((it) => {
    const kind = it.kind === 'status' ? it.status : it.kind;
    return html`<tr><td>${kind}</td><td>${it.when}</td><td>${it.method ?? 'any'} ${it.pathPrefix}</td><td>${it.times}</td></tr>`;
  }),
  'No faults are waiting.',
)}
<h2>Webhook deliveries</h2><p class="soft">Now: ${mode}${duplicate ? ', twice each' : ''}${shuffle ? ', shuffled' : ''}.</p>
<div class="actions">${hooks('Deliver', { mode: 'deliver' })}${hooks('Hold', { mode: 'hold' })}${hooks('Drop', { mode: 'drop' })}${hooks('Deliver twice', { mode: 'deliver', duplicate: true })}${actionButton('Release what is held', '/_control/webhooks/release', BACK)}</div>
<h2>Everything</h2><div class="actions">${actionButton('Reset: forget all objects', '/_control/reset', BACK)}</div>`;
}

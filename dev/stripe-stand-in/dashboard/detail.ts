// One object on the dashboard: what can be done to it, its events, its JSON.

import type Stripe from 'stripe';
import { renderEvent } from '../events/render.ts';
import { findObject } from '../http/expand.ts';
import { type Html, html } from '../pages/html.ts';
import { isOpen } from '../payments/disputes.ts';
import { shown } from '../resources/webhook-endpoints.ts';
import type { World } from '../store/world.ts';
import { actionButton, instant, objectLink, table } from './layout.ts';

/** @returns null when no object has this id */
export function detailBody(world: World, id: string): Html | null {
  const endpoint = world.endpoints.get(id);
  const event = world.events.get(id);
  const object =
    endpoint !== undefined
      ? shown(endpoint)
      : event !== undefined
        ? renderEvent(world, event)
        : findObject(world, id);
  if (object === null) return null;
  const actions = actionsFor(world, id);
  return html`<div class="actions">${actions}</div>${related(world, id)}
<h2>Object</h2><div class="scroll"><pre tabindex="0" aria-label="JSON of the object">${JSON.stringify(object, null, 2)}</pre></div>`;
}

function actionsFor(world: World, id: string): Html[] {
  const back = `/dashboard/objects/${id}?mode=${world.mode}`;
  const button = (label: string, path: string, body: object = {}) =>
    actionButton(label, `/_control/${path}`, back, body);
  const intent = world.paymentIntents.get(id);
  if (intent !== undefined) return intentActions(intent, button);
  const charge = world.charges.get(id);
  if (charge?.status === 'succeeded' && charge.captured && !charge.disputed) {
    return [
      button('Dispute', `charges/${id}/dispute`),
      button('Dispute as inquiry', `charges/${id}/dispute`, { inquiry: true }),
    ];
  }
  const dispute = world.disputes.get(id);
  if (dispute !== undefined && isOpen(dispute)) {
    return [
      button('Close: won', `disputes/${id}/close`, { won: true }),
      button('Close: lost', `disputes/${id}/close`, { won: false }),
    ];
  }
  const session = world.sessions.get(id);
  if (session?.status === 'open') {
    return [
      ...(session.url === null ? [] : [html`<a href="${session.url}">Open the page</a>`]),
      button('Complete with 4242…', `checkout_sessions/${id}/complete`),
      button('Complete with a card that declines later', `checkout_sessions/${id}/complete`, {
        number: '4000000000000341',
      }),
    ];
  }
  if (world.paymentMethods.get(id) !== undefined) {
    return ['insufficient_funds', 'do_not_honor', 'expired_card', 'lost_card', 'authentication_required'].map(
      (code) => button(`Next charge: ${code}`, `payment_methods/${id}/next_charge`, { decline_code: code }),
    );
  }
  const refund = world.refunds.get(id);
  if (refund?.status === 'pending')
    return [button('Settle', `refunds/${id}/settle`), button('Fail', `refunds/${id}/fail`)];
  const mandate = world.mandates.get(id);
  if (mandate?.status === 'active') return [button('End the mandate', `mandates/${id}/end`)];
  if (world.events.get(id) !== undefined) return [button('Resend', `events/${id}/resend`)];
  return [];
}

function intentActions(
  intent: Stripe.PaymentIntent,
  button: (label: string, path: string, body?: object) => Html,
): Html[] {
  const actions: Html[] = [];
  if (intent.status === 'processing') {
    actions.push(
      button('Settle', `payment_intents/${intent.id}/settle`),
      button('Fail', `payment_intents/${intent.id}/fail`),
      button('End the cancel window', `payment_intents/${intent.id}/cancel_window`),
    );
  }
  if (intent.status === 'succeeded' && typeof intent.latest_charge === 'string') {
    actions.push(button('Dispute', `charges/${intent.latest_charge}/dispute`));
  }
  const url = intent.next_action?.redirect_to_url?.url;
  if (url) actions.push(html`<a href="${url}">Open the challenge</a>`);
  return actions;
}

/** Objects and events that name this one. */
function related(world: World, id: string): Html {
  const links: Html[] = [];
  const add = (label: string, other: string) =>
    links.push(html`<tr><td>${label}</td><td>${objectLink(other, world.mode)}</td></tr>`);
  for (const method of world.paymentMethods.newestFirst())
    if (method.customer === id) add('PaymentMethod', method.id);
  for (const session of world.sessions.newestFirst()) {
    if (session.setup_intent === id || session.customer === id) add('Checkout Session', session.id);
  }
  for (const intent of world.paymentIntents.newestFirst())
    if (intent.customer === id) add('PaymentIntent', intent.id);
  for (const charge of world.charges.newestFirst())
    if (charge.payment_intent === id) add('Charge', charge.id);
  for (const refund of world.refunds.newestFirst()) {
    if (refund.charge === id || refund.payment_intent === id) add('Refund', refund.id);
  }
  for (const dispute of world.disputes.newestFirst()) {
    if (dispute.charge === id || dispute.payment_intent === id) add('Dispute', dispute.id);
  }
  const events: Html[] = [];
  for (const event of world.events.list({})) {
    if (!event.object.startsWith(`{"id":"${id}"`)) continue;
    events.push(
      html`<tr><td>${event.type}</td><td>${objectLink(event.id, world.mode)}</td><td>${instant(event.created * 1000)}</td></tr>`,
    );
  }
  return html`${links.length === 0 ? null : html`<h2>Related</h2>${table(['Kind', 'Id'], links.slice(0, 50), '')}`}
${events.length === 0 ? null : html`<h2>Events</h2>${table(['Type', 'Event', 'At'], events, '')}`}`;
}

// The lists of the dashboard, newest first, one hundred at most.

import { formatAmount } from '../data/currencies.ts';
import { loggedDeliveries } from '../events/delivery-log.ts';
import { loggedRequests } from '../http/request-log.ts';
import { type Html, html } from '../pages/html.ts';
import type { StandIn } from '../state.ts';
import type { Collection } from '../store/collection.ts';
import type { World } from '../store/world.ts';
import { actionButton, instant, objectLink, type Section, statusMark, table } from './layout.ts';
import { tools } from './tools.ts';

const LIMIT = 100;

function newest<T extends { id: string }>(collection: Collection<T>): T[] {
  const out: T[] = [];
  for (const object of collection.newestFirst()) {
    out.push(object);
    if (out.length === LIMIT) break;
  }
  return out;
}

export function sectionBody(standIn: StandIn, world: World, section: Section): Html {
  const { mode } = world;
  const at = (seconds: number) => instant(seconds * 1000);
  const back = `/dashboard/${section}?mode=${mode}`;
  switch (section) {
    case 'payments':
      return table(
        ['Amount', 'Status', 'PaymentIntent', 'Customer', 'Description', 'Created'],
        newest(world.paymentIntents).map(
          (it) =>
            html`<tr><td>${formatAmount(it.amount, it.currency)}</td><td>${statusMark(it.status)}</td><td>${objectLink(it.id, mode)}</td><td>${objectLink(it.customer, mode)}</td><td>${it.description ?? it.last_payment_error?.decline_code ?? ''}</td><td>${at(it.created)}</td></tr>`,
        ),
        'No payments yet. They appear when your code creates PaymentIntents.',
      );
    case 'sessions':
      return table(
        ['Status', 'Session', 'Customer', 'Reference', 'Page', 'Created'],
        newest(world.sessions).map(
          (it) =>
            html`<tr><td>${statusMark(it.status)}</td><td>${objectLink(it.id, mode)}</td><td>${objectLink(it.customer, mode)}</td><td>${it.client_reference_id ?? ''}</td><td>${it.url === null ? null : html`<a href="${it.url}">open</a>`}</td><td>${at(it.created)}</td></tr>`,
        ),
        'No Checkout Sessions yet.',
      );
    case 'setups':
      return table(
        ['Status', 'SetupIntent', 'Customer', 'PaymentMethod', 'Created'],
        newest(world.setupIntents).map(
          (it) =>
            html`<tr><td>${statusMark(it.status)}</td><td>${objectLink(it.id, mode)}</td><td>${objectLink(it.customer, mode)}</td><td>${objectLink(it.payment_method, mode)}</td><td>${at(it.created)}</td></tr>`,
        ),
        'No SetupIntents yet.',
      );
    case 'customers':
      return table(
        ['Customer', 'Name', 'Email', 'Created'],
        newest(world.customers).map(
          (it) =>
            html`<tr><td>${objectLink(it.id, mode)}</td><td>${it.name ?? ''}</td><td>${it.email ?? ''}</td><td>${at(it.created)}</td></tr>`,
        ),
        'No customers yet.',
      );
    case 'disputes':
      return table(
        ['Amount', 'Status', 'Dispute', 'Charge', 'Reason', 'Created'],
        newest(world.disputes).map(
          (it) =>
            html`<tr><td>${formatAmount(it.amount, it.currency)}</td><td>${statusMark(it.status)}</td><td>${objectLink(it.id, mode)}</td><td>${objectLink(it.charge, mode)}</td><td>${it.reason}</td><td>${at(it.created)}</td></tr>`,
        ),
        'No disputes. A charge can be disputed from its page.',
      );
    case 'refunds':
      return table(
        ['Amount', 'Status', 'Refund', 'Charge', 'Created'],
        newest(world.refunds).map(
          (it) =>
            html`<tr><td>${formatAmount(it.amount, it.currency)}</td><td>${statusMark(it.status)}</td><td>${objectLink(it.id, mode)}</td><td>${objectLink(it.charge, mode)}</td><td>${at(it.created)}</td></tr>`,
        ),
        'No refunds.',
      );
    case 'balance':
      return table(
        ['Amount', 'Fee', 'Type', 'Source', 'Created'],
        newest(world.balanceTransactions).map(
          (it) =>
            html`<tr><td>${formatAmount(it.amount, it.currency)}</td><td>${formatAmount(it.fee, it.currency)}</td><td>${it.type}</td><td>${objectLink(it.source, mode)}</td><td>${at(it.created)}</td></tr>`,
        ),
        'No money has moved.',
      );
    case 'events':
      return events(world, back);
    case 'deliveries':
      return table(
        ['State', 'Event', 'Endpoint', 'Attempts', 'Last answer', 'At', ''],
        loggedDeliveries(standIn.db, LIMIT)
          .filter((it) => it.mode === mode)
          .map(
            (it) =>
              html`<tr><td>${statusMark(it.state)}</td><td>${it.type}<br>${objectLink(it.event, mode)}</td><td>${objectLink(it.endpoint, mode)}</td><td>${it.attempts}</td><td>${it.last_status ?? it.last_error ?? ''}</td><td>${instant(it.at)}</td><td>${actionButton('Resend', `/_control/events/${it.event}/resend`, back)}</td></tr>`,
          ),
        'Nothing was delivered. Create a webhook endpoint with POST /v1/webhook_endpoints.',
      );
    case 'endpoints':
      return table(
        ['Status', 'Endpoint', 'URL', 'Events', 'API version'],
        newest(world.endpoints).map(
          (it) =>
            html`<tr><td>${statusMark(it.status)}</td><td>${objectLink(it.id, mode)}</td><td>${it.url}</td><td>${it.enabled_events.join(', ')}</td><td>${it.api_version ?? 'newest'}</td></tr>`,
        ),
        'No webhook endpoints. Create one with POST /v1/webhook_endpoints.',
      );
    case 'requests':
      return table(
        ['Status', 'Request', 'Idempotency-Key', 'Note', 'At'],
        loggedRequests(standIn.db, LIMIT)
          .filter((it) => it.mode === mode)
          .map(
            (it) =>
              html`<tr><td>${it.status ?? 'cut'}</td><td>${it.method} ${it.path}<br><code>${it.id}</code></td><td><code>${it.idempotency_key ?? ''}</code></td><td>${it.replayed ? 'replayed ' : ''}${it.fault === null ? '' : `fault: ${it.fault} `}${it.error_code ?? ''}</td><td>${instant(it.at)}</td></tr>`,
          ),
        'No requests yet. Point a Stripe client at this address with any sk_test_ key.',
      );
    case 'tools':
      return tools(standIn);
  }
}

function events(world: World, back: string): Html {
  const rows: Html[] = [];
  for (const event of world.events.list({})) {
    rows.push(
      html`<tr><td>${event.type}</td><td>${objectLink(event.id, world.mode)}</td><td>${event.pending === 0 ? '' : `${event.pending} waiting`}</td><td>${instant(event.created * 1000)}</td><td>${actionButton('Resend', `/_control/events/${event.id}/resend`, back)}</td></tr>`,
    );
    if (rows.length === LIMIT) break;
  }
  return table(['Type', 'Event', 'Deliveries', 'At', ''], rows, 'Nothing has happened yet.');
}

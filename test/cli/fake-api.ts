/** An API that answers with what a test says, or breaks off: what no service of ours can be made to do at a given moment. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

const AT = '2026-11-01T00:00:00.000Z';

export interface FakeApi {
  url: string;
  /** All that a command needs to know of it. */
  access: { BILLING_API_URL: string; BILLING_API_KEY: string };
  /** Idempotency keys of the POST requests that have come in. */
  posted: string[];
  /** Answers the next POST requests. */
  onPost: (request: IncomingMessage, response: ServerResponse) => void;
  stop(): Promise<void>;
}

/** @param found answered to every GET */
export async function startFakeApi(found: () => object): Promise<FakeApi> {
  const server = createServer((request, response) => {
    response.setHeader('content-type', 'application/json');
    if (request.method === 'GET') {
      response.end(JSON.stringify(found()));
      return;
    }
    api.posted.push(String(request.headers['idempotency-key']));
    request.resume();
    api.onPost(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const api: FakeApi = {
    url,
    access: { BILLING_API_URL: url, BILLING_API_KEY: 'dbk_x' },
    posted: [],
    onPost: (_request, response) => response.end('{}'),
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return api;
}

/** Sends the beginning of an answer, then hangs up. */
export function breakOff(_request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(201, { 'content-length': 1_000 });
  response.write('{"object":', () => response.destroy());
}

export const CHANGED = { object: 'schedule_change', next_charge: null, balance_minor: 0, charge_id: null };

export const page = (data: object[]) => ({ object: 'list', data, has_more: false, next_cursor: null });

/** An enrollment that pays JPY 980 every month. */
export function monthly(number: number): { id: string } {
  const empty = [
    'description',
    'return_url',
    'checkout_url',
    'payment_method',
    'latest_charge',
    'past_due_since',
    'temporal_ui_url',
    'paused_until',
    'cancel_at',
    'cancel_requested_at',
    'started_at',
    'ended_at',
    'end_reason',
  ];
  const interval = { unit: 'month', count: 1 };
  const schedule = { type: 'recurring', amount_minor: 980, interval, starts_at: null, local_hour: null };
  return {
    ...Object.fromEntries(empty.map((name) => [name, null])),
    object: 'enrollment',
    id: `enr_${String(number).padStart(26, '0')}`,
    status: 'active',
    customer: { reference: null, email: null, name: null, stripe_customer_id: null },
    terms: {
      currency: 'jpy',
      time_zone: 'UTC',
      schedule: {
        ...schedule,
        time_zone: 'UTC',
        trial_days: 0,
        ends_at: null,
        max_charges: null,
      },
      capture_method: 'automatic',
      dunning: { retry_after_days: [], after_last_try: 'cancel' },
      late_success: 'keep',
      after_lost_dispute: 'cancel',
      reauthorize_holds: 0,
      try_other_method: false,
      catch_up: 'charge_all',
      setup_deadline_days: 30,
    },
    locale: 'en',
    metadata: {},
    customer_link: 'https://billing.example/c/token',
    recurring_amount_minor: 980,
    balance_minor: 0,
    next_charge: { due_at: AT, amount_minor: 980, currency: 'jpy' },
    charges_succeeded: 1,
    amount_collected_minor: 980,
    amount_past_due_minor: 0,
    waits_for: [],
    workflow_id: `enrollment/${number}`,
    livemode: false,
    setup_deadline_at: AT,
    created_at: AT,
  } as { id: string };
}

/** A paid charge of JPY 980. */
export function paidCharge(): { id: string } {
  const empty = [
    'description',
    'next_attempt_at',
    'give_up_at',
    'last_code',
    'last_decline_code',
    'status_reason',
  ];
  return {
    ...Object.fromEntries([...empty, 'payment_intent_id', 'dispute_status'].map((name) => [name, null])),
    ...Object.fromEntries(['due_at', 'created_at', 'updated_at', 'settled_at'].map((name) => [name, AT])),
    object: 'charge',
    id: `chg_${'0'.repeat(26)}_1`,
    enrollment_id: `enr_${'0'.repeat(26)}`,
    origin: 'schedule',
    status: 'succeeded',
    currency: 'jpy',
    number: 1,
    attempts: 1,
    amount_minor: 980,
    captured_minor: 980,
    refunded_minor: 0,
  } as { id: string };
}

/**
 * Customers for the pictures of the Temporal UI: one or more for each saved query, brought into their state through the
 * API and the stand-in's controls, as a company's backend, a customer and a bank would. Called by main.ts alone.
 */
import { pause } from '../../processes.ts';
import type { RunningStack } from '../../state.ts';

const GOOD_CARD = '4242424242424242';
/** Can be saved; the bank then declines each charge. */
const DECLINED_CARD = '4000000000000341';
/** Can be saved; the bank then wants each charge confirmed. */
const CONFIRMED_CARD = '4000002760003184';

interface Role {
  /** Null: no payment method is saved. */
  card: string | null;
  terms: object;
  /** What the latest charge comes to. */
  until?: string;
  /** The next request to charge is refused, as with a key that has expired. */
  refused?: true;
  /** @param intentId of its charge; empty when nothing was charged */
  afterwards?: (play: Play, id: string, intentId: string) => Promise<unknown>;
}

interface Play {
  api: <T = unknown>(method: string, route: string, body?: object) => Promise<T>;
  control: (route: string, body: object) => Promise<unknown>;
  stripe: <T>(route: string) => Promise<T>;
}

interface Enrollment {
  id: string;
  checkout_url: string;
  latest_charge: { status: string; payment_intent_id: string } | null;
}

function monthly(amountMinor: number): object {
  return {
    currency: 'jpy',
    schedule: {
      type: 'recurring',
      amount_minor: amountMinor,
      interval: { unit: 'month', count: 1 },
      time_zone: 'Asia/Tokyo',
    },
  };
}

const HELD = { currency: 'jpy', schedule: { type: 'once', amount_minor: 4_800 }, capture_method: 'manual' };

const CAST: readonly Role[] = [
  // The one that is refused comes first: whoever charges next gets the refusal.
  { card: GOOD_CARD, terms: monthly(1_200), until: 'needs_attention', refused: true },
  { card: null, terms: monthly(980) },
  { card: null, terms: monthly(1_980) },
  { card: GOOD_CARD, terms: monthly(980), until: 'succeeded' },
  { card: DECLINED_CARD, terms: monthly(980), until: 'requires_payment_method' },
  { card: DECLINED_CARD, terms: monthly(1_980), until: 'requires_payment_method' },
  { card: DECLINED_CARD, terms: monthly(980), until: 'requires_payment_method' },
  { card: DECLINED_CARD, terms: monthly(2_400), until: 'requires_payment_method' },
  { card: CONFIRMED_CARD, terms: monthly(980), until: 'requires_payment_method' },
  { card: CONFIRMED_CARD, terms: monthly(1_980), until: 'requires_payment_method' },
  { card: GOOD_CARD, terms: HELD, until: 'requires_capture' },
  { card: GOOD_CARD, terms: HELD, until: 'requires_capture' },
  { card: GOOD_CARD, terms: monthly(980), until: 'succeeded', afterwards: pauseIt },
  { card: GOOD_CARD, terms: monthly(1_980), until: 'succeeded', afterwards: pauseIt },
  { card: GOOD_CARD, terms: monthly(980), until: 'succeeded', afterwards: disputeIt },
  { card: DECLINED_CARD, terms: monthly(980), until: 'requires_payment_method', afterwards: cancelIt },
  { card: null, terms: monthly(980), afterwards: cancelIt },
];

/** Adds the whole cast to a stack that runs against the stand-in. @throws Error saying who did not come to their state */
export async function enrollCast(stack: RunningStack, stripeKey: string): Promise<void> {
  const play: Play = {
    api: (method, route, body) =>
      ask(`${stack.urls.api}/v1${route}`, method, String(stack.apiKey), body, {
        'idempotency-key': crypto.randomUUID(),
      }),
    control: (route, body) => ask(`${stack.urls.stripe}/_control/${route}`, 'POST', stripeKey, body),
    stripe: (route) => ask(`${stack.urls.stripe}/v1/${route}`, 'GET', stripeKey),
  };
  for (const [index, role] of CAST.entries()) {
    await perform(play, role, `picture-${index + 1}`);
  }
}

async function perform(play: Play, role: Role, reference: string): Promise<void> {
  const { id, checkout_url: url } = await play.api<Enrollment>('POST', '/enrollments', {
    customer: { reference },
    description: 'Coffee club',
    terms: role.terms,
  });
  if (role.refused) {
    const match = { method: 'POST', path_prefix: '/v1/payment_intents' };
    await play.control('faults', { match, kind: 'status', status: 401, code: 'api_key_expired', times: 1 });
  }
  if (role.card !== null) {
    const session = new URL(url).pathname.split('/').pop();
    await play.control(`checkout_sessions/${session}/complete`, { number: role.card, name: 'A B' });
  }
  const intentId = role.until === undefined ? '' : await untilCharge(play, id, role.until);
  await role.afterwards?.(play, id, intentId);
}

/** @returns the PaymentIntent of its charge; empty when there is none yet */
async function untilCharge(play: Play, id: string, status: string): Promise<string> {
  let seen: string | undefined;
  for (let tries = 0; tries < 150; tries += 1) {
    const { latest_charge: charge } = await play.api<Enrollment>('GET', `/enrollments/${id}`);
    if (charge?.status === status) {
      return charge.payment_intent_id ?? '';
    }
    seen = charge?.status;
    await pause(200);
  }
  throw new Error(`the charge of ${id} is ${seen}; expected ${status}`);
}

function pauseIt({ api }: Play, id: string): Promise<unknown> {
  return api('POST', `/enrollments/${id}/pause`, { reason: 'on holiday' });
}

function cancelIt({ api }: Play, id: string): Promise<unknown> {
  return api('POST', `/enrollments/${id}/cancel`, { reason: 'moved away' });
}

async function disputeIt({ control, stripe }: Play, _id: string, intentId: string): Promise<void> {
  const { latest_charge: chargeId } = await stripe<{ latest_charge: string }>(`payment_intents/${intentId}`);
  await control(`charges/${chargeId}/dispute`, { reason: 'fraudulent' });
}

async function ask<T>(
  url: string,
  method: string,
  key: string,
  body?: object,
  headers: Record<string, string> = {},
): Promise<T> {
  const answer = await fetch(url, {
    method,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
    body: body === undefined ? null : JSON.stringify(body),
  });
  if (!answer.ok) {
    throw new Error(`${method} ${url} answered ${answer.status}: ${await answer.text()}`);
  }
  return (await answer.json()) as T;
}

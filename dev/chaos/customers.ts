/**
 * What customers and the company's backend do in a chaos run. Each does what a program should do with a service that may
 * be away: repeat the same request under the same key until it is answered.
 */
import { pause } from '../processes.ts';
import type { ChaosCustomer } from './plan.ts';
import { DAY_MS, MONTH_MS, passTime } from './time.ts';
import type { World } from './world.ts';

export const GOOD_CARD = '4242424242424242';
export const AMOUNT_MINOR = 980;

export interface Enrolled {
  customer: ChaosCustomer;
  id: string;
  customerLink: string;
  /** Whether the API has accepted the cancel. */
  canceled: boolean;
}

/** @returns once the customer has done everything; their Workflow may go on */
export async function live(
  world: World,
  customer: ChaosCustomer,
  run: { seed: number; periods: number; startedAtMs: number; enrolled: Enrolled[] },
): Promise<void> {
  const until = (atMs: number) => pause(Math.max(0, run.startedAtMs + atMs - Date.now()));
  await until(customer.enrollAtMs);
  const key = `chaos-${run.seed}-${customer.index}`;
  const answer = await insist<{ id: string; checkout_url: string; customer_link: string }>(
    world,
    'POST',
    '/v1/enrollments',
    {
      customer: { reference: key, email: canaryEmail(customer.index), name: `Canary ${customer.index}` },
      description: 'Coffee, monthly',
      terms: {
        currency: 'jpy',
        schedule: {
          type: 'recurring',
          amount_minor: AMOUNT_MINOR,
          interval: { unit: 'month', count: 1 },
          time_zone: 'Asia/Tokyo',
          max_charges: run.periods,
        },
      },
    },
    key,
  );
  const enrolled: Enrolled = { customer, id: answer.id, customerLink: answer.customer_link, canceled: false };
  run.enrolled.push(enrolled);
  await pay(world, answer.checkout_url, customer.card);
  if (customer.returns) {
    const session = sessionOf(answer.checkout_url);
    await fetch(`${answer.customer_link}/return?session_id=${session}`, { redirect: 'manual' }).catch(
      () => null,
    );
  }
  for (const [period, atMs] of customer.periodsAtMs.entries()) {
    await until(atMs);
    await known(world, enrolled.id);
    if (customer.recovers && period === 0) {
      await saveAnotherCard(world, enrolled.id);
    }
    if (customer.cancelsAfter === period) {
      await insist(world, 'POST', `/v1/enrollments/${enrolled.id}/cancel`, {}, `${key}-cancel`);
      enrolled.canceled = true;
      return;
    }
    await passTime(world, enrolled.id, customer.card === GOOD_CARD ? MONTH_MS : 2 * DAY_MS);
  }
}

export function canaryEmail(index: number): string {
  return `canary-${index}@chaos-canary.example`;
}

/** Waits, with a bound, until the first charge has an outcome. */
async function known(world: World, id: string): Promise<void> {
  for (const until = Date.now() + 15_000; Date.now() < until; await pause(200)) {
    const charge = await world.db
      .selectFrom('charges')
      .select('id')
      .where('enrollment_id', '=', id)
      .executeTakeFirst()
      .catch(() => undefined);
    if (charge !== undefined) {
      return;
    }
  }
}

async function saveAnotherCard(world: World, id: string): Promise<void> {
  for (let tries = 0; tries < 20; tries += 1) {
    const session = await request<{ url: string }>(
      world,
      'POST',
      `/v1/enrollments/${id}/checkout-sessions`,
      {},
    );
    if (session.ok) {
      await pay(world, session.body.url, GOOD_CARD);
      return;
    }
    if (session.status === 409) {
      return;
    }
    await pause(300);
  }
}

async function pay(world: World, checkoutUrl: string, number: string): Promise<void> {
  await world
    .control('POST', `checkout_sessions/${sessionOf(checkoutUrl)}/complete`, { number })
    .catch((error: unknown) => {
      // A repeated request may show a session that has been completed meanwhile.
      if (!(error instanceof Error && error.message.includes('409'))) {
        throw error;
      }
    });
}

function sessionOf(url: string): string {
  return /cs_(?:test|live)_\w+/.exec(url)?.[0] ?? '';
}

/** Repeats the request until it is answered with 2xx, or refused for good. */
async function insist<T>(world: World, method: string, route: string, body: object, key: string): Promise<T> {
  let last = '';
  for (const until = Date.now() + 90_000; Date.now() < until; await pause(250)) {
    const answer = await request<T>(world, method, route, body, key);
    if (answer.ok) {
      return answer.body;
    }
    last = `${answer.status} ${answer.text}`;
    if (answer.status !== 0 && answer.status < 500 && answer.status !== 429 && answer.status !== 409) {
      break;
    }
    if (answer.status === 409 && route.endsWith('/cancel')) {
      // It has ended by itself.
      return answer.body;
    }
  }
  throw new Error(`${method} ${route} was not answered: ${last}`);
}

async function request<T>(world: World, method: string, route: string, body: object, key?: string) {
  try {
    const answer = await fetch(`${world.api}${route}`, {
      method,
      headers: {
        authorization: `Bearer ${world.apiKey}`,
        'content-type': 'application/json',
        ...(key === undefined ? {} : { 'idempotency-key': key }),
      },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(20_000),
    });
    const text = await answer.text();
    return { ok: answer.ok, status: answer.status, text, body: JSON.parse(text) as T };
  } catch (error) {
    return { ok: false as const, status: 0, text: String(error), body: {} as T };
  }
}

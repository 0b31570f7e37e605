/** Those who use the service while it is measured: a caller who enrolls customers, and the customers on Checkout. */
import { randomBytes } from 'node:crypto';
import { pause } from '../../dev/processes.ts';
import { atOnce } from '../../test/support/at-once.ts';
import type { Stage } from '../stage/stage.ts';

/** Requests of one measurement that are under way at once. */
const CALLERS = 16;

/** Terms whose first charge falls at that instant (ISO 8601), and the next ones a month apart. */
export function monthlyFrom(startsAt: string): object {
  return {
    currency: 'jpy',
    schedule: {
      type: 'recurring',
      amount_minor: 980,
      interval: { unit: 'month', count: 1 },
      starts_at: startsAt,
      time_zone: 'Asia/Tokyo',
    },
  };
}

/** `POST /v1/enrollments` for a customer known by a reference alone. @returns the answer */
export async function postEnrollment(
  stage: Stage,
  terms: object,
): Promise<{ id: string; sessionId: string }> {
  const { url, key } = await stage.api();
  const name = randomBytes(10).toString('hex');
  const answer = await fetch(`${url}/v1/enrollments`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${key}`,
      'content-type': 'application/json',
      'idempotency-key': name,
    },
    body: JSON.stringify({ customer: { reference: name }, description: 'Coffee, monthly', terms }),
  });
  const text = await answer.text();
  if (answer.status !== 201) {
    throw new Error(`POST /v1/enrollments answered ${answer.status}: ${text}`);
  }
  const { id, checkout_url: checkoutUrl } = JSON.parse(text) as { id: string; checkout_url: string };
  return { id, sessionId: /cs_\w+/.exec(checkoutUrl)?.[0] ?? '' };
}

/**
 * Enrolls so many customers, who all pay a visit to Checkout at once; Stripe's webhooks tell of it.
 * @returns their ids, and how long it took until the last method was stored
 */
export async function enrollMany(
  stage: Stage,
  count: number,
  terms: object,
): Promise<{ ids: string[]; seconds: number }> {
  const startedMs = performance.now();
  const ids = await atOnce(CALLERS, Array.from({ length: count }), async () => {
    const { id, sessionId } = await postEnrollment(stage, terms);
    // Nobody is mailed, as the floors and peers mail nobody.
    const customer = { number: '4242424242424242', email: null };
    await stage.control('POST', `checkout_sessions/${sessionId}/complete`, customer);
    return id;
  });
  await untilStored(stage, ids);
  return { ids, seconds: (performance.now() - startedMs) / 1000 };
}

async function untilStored(stage: Stage, ids: string[]): Promise<void> {
  const { db } = await stage.database();
  await until('the last method to be stored', 120_000, async () => {
    const { stored } = await db
      .selectFrom('payment_methods')
      .select((eb) => eb.fn.countAll<number>().as('stored'))
      .where('enrollment_id', 'in', ids)
      .executeTakeFirstOrThrow();
    return stored >= ids.length;
  });
}

/**
 * Looks every tenth of a second.
 * @param everyMs otherwise asked before each wait
 * @throws Error when it takes longer than `timeoutMs`
 */
export async function until(
  what: string,
  timeoutMs: number,
  look: () => Promise<boolean>,
  everyMs: () => number = () => 100,
): Promise<void> {
  for (const deadline = Date.now() + timeoutMs; !(await look()); await pause(everyMs())) {
    if (Date.now() > deadline) {
      throw new Error(`waited ${timeoutMs / 1000} s in vain for ${what}`);
    }
  }
}

/** Waits until a count is the same as it was `stillMs` before. @throws as `until` does */
export async function untilStill(
  what: string,
  timeoutMs: number,
  count: () => Promise<number>,
  stillMs: number,
): Promise<void> {
  let before: number | null = null;
  const look = async () => {
    const now = await count();
    const isStill = now === before;
    before = now;
    return isStill;
  };
  await until(what, timeoutMs, look, () => stillMs);
}

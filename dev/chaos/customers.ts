/**
 * What customers and the company's backend do in a chaos run. Each does what a program should do with a service that may
 * be away: repeat the same request under the same key until it is answered.
 */
import { pause } from '../processes.ts';
import type { Ask, ChaosCustomer } from './plan.ts';
import { DAY_MS, MONTH_MS, passTime } from './time.ts';
import type { World } from './world.ts';

export const GOOD_CARD = '4242424242424242';
export const AMOUNT_MINOR = 980;
export const TIME_ZONE = 'Asia/Tokyo';
/** Of a charge that the company asks for besides. */
export const EXTRA_MINOR = 150;
/** After the last trouble everything works again: nobody has to wait longer than this. */
const PATIENCE_AFTER_MS = 120_000;

export interface Enrolled {
  customer: ChaosCustomer;
  id: string;
  customerLink: string;
  /** Whether the API has accepted the cancel. */
  canceled: boolean;
  refunds: { chargeId: string; accepted: boolean }[];
  /** Extra charges that were asked for, and those that were accepted. */
  extrasAsked: number;
  extrasAccepted: number;
}

export interface ChaosRun {
  seed: number;
  periods: number;
  startedAtMs: number;
  durationMs: number;
  enrolled: Enrolled[];
}

/** @returns once the customer has done everything; their Workflow may go on */
export async function live(world: World, customer: ChaosCustomer, run: ChaosRun): Promise<void> {
  const until = (atMs: number) => pause(Math.max(0, run.startedAtMs + atMs - Date.now()));
  await until(customer.enrollAtMs);
  const key = `chaos-${run.seed}-${customer.index}`;
  const untilMs = run.startedAtMs + run.durationMs + PATIENCE_AFTER_MS;
  const insist = <T>(route: string, body: object, as: string) =>
    repeat<T>(world, { route, body, key: as, untilMs });
  const { answer } = await insist<{ id: string; checkout_url: string; customer_link: string }>(
    '/v1/enrollments',
    {
      ...(customer.unknown
        ? {}
        : {
            customer: {
              reference: key,
              email: canaryEmail(customer.index),
              name: `Canary ${customer.index}`,
            },
          }),
      description: 'Coffee, monthly',
      terms: customer.captures ? HELD_ONCE : monthly(run.periods),
    },
    key,
  );
  if (answer === null) {
    throw new Error(`enrollment ${customer.index} was refused`);
  }
  const enrolled: Enrolled = {
    customer,
    id: answer.id,
    customerLink: answer.customer_link,
    canceled: false,
    refunds: [],
    extrasAsked: 0,
    extrasAccepted: 0,
  };
  run.enrolled.push(enrolled);
  await pay(world, answer.checkout_url, customer.card, customer.index);
  if (customer.returns) {
    const session = sessionOf(answer.checkout_url);
    await fetch(`${answer.customer_link}/return?session_id=${session}`, { redirect: 'manual' }).catch(
      () => null,
    );
  }
  const route = `/v1/enrollments/${enrolled.id}`;
  if (customer.captures) {
    const id = await chargeIn(world, enrolled.id, 'requires_capture', untilMs);
    // Refused while the Workflow does not know yet what its row says.
    while ((await insist(`${route}/charges/${id}/capture`, {}, `${key}-capture`)).refused) {
      await pause(500);
      if (!(await isHeld(world, id)) || Date.now() > untilMs) {
        return;
      }
    }
    return;
  }
  for (const [period, atMs] of customer.periodsAtMs.entries()) {
    await until(atMs);
    await known(world, enrolled.id);
    for (const { what } of customer.asks.filter((ask) => ask.period === period)) {
      await ask(what, untilMs);
    }
    if (customer.recovers && period === 0) {
      await saveAnotherCard(world, enrolled);
    }
    if (customer.cancelsAfter === period) {
      const { refused } = await insist(`${route}/cancel`, {}, `${key}-cancel`);
      enrolled.canceled = !refused;
      return;
    }
    // Who is about to save another card has a few days; the dunning of who does not comes to its end meanwhile.
    await passTime(world, enrolled.id, customer.recovers ? 2 * DAY_MS : MONTH_MS);
  }

  async function ask(what: Ask, patientUntilMs: number): Promise<void> {
    switch (what) {
      case 'charge': {
        enrolled.extrasAsked += 1;
        const extra = { amount_minor: EXTRA_MINOR, description: 'Extra beans' };
        const { refused } = await insist(`${route}/charges`, extra, `${key}-extra`);
        enrolled.extrasAccepted += refused ? 0 : 1;
        return;
      }
      case 'refund': {
        const chargeId = await chargeIn(world, enrolled.id, 'succeeded', patientUntilMs);
        const asked = { chargeId, accepted: false };
        enrolled.refunds.push(asked);
        const { refused } = await insist(`${route}/charges/${chargeId}/refunds`, {}, `${key}-refund`);
        asked.accepted = !refused;
        return;
      }
      case 'pause':
        await insist(`${route}/pause`, {}, `${key}-pause`);
        await insist(`${route}/resume`, {}, `${key}-resume`);
        return;
      default:
        return what satisfies never;
    }
  }
}

const HELD_ONCE = {
  currency: 'jpy',
  schedule: { type: 'once', amount_minor: AMOUNT_MINOR },
  capture_method: 'manual',
};

function monthly(periods: number) {
  return {
    currency: 'jpy',
    schedule: {
      type: 'recurring',
      amount_minor: AMOUNT_MINOR,
      interval: { unit: 'month', count: 1 },
      time_zone: TIME_ZONE,
      max_charges: periods,
    },
  };
}

export function canaryEmail(index: number): string {
  return `canary-${index}@chaos-canary.example`;
}

/** Also true while nobody can tell. */
async function isHeld(world: World, chargeId: string): Promise<boolean> {
  const charge = await world.db
    .selectFrom('charges')
    .select('status')
    .where('id', '=', chargeId)
    .executeTakeFirst()
    .catch(() => undefined);
  return charge === undefined || charge.status === 'requires_capture';
}

/** The first charge in that status. @throws Error when there is none until then */
async function chargeIn(
  world: World,
  enrollmentId: string,
  status: 'requires_capture' | 'succeeded',
  untilMs: number,
): Promise<string> {
  for (; Date.now() < untilMs; await pause(300)) {
    const charge = await world.db
      .selectFrom('charges')
      .select('id')
      .where('enrollment_id', '=', enrollmentId)
      .where('status', '=', status)
      .orderBy('number')
      .executeTakeFirst()
      .catch(() => undefined);
    if (charge !== undefined) {
      return charge.id;
    }
  }
  throw new Error(`${enrollmentId} has no charge that is ${status}`);
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

async function saveAnotherCard(world: World, { id, customer }: Enrolled): Promise<void> {
  for (let tries = 0; tries < 20; tries += 1) {
    const session = await request<{ url: string }>(
      world,
      'POST',
      `/v1/enrollments/${id}/checkout-sessions`,
      {},
    );
    if (session.ok) {
      await pay(world, session.body.url, GOOD_CARD, customer.index);
      return;
    }
    if (session.status === 409) {
      return;
    }
    await pause(300);
  }
}

async function pay(world: World, checkoutUrl: string, number: string, index: number): Promise<void> {
  const typed = { number, email: canaryEmail(index), name: `Canary ${index}` };
  await world
    .control('POST', `checkout_sessions/${sessionOf(checkoutUrl)}/complete`, typed)
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

/** What a command's route is told when the enrollment is past it, by itself or because of an answer that was lost. */
const TOO_LATE = 409;

/**
 * Repeats the request under its key until it is answered. @returns `refused` when a command came too late
 * @throws Error when it is refused for another reason, or never answered
 */
async function repeat<T>(
  world: World,
  { route, body, key, untilMs }: { route: string; body: object; key: string; untilMs: number },
): Promise<{ answer: T | null; refused: boolean }> {
  let last = '';
  for (; Date.now() < untilMs; await pause(250)) {
    const answer = await request<T>(world, 'POST', route, body, key);
    if (answer.ok) {
      return { answer: answer.body, refused: false };
    }
    last = `${answer.status} ${answer.text}`;
    if (answer.status === TOO_LATE && route !== '/v1/enrollments') {
      return { answer: null, refused: true };
    }
    if (answer.status !== 0 && answer.status < 500 && answer.status !== 429 && answer.status !== TOO_LATE) {
      break;
    }
  }
  throw new Error(`POST ${route} was not answered: ${last}`);
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

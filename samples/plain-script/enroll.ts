/**
 * The whole API in one plain script: enrolls a customer, waits until they have saved a payment method and were charged,
 * and compares what was charged with what was agreed. Only `fetch`, nothing of this project: copy it.
 *
 *   BILLING_API_URL=http://127.0.0.1:3000 BILLING_API_KEY=dbk_… npm run sample -- --order order-1001
 *
 * Exits with 1 when anything is not as agreed, with 2 when it cannot be asked for.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';

const USAGE = 'Usage: npm run sample -- [--order <reference>] [--email <address>] [--minutes <number>]';
const options = given();

function given() {
  try {
    const { values } = parseArgs({
      options: {
        /** Yours: one order is one enrollment, however often this script is run with it. */
        order: { type: 'string', default: `order-${randomUUID()}` },
        email: { type: 'string', default: 'hanako@example.com' },
        /** How long the customer may take. */
        minutes: { type: 'string', default: '15' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (values.help) {
      console.log(USAGE);
      process.exit(0);
    }
    if (!/^\d+(\.\d+)?$/.test(values.minutes)) {
      throw new Error(`--minutes: '${values.minutes}' is no number of minutes; expected e.g. 15`);
    }
    return values;
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    console.error(USAGE);
    process.exit(2);
  }
}

const AGREED = { currency: 'jpy', amount_minor: 1200 };
const POLL_MS = 1_000;

interface Enrollment {
  id: string;
  status: string;
  checkout_url: string | null;
  customer_link: string;
  payment_method: { brand: string | null; type: string; last4: string | null } | null;
  amount_collected_minor: number;
}

interface Charge {
  number: number;
  status: string;
  amount_minor: number;
  captured_minor: number;
  refunded_minor: number;
  currency: string;
  attempts: number;
}

function setting(name: string): string {
  const value = process.env[name];
  if (!value) {
    console.error(`${name} is not set. npm run dev prints the API's address and a key for it.`);
    process.exit(2);
  }
  return value;
}

const apiUrl = setting('BILLING_API_URL');
const apiKey = setting('BILLING_API_KEY');

/** One call. A 5xx, or no answer, is asked again: with the same Idempotency-Key that is safe. */
async function call<T>(method: 'GET' | 'POST', path: string, body?: object, key?: string): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const answer = await fetch(new URL(path, apiUrl), {
      method,
      headers: {
        authorization: `Bearer ${apiKey}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(key === undefined ? {} : { 'idempotency-key': key }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(30_000),
    }).catch((error: unknown) => {
      if (attempt >= 5) {
        throw error;
      }
      return null;
    });
    if (answer?.ok) {
      return (await answer.json()) as T;
    }
    if (answer !== null && (answer.status < 500 || attempt >= 5)) {
      throw new Error(`${method} ${path} answered ${answer.status}: ${await answer.text()}`);
    }
    await setTimeout(POLL_MS * attempt);
  }
}

/** Looks again until it is so. @throws Error when the customer's time is over */
async function until<T>(what: string, look: () => Promise<T | null>): Promise<T> {
  const deadline = Date.now() + Number(options.minutes) * 60_000;
  while (Date.now() < deadline) {
    const found = await look();
    if (found !== null) {
      return found;
    }
    await setTimeout(POLL_MS);
  }
  throw new Error(`after ${options.minutes} minutes there was still not ${what}`);
}

function verify(what: string, found: unknown, expected: unknown): void {
  if (found !== expected) {
    throw new Error(`${what} is ${String(found)}, expected ${String(expected)}`);
  }
  console.log(`  as agreed: ${what} is ${String(found)}`);
}

try {
  const request = {
    customer: { reference: options.email, email: options.email },
    description: `Coffee beans, ${options.order}`,
    terms: { currency: AGREED.currency, schedule: { type: 'once', amount_minor: AGREED.amount_minor } },
  };
  const enroll = () => call<Enrollment>('POST', '/v1/enrollments', request, options.order);
  const { id, checkout_url: checkoutUrl, customer_link: customerLink } = await enroll();
  console.log(`Enrollment ${id}`);
  verify('the enrollment of the same order sent again', (await enroll()).id, id);
  console.log(`Open this as the customer, and save a payment method:\n  ${checkoutUrl ?? customerLink}`);

  const saved = await until('a saved payment method', async () => {
    const enrollment = await call<Enrollment>('GET', `/v1/enrollments/${id}`);
    return enrollment.payment_method === null ? null : enrollment.payment_method;
  });
  console.log(`Saved: ${saved.brand ?? saved.type} ending in ${saved.last4 ?? '–'}`);

  const charges = await until('a charge that is paid or declined', async () => {
    const { data } = await call<{ data: Charge[] }>('GET', `/v1/enrollments/${id}/charges?limit=100`);
    const isOver = data.some(({ status }) => status === 'succeeded' || status === 'requires_payment_method');
    return isOver ? data : null;
  });
  console.table(charges, ['number', 'status', 'amount_minor', 'currency', 'captured_minor', 'attempts']);

  const [charge] = charges;
  verify('the number of charges', charges.length, 1);
  verify('the amount', charge?.amount_minor, AGREED.amount_minor);
  verify('the currency', charge?.currency, AGREED.currency);
  verify('the status', charge?.status, 'succeeded');
  const { amount_collected_minor: collected } = await call<Enrollment>('GET', `/v1/enrollments/${id}`);
  verify('what was collected in all', collected, charge?.captured_minor);
} catch (error) {
  console.error(`Not as agreed: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}

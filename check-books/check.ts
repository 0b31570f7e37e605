/**
 * Checks the books of a running installation: reads the three ledgers, compares, and reads again what differs, because
 * an installation at work is always about to write something. Called by `main.ts`, by chaos runs and by tests.
 */
import type { Client } from '@temporalio/client';
import type { Kysely } from 'kysely';
import type { Stripe } from 'stripe';
import { unknownStripeEvents } from '../db/inbox-operations.ts';
import type { Database } from '../db/schema.ts';
import { type Books, type Difference, nameOf } from './books.ts';
import { compare, type Limits, USUAL_LIMITS } from './compare.ts';
import { readEnrollments, readPendingEvents, withoutRow } from './read-rows.ts';
import { readDisputes, readEvents, readPayment, readPayments, readRefundedMinor } from './read-stripe.ts';
import { listRunning, readWorkflow } from './read-workflows.ts';

export interface CheckDeps {
  db: Kysely<Database>;
  stripe: Stripe;
  client: Client;
  taskQueue: string;
}

export interface CheckOptions {
  /** Only these enrollments; null: all. */
  only?: string[] | null;
  limits?: Limits;
  /** How long a difference is given to pass by itself, and how often. @default 3000, twice */
  settleMs?: number;
  looks?: number;
  /** Told what is being done, for a person who waits. */
  progress?: (line: string) => void;
}

export interface Checked {
  differences: Difference[];
  counted: { enrollments: number; charges: number; payments: number; workflows: number };
  /** By currency: what Stripe and the rows hold, in minor units, given back deducted. */
  collectedMinor: Record<string, { stripe: number; rows: number }>;
}

/** Workflows asked at once. */
const CONCURRENCY = 8;
/** Younger events may still be on their way. */
const EVENTS_TRAVEL_MS = 60_000;

/** Changes nothing anywhere. @throws errors of Stripe, PostgreSQL or Temporal when one cannot be read */
export async function checkBooks(deps: CheckDeps, options: CheckOptions = {}): Promise<Checked> {
  const { limits = USUAL_LIMITS, settleMs = 3_000, looks = 3, progress = () => {} } = options;
  let books = await readBooks(deps, options.only ?? null, limits, progress);
  let differences = compare(books, limits);
  for (let look = 1; look < looks && differences.length > 0; look += 1) {
    progress(`Differences: ${differences.length}; looking again, something may have been under way`);
    await new Promise((resolve) => setTimeout(resolve, settleMs));
    books = await readBooks(deps, options.only ?? null, limits, progress);
    const before = new Set(differences.map(nameOf));
    differences = compare(books, limits).filter((difference) => before.has(nameOf(difference)));
  }
  return { differences, ...sumsOf(books) };
}

async function readBooks(
  { db, stripe, client, taskQueue }: CheckDeps,
  only: string[] | null,
  limits: Limits,
  progress: (line: string) => void,
): Promise<Books> {
  const takenAt = new Date();
  // Rows first: what Stripe has and the rows had not yet is sorted out by the second look.
  const enrollments = await readEnrollments(db, only);
  progress(`PostgreSQL: ${enrollments.length} enrollments`);
  const since = oldest(enrollments.map(({ createdAt }) => createdAt)) ?? takenAt;
  const dayBefore = new Date(since.getTime() - 86_400_000);
  const payments = await readPayments(stripe, dayBefore, (count) =>
    progress(`Stripe: ${count} PaymentIntents`),
  );
  const wanted = only === null ? null : new Set(only);
  const ours = payments.filter(({ enrollmentId }) => wanted === null || wanted.has(enrollmentId));
  await addMissing(stripe, enrollments, ours);
  await countRefunds(stripe, enrollments, ours);
  progress(`Stripe: ${ours.length} PaymentIntents of ours`);
  const workflows = new Map<string, Awaited<ReturnType<typeof readWorkflow>>>();
  await eachOf(enrollments, async ({ id }) => {
    workflows.set(id, await readWorkflow(client, id));
    if (workflows.size % 100 === 0) {
      progress(`Temporal: ${workflows.size} of ${enrollments.length} Workflows`);
    }
  });
  progress(`Temporal: ${workflows.size} Workflows`);
  return {
    takenAt: takenAt.toISOString(),
    payments: ours,
    disputes: await readDisputes(stripe, dayBefore),
    enrollments,
    workflows,
    withoutRow: only === null ? await withoutRow(db, await listRunning(client, taskQueue)) : [],
    pendingEvents: only === null ? await readPendingEvents(db) : [],
    missedEvents: only === null ? await missedEvents(db, stripe, since, takenAt, limits) : [],
  };
}

/** A PaymentIntent may be older than its enrollment's row, after a restore; those that rows name are read one by one. */
async function addMissing(
  stripe: Stripe,
  enrollments: Books['enrollments'],
  payments: Books['payments'],
): Promise<void> {
  const listed = new Set(payments.map(({ id }) => id));
  const named = enrollments.flatMap(({ charges }) => charges.map(({ paymentIntentId }) => paymentIntentId));
  await eachOf(
    named.filter((id) => id !== null && !listed.has(id)),
    async (id) => {
      const payment = id === null ? null : await readPayment(stripe, id);
      if (payment !== null) {
        payments.push(payment);
      }
    },
  );
}

/** Where the sum of a charge differs, its refunds are listed and reckoned as the Activities that write the rows do. */
async function countRefunds(
  stripe: Stripe,
  enrollments: Books['enrollments'],
  payments: Books['payments'],
): Promise<void> {
  const charges = enrollments.flatMap((enrollment) => enrollment.charges);
  const known = new Map(charges.map(({ id, refundedMinor }) => [id, refundedMinor]));
  await eachOf(
    payments.filter(
      ({ chargeId, refundedMinor }) => (known.get(chargeId) ?? refundedMinor) !== refundedMinor,
    ),
    async (payment) => {
      payment.refundedMinor = await readRefundedMinor(stripe, payment.id);
    },
  );
}

async function missedEvents(db: Kysely<Database>, stripe: Stripe, since: Date, now: Date, limits: Limits) {
  const travelMs = Math.min(EVENTS_TRAVEL_MS, limits.deliveryLagMs);
  const events = await readEvents(stripe, since, new Date(now.getTime() - travelMs));
  const unknown = await unknownStripeEvents(
    db,
    events.map(({ id }) => id),
  );
  return events.filter(({ id }) => unknown.has(id));
}

function sumsOf({ enrollments, payments, workflows }: Books): Omit<Checked, 'differences'> {
  const collectedMinor: Checked['collectedMinor'] = {};
  const of = (currency: string) => (collectedMinor[currency] ??= { stripe: 0, rows: 0 });
  const charges = enrollments.flatMap((enrollment) => enrollment.charges);
  for (const charge of charges) {
    of(charge.currency).rows += charge.capturedMinor - charge.refundedMinor;
  }
  for (const payment of payments) {
    of(payment.currency).stripe += payment.receivedMinor - payment.refundedMinor;
  }
  const counted = {
    enrollments: enrollments.length,
    charges: charges.length,
    payments: payments.length,
    workflows: [...workflows.values()].filter(({ kind }) => kind !== 'unknown').length,
  };
  return { counted, collectedMinor };
}

function oldest(instants: string[]): Date | null {
  const first = instants.reduce<string | null>(
    (least, at) => (least === null || at < least ? at : least),
    null,
  );
  return first === null ? null : new Date(first);
}

async function eachOf<T>(items: readonly T[], act: (item: T) => Promise<void>): Promise<void> {
  const left = [...items];
  const lanes = Array.from({ length: CONCURRENCY }, async () => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) {
      await act(item);
    }
  });
  await Promise.all(lanes);
}

/**
 * Reads the three ledgers: all of them, and then what differed once more. Called by `check.ts`; changes nothing.
 */
import type { Client } from '@temporalio/client';
import type { Kysely } from 'kysely';
import type { Stripe } from 'stripe';
import { unknownStripeEvents } from '../db/inbox-operations.ts';
import type { Database } from '../db/schema.ts';
import type { Books, Difference, EnrollmentRow, StripePayment } from './books.ts';
import type { Limits } from './compare.ts';
import { readEnrollments, readPendingEvents, withoutRow } from './read-rows.ts';
import { readDisputes, readEvents, readPayment, readPayments, readRefundedMinor } from './read-stripe.ts';
import { listRunning, readWorkflow } from './read-workflows.ts';

export interface CheckDeps {
  db: Kysely<Database>;
  stripe: Stripe;
  client: Client;
  taskQueue: string;
}

/** Workflows asked at once. */
const CONCURRENCY = 8;
/** Younger events may still be on their way. */
const EVENTS_TRAVEL_MS = 60_000;

/** @param only these enrollments; null: all, and the inbox */
export async function readBooks(
  { db, stripe, client, taskQueue }: CheckDeps,
  only: string[] | null,
  limits: Limits,
  progress: (line: string) => void,
): Promise<Books> {
  const takenAt = new Date();
  // Rows first: what Stripe has and the rows had not yet is sorted out by the second look.
  const enrollments = await readEnrollments(db, only);
  progress(`PostgreSQL: ${enrollments.length} enrollments`);
  const since = oldest(enrollments) ?? takenAt;
  const created = { gte: Math.floor(dayBefore(since).getTime() / 1000) };
  const payments = await readPayments(stripe, { created }, (count) =>
    progress(`Stripe: ${count} PaymentIntents`),
  );
  const wanted = only === null ? null : new Set(only);
  const ours = payments.filter(({ enrollmentId }) => wanted === null || wanted.has(enrollmentId));
  await addMissing(stripe, paymentsNamedBy(enrollments), ours);
  await countRefunds(stripe, enrollments, ours);
  progress(`Stripe: ${ours.length} PaymentIntents of ours`);
  const workflows: Books['workflows'] = new Map();
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
    disputes: await readDisputes(stripe, dayBefore(since)),
    enrollments,
    workflows,
    withoutRow: only === null ? await withoutRow(db, await listRunning(client, taskQueue)) : [],
    pendingEvents: only === null ? await readPendingEvents(db) : [],
    missedEvents: only === null ? await missedEvents(db, stripe, since, takenAt, limits) : [],
  };
}

/**
 * Reads anew what the differences are made of, and leaves the rest as it was read: all of a large account takes its time,
 * and a service at work always differs somewhere. What did not differ before is for the caller to leave out.
 */
export async function readAgain(
  { db, stripe, client }: CheckDeps,
  books: Books,
  differences: readonly Difference[],
): Promise<Books> {
  const takenAt = new Date().toISOString();
  const named = new Set(differences.flatMap(({ enrollmentId }) => enrollmentId ?? []));
  const isNamed = ({ enrollmentId }: StripePayment) => named.has(enrollmentId);
  const known = books.payments.filter(isNamed);
  const enrollments = await readEnrollments(db, [...named]);
  const payments: StripePayment[] = [];
  await eachOf([...new Set(known.flatMap(({ customerId }) => customerId ?? []))], async (customer) => {
    payments.push(...(await readPayments(stripe, { customer })).filter(isNamed));
  });
  await addMissing(stripe, [...known.map(({ id }) => id), ...paymentsNamedBy(enrollments)], payments);
  await countRefunds(stripe, enrollments, payments);
  const workflows = new Map(books.workflows);
  await eachOf(enrollments, async ({ id }) => {
    workflows.set(id, await readWorkflow(client, id));
  });
  const missed = await unknownStripeEvents(
    db,
    books.missedEvents.map(({ id }) => id),
  );
  return {
    takenAt,
    payments: [...books.payments.filter((payment) => !isNamed(payment)), ...payments],
    disputes: await readDisputes(stripe, dayBefore(oldest(books.enrollments) ?? new Date(takenAt))),
    enrollments: [...books.enrollments.filter(({ id }) => !named.has(id)), ...enrollments],
    workflows,
    withoutRow: await withoutRow(db, await stillRunning(client, books.withoutRow)),
    pendingEvents: books.pendingEvents.length === 0 ? [] : await readPendingEvents(db),
    missedEvents: books.missedEvents.filter(({ id }) => missed.has(id)),
  };
}

async function stillRunning(client: Client, ids: readonly string[]): Promise<string[]> {
  const running: string[] = [];
  await eachOf(ids, async (id) => {
    const { kind } = await readWorkflow(client, id);
    if (kind === 'running' || kind === 'silent') {
      running.push(id);
    }
  });
  return running;
}

/** What was listed does not have all that are named: after a restore, one may be older than the row of its enrollment. */
async function addMissing(
  stripe: Stripe,
  named: readonly string[],
  payments: StripePayment[],
): Promise<void> {
  const listed = new Set(payments.map(({ id }) => id));
  await eachOf(
    [...new Set(named)].filter((id) => !listed.has(id)),
    async (id) => {
      const payment = await readPayment(stripe, id);
      if (payment !== null) {
        payments.push(payment);
      }
    },
  );
}

function paymentsNamedBy(enrollments: readonly EnrollmentRow[]): string[] {
  return enrollments.flatMap(({ charges }) =>
    charges.flatMap(({ paymentIntentId }) => paymentIntentId ?? []),
  );
}

/** Where the sum of a charge differs, its refunds are listed and reckoned as the Activities that write the rows do. */
async function countRefunds(
  stripe: Stripe,
  enrollments: readonly EnrollmentRow[],
  payments: StripePayment[],
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

function oldest(enrollments: readonly EnrollmentRow[]): Date | null {
  const first = enrollments.reduce<string | null>(
    (least, { createdAt }) => (least === null || createdAt < least ? createdAt : least),
    null,
  );
  return first === null ? null : new Date(first);
}

/** Clocks differ. */
function dayBefore(instant: Date): Date {
  return new Date(instant.getTime() - 86_400_000);
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

/**
 * Carries out the repairs that have one right answer. Called for `--repair` only. It moves no money and starts no
 * Workflow: it lets Workflows look, delivers what was accepted, and writes what Stripe or the Workflow already say.
 */
import type { Logger } from 'pino';
import type { BillingClient } from '../api/billing-client.ts';
import { createInboxDispatcher } from '../api/inbox-dispatcher.ts';
import { findPaidCharge } from '../db/aftermath.ts';
import { findStripeEvent, makeDueNow } from '../db/inbox-operations.ts';
import { receiveStripeEvent } from '../db/stripe-events.ts';
import { enrollmentWorkflowId } from '../domain/ids.ts';
import { receivedEventOf } from '../domain/received-event.ts';
import { disputesChangedSignal } from '../workflows/messages.ts';
import { type Difference, holdsOpen, type Repair } from './books.ts';
import { groupBy } from './group-by.ts';
import type { CheckDeps } from './read-books.ts';
import { readPayment } from './read-stripe.ts';
import { readWorkflow } from './read-workflows.ts';
import { writeEnrollment } from './write-enrollment.ts';
import { writePayment } from './write-payment.ts';

const DELIVERY_TIMEOUT_MS = 15_000;

export interface RepairDeps extends CheckDeps {
  billing: BillingClient;
  livemode: boolean;
  log: Logger;
}

/** @returns one sentence for each repair: what was done, or why it could not be */
export async function repair(deps: RepairDeps, differences: Difference[]): Promise<string[]> {
  const done: string[] = [];
  for (const { subject, repair: wanted } of differences) {
    if (wanted !== undefined) {
      const said = await carryOut(deps, wanted).catch(
        (error: unknown) => `could not: ${error instanceof Error ? error.message : String(error)}`,
      );
      done.push(`${subject}: ${said}`);
    }
  }
  return done;
}

async function carryOut(deps: RepairDeps, wanted: Repair): Promise<string> {
  const { db } = deps;
  switch (wanted.do) {
    case 'tell_workflow':
      return tellWorkflow(deps, wanted);
    case 'write_payment':
      return writeFromStripe(deps, wanted);
    case 'read_aftermath':
      return readAftermath(deps, wanted.chargeId);
    case 'write_enrollment':
      return writeEnrollment(deps, wanted);
    case 'tell_disputes':
      return tellDisputes(deps, wanted.enrollmentId);
    case 'deliver_event':
      return deliver(deps, wanted.eventId);
    case 'take_event': {
      const received = receivedEventOf(await deps.stripe.events.retrieve(wanted.eventId), deps.livemode);
      await receiveStripeEvent(db, received, false);
      return deliver(deps, received.id);
    }
    default:
      return wanted satisfies never;
  }
}

async function tellWorkflow(
  { billing }: RepairDeps,
  { enrollmentId, chargeId, paymentIntentId }: Omit<Extract<Repair, { do: 'tell_workflow' }>, 'do'>,
): Promise<string> {
  const change = { chargeId, paymentIntentId, eventType: 'check-books' };
  const told = await billing.paymentIntentChanged(enrollmentId, change);
  return told ? 'its Workflow reads the PaymentIntent' : 'its Workflow has closed meanwhile';
}

/** Repairs wait for each other: what was seen may be minutes old, and is read again. */
async function writeFromStripe(
  deps: RepairDeps,
  wanted: Extract<Repair, { do: 'write_payment' }>,
): Promise<string> {
  const { db, stripe, client } = deps;
  const payment = await readPayment(stripe, wanted.paymentIntentId);
  if (payment === null) {
    return 'it is not at Stripe any more';
  }
  const workflow = await readWorkflow(client, wanted.enrollmentId);
  if (workflow.kind === 'silent') {
    return 'its Workflow does not answer and may write it; nothing is written';
  }
  if (holdsOpen(workflow, wanted.chargeId)) {
    return tellWorkflow(deps, wanted);
  }
  if (!(await writePayment(db, payment, wanted.seen))) {
    return 'its row has changed meanwhile; nothing is written';
  }
  return payment.refundedMinor > 0 || payment.disputed
    ? `written from Stripe; ${await readAftermath(deps, payment.chargeId)}`
    : 'written from Stripe';
}

/** The aftermath Workflow is started when it does not run. */
async function readAftermath({ db, billing }: RepairDeps, chargeId: string): Promise<string> {
  const charge = await findPaidCharge(db, { chargeId });
  if (charge === undefined || charge.paymentIntentId === null) {
    return 'its row names no PaymentIntent any more';
  }
  await billing.chargeAftermath(charge);
  return 'its refunds and disputes are being read';
}

/** Told twice, it knows no more; of one that was lost it follows the terms once. */
async function tellDisputes({ db, client }: RepairDeps, enrollmentId: string): Promise<string> {
  const rows = await db
    .selectFrom('disputes')
    .select(['id', 'charge_id', 'status'])
    .where('enrollment_id', '=', enrollmentId)
    .execute();
  const handle = client.workflow.getHandle(enrollmentWorkflowId(enrollmentId));
  for (const [chargeId, disputes] of groupBy(rows, ({ charge_id }) => charge_id)) {
    await handle.signal(disputesChangedSignal, {
      chargeId,
      disputes: disputes.map(({ id, status }) => ({ id, status })),
    });
  }
  return `its Workflow is told of ${rows.length} dispute${rows.length === 1 ? '' : 's'}`;
}

/** As the API does it: the Workflow is told, or the event is ignored with a reason. Other due rows go along. */
async function deliver({ db, billing, livemode, log }: RepairDeps, eventId: string): Promise<string> {
  await makeDueNow(db, eventId);
  const inbox = createInboxDispatcher({ db, billing, livemode, log, pollMs: 20 });
  inbox.start();
  try {
    for (const until = Date.now() + DELIVERY_TIMEOUT_MS; Date.now() < until; ) {
      const row = await findStripeEvent(db, eventId);
      if (row?.signalled_at) {
        return 'delivered to its Workflow';
      }
      if (row?.ignored_reason) {
        return `ignored, because: ${row.ignored_reason}`;
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return 'not delivered yet; it stays in the inbox and is tried again';
  } finally {
    await inbox.stop();
  }
}

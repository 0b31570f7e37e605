/**
 * A year of some twenty customers, each Workflow on a clock of its own, compared with a plain model of what they should
 * have been charged: every instant, every minor unit, nothing more and nothing less, and the same money at Stripe.
 * `SEED=7 npm run jest -- test/workflows/model` plays other amounts and days.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { findPaidCharge } from '../../../db/aftermath.ts';
import { enrollmentStateQuery } from '../../../workflows/messages.ts';
import { atOnce } from '../../support/at-once.ts';
import { startBilling, type TestBilling } from '../../support/billing.ts';
import { type VirtualClock, virtualClock } from '../../support/virtual-clock.ts';
import { waitFor } from '../../support/wait.ts';
import { type Step, shouldBe } from './plain-model.ts';
import { END, stories } from './stories.ts';

const STORIES = stories(Number(process.env.SEED ?? 20261123));
const BY = { by: 'operator', reason: 'so the story goes' };
/** What is asked for happens at the moment of asking, which takes its time. */
const ABOUT_MS = 30 * 60_000;

let billing: TestBilling;
let entries: LedgerEntry[];
const lived = new Map<string, { enrollmentId: string; problem: unknown }>();

beforeAll(async () => {
  billing = await startBilling();
  await atOnce(12, STORIES, async ({ name, terms, steps }) => {
    const { enrollmentId } = await billing.enrolled(terms);
    const problem = await live(enrollmentId, steps).catch((error: unknown) => error);
    lived.set(name, { enrollmentId, problem: problem ?? null });
  });
  entries = await stripeLedger();
}, 600_000);
afterAll(() => billing.stop(), 120_000);

async function live(id: string, steps: readonly Step[]): Promise<void> {
  await waitFor('the method', async () => (await stateOf(id)).status === 'active');
  const clock = virtualClock(billing.temporal, `enrollment/${id}`);
  for (const step of [...steps].sort((a, b) => a.at.localeCompare(b.at))) {
    await clock.goTo(step.at);
    await calm(id, clock);
    await take(id, step);
  }
  await billing.handle(id).result();
}

const stateOf = (id: string) => billing.handle(id).query(enrollmentStateQuery);

/** Until whatever fell due up to now has been charged, and nothing happens any more: a look may fall between two steps. */
async function calm(id: string, clock: VirtualClock): Promise<void> {
  let before = -1;
  await waitFor(
    `${id} to be calm`,
    async () => {
      const { status, raw, historyLength } = await billing.handle(id).describe();
      if (status.name !== 'RUNNING') {
        return true;
      }
      const { nextChargeAt } = await stateOf(id);
      const due = nextChargeAt !== null && Date.parse(nextChargeAt) <= clock.now() && !waiting.has(id);
      const still = historyLength === before && (raw.pendingActivities ?? []).length === 0;
      before = historyLength;
      return still && raw.pendingWorkflowTask == null && !due;
    },
    { timeoutMs: 60_000, everyMs: 500 },
  );
}

/** Enrollments with an open dispute. */
const waiting = new Map<string, string>();

async function take(id: string, step: Step): Promise<void> {
  const { billing: client } = billing;
  switch (step.do) {
    case 'pause':
      await client.pauseEnrollment(id, { ...BY, resumeAt: step.until });
      return;
    case 'resume':
      await client.resumeEnrollment(id, BY);
      return;
    case 'cancel':
      await client.cancelEnrollment(id, BY).catch((error: Error) => {
        // A story may be over before its year is.
        if (error.name !== 'EnrollmentNotRunning') {
          throw error;
        }
      });
      return;
    case 'cancel_at_period_end':
      await client.cancelAtPeriodEnd(id, BY);
      return;
    case 'skip':
      await client.skipNext(id, BY);
      return;
    case 'move':
      await client.moveNext(id, { ...BY, dueAt: step.to });
      return;
    case 'charge_now':
      await client.chargeNow(id, BY);
      return;
    case 'amount':
      await client.changeAmount(id, { ...BY, amountMinor: step.minor, effective: 'from_next' });
      return;
    case 'ask': {
      const asked = { ...BY, requestKey: step.at, amountMinor: step.minor, description: null };
      await client.createCharge(id, asked);
      return;
    }
    case 'decline': {
      const { default_payment_method_id: method } = await billing.enrollmentRow(id);
      const how =
        step.times === 0 ? { clear: true } : { decline_code: 'insufficient_funds', times: step.times };
      await billing.control(`payment_methods/${method}/next_charge`, how);
      return;
    }
    case 'new_card': {
      const session = await client.openCheckoutSession(id, BY);
      await billing.save(id, session.id, { number: '4242424242424242' });
      await waitFor('the debt to be paid', async () => (await stateOf(id)).status === 'active');
      return;
    }
    case 'refund': {
      const charge = await findPaidCharge(billing.db, { chargeId: await chargeOf(id, step.number) });
      if (charge === undefined) {
        throw new Error(`${id} has no charge ${step.number} to refund`);
      }
      await client.refundCharge(charge, { ...BY, requestKey: step.at, amountMinor: step.minor });
      return;
    }
    case 'dispute': {
      const row = (await billing.chargeRows(id))[step.number - 1];
      const intent = await billing.stripe.paymentIntents.retrieve(String(row?.payment_intent_id));
      const { id: dispute } = (await billing.control(`charges/${intent.latest_charge}/dispute`)) as {
        id: string;
      };
      waiting.set(id, dispute);
      await told(id, 'charge.dispute_needs_response', 1);
      return;
    }
    case 'dispute_won':
      await billing.control(`disputes/${waiting.get(id)}/close`, { won: true });
      await told(id, 'charge.dispute_won', 2);
      waiting.delete(id);
      return;
    default:
      step satisfies never;
  }
}

async function chargeOf(id: string, number: number): Promise<string> {
  return String((await billing.chargeRows(id))[number - 1]?.id);
}

/** Until the timeline and the Workflow both know. */
async function told(id: string, what: string, signals: number): Promise<void> {
  await billing.deliverEvents();
  await waitFor(what, async () => (await billing.timeline(id)).some((entry) => entry.what === what));
  await waitFor(`${id} to know`, async () => {
    const { events } = await billing.history(id);
    const heard = (events ?? []).filter(
      (event) => event.workflowExecutionSignaledEventAttributes?.signalName === 'disputesChanged',
    );
    return heard.length >= signals;
  });
}

describe.each(STORIES)('$name', (story) => {
  it('is charged what the plain model says, to the instant and the minor unit', async () => {
    const { enrollmentId, problem } = lived.get(story.name) ?? {
      enrollmentId: '',
      problem: 'it was not lived',
    };
    expect(problem).toBeNull();
    const { charges, netMinor } = shouldBe(story);
    const rows = await billing.chargeRows(enrollmentId);
    const about = (at: string, index: number) => {
      const row = rows[index];
      return row !== undefined && Math.abs(Number(row.due_at) - Date.parse(at)) < ABOUT_MS
        ? row.due_at.toISOString()
        : at;
    };
    expect(
      rows.map(({ due_at, amount_minor, status }) => [due_at.toISOString(), amount_minor, status]),
    ).toEqual(
      charges.map((charge, index) => [
        charge.about ? about(charge.dueAt, index) : charge.dueAt,
        charge.amountMinor,
        charge.status,
      ]),
    );
    expect(rows.every(({ currency }) => currency === story.terms.currency)).toBe(true);
    expect(receivedMinor(enrollmentId)).toBe(netMinor);
    const booked = await billing.ledger(enrollmentId);
    expect(booked.reduce((sum, { amount_minor }) => sum + amount_minor, 0)).toBe(netMinor);
  });
});

describe('the year', () => {
  it('is over for everybody', async () => {
    const statuses = await billing.db.selectFrom('enrollments').select(['status']).execute();
    expect(statuses).toHaveLength(STORIES.length);
    expect(new Set(statuses.map(({ status }) => status))).toEqual(new Set(['canceled', 'completed']));
    expect(Date.parse(END)).toBeGreaterThan(Date.now());
  });
});

interface LedgerEntry {
  amount: number;
  metadata: Record<string, string>;
}

/** Every movement of money at Stripe, of all customers. */
async function stripeLedger(): Promise<LedgerEntry[]> {
  const answer = await fetch(`${billing.standIn.url}/_control/ledger`);
  return ((await answer.json()) as { entries: LedgerEntry[] }).entries;
}

function receivedMinor(enrollmentId: string): number {
  return entries
    .filter(({ metadata }) => metadata.enrollment_id === enrollmentId)
    .reduce((sum, { amount }) => sum + amount, 0);
}

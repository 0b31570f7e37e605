/**
 * Enrollments in each state that a deploy may meet: waiting for a method, active, in dunning, with held money. Each step
 * moves all of them on, and sees that everybody is charged once for it.
 */
import { expect } from '@jest/globals';
import type { Terms } from '../../domain/terms.ts';
import { MONTHLY, ONCE, type TestBilling } from './billing.ts';
import { fastForward } from './temporal.ts';

const DAY_MS = 86_400_000;
const DECLINED_CARD = '4000000000000341';
const HELD: Terms = { ...ONCE, captureMethod: 'manual' };

export interface People {
  all: string[];
  /** Those whose Workflow runs through all steps. */
  open: string[];
  active: string[];
  dunning: string[];
  /** One for each step. */
  awaiting: { id: string; url: string; sessionId: string }[];
  held: { id: string; chargeId: string }[];
  /** Lets a month pass for one. */
  passMonth(id: string): Promise<void>;
  /** How far the clock of each is ahead. */
  aheadMs: Map<string, number>;
}

/** @param steps how many will be taken; the last one saves another card for those in dunning */
export async function enrollInEveryState(billing: TestBilling, steps: number): Promise<People> {
  const aheadMs = new Map<string, number>();
  const pass = async (id: string, ms: number) => {
    aheadMs.set(id, (aheadMs.get(id) ?? 0) + ms);
    await fastForward(billing.temporal, `enrollment/${id}`, ms);
  };
  const active: string[] = [];
  const dunning: string[] = [];
  const held: People['held'] = [];
  const awaiting: People['awaiting'] = [];
  for (let index = 0; index < 2; index += 1) {
    const { enrollmentId } = await billing.enrolled(MONTHLY);
    await billing.charged(enrollmentId, 1, 'succeeded');
    active.push(enrollmentId);
  }
  const declined = await billing.enrolled(MONTHLY, DECLINED_CARD);
  const { id: chargeId } = await billing.charged(declined.enrollmentId, 1, 'requires_payment_method');
  await billing.known(declined.enrollmentId, chargeId, 'requires_payment_method');
  dunning.push(declined.enrollmentId);
  for (let step = 0; step < steps; step += 1) {
    const input = await billing.newInput(ONCE);
    const { checkoutSession } = await billing.billing.enroll(input);
    awaiting.push({
      id: input.enrollmentId,
      url: String(checkoutSession?.url),
      sessionId: String(checkoutSession?.id),
    });
    const { enrollmentId } = await billing.enrolled(HELD);
    const charge = await billing.charged(enrollmentId, 1, 'requires_capture');
    await billing.known(enrollmentId, charge.id, 'requires_capture');
    held.push({ id: enrollmentId, chargeId: charge.id });
  }
  return {
    all: [...active, ...dunning, ...awaiting.map(({ id }) => id), ...held.map(({ id }) => id)],
    open: [...active, ...dunning],
    active,
    dunning,
    awaiting,
    held,
    aheadMs,
    passMonth: (id) => pass(id, 31 * DAY_MS),
  };
}

/** A month passes for those who pay, a retry for those who are declined; one pays on Checkout, one capture is made. */
export async function stepAll(
  billing: TestBilling,
  people: People,
  step: number,
  { except }: { except?: string } = {},
): Promise<void> {
  await Promise.all([
    ...people.active.filter((id) => id !== except).map((id) => payMonth(billing, people, id)),
    ...people.dunning.map((id) => collect(billing, people, id, step)),
    startPaying(billing, people, step),
    capture(billing, people, step),
  ]);
}

async function payMonth(billing: TestBilling, people: People, id: string): Promise<void> {
  const before = (await billing.chargeRows(id)).length;
  await people.passMonth(id);
  await billing.charged(id, before + 1, 'succeeded', 30_000);
  await chargedOnce(billing, id);
}

async function collect(billing: TestBilling, people: People, id: string, step: number): Promise<void> {
  const [charge] = await billing.chargeRows(id);
  if (charge === undefined || charge.status === 'succeeded') {
    return;
  }
  if (step === people.awaiting.length - 1) {
    const session = await billing.billing.openCheckoutSession(id, { by: 'customer', reason: null });
    await billing.payOnCheckout(session.url);
    await billing.billing.checkoutSessionCompleted(id, session.id);
    await billing.charged(id, 1, 'succeeded', 30_000);
  } else {
    const nowMs = Date.now() + (people.aheadMs.get(id) ?? 0);
    const waitMs = Number(charge.next_attempt_at?.getTime()) - nowMs + 60_000;
    people.aheadMs.set(id, (people.aheadMs.get(id) ?? 0) + waitMs);
    await fastForward(billing.temporal, `enrollment/${id}`, waitMs);
    await billing.attempted(id, 1, charge.attempts + 1);
  }
  await chargedOnce(billing, id);
}

async function startPaying(billing: TestBilling, { awaiting }: People, step: number): Promise<void> {
  const one = awaiting[step];
  if (one !== undefined) {
    await billing.payOnCheckout(one.url);
    await billing.billing.checkoutSessionCompleted(one.id, one.sessionId);
    await billing.charged(one.id, 1, 'succeeded', 30_000);
    await chargedOnce(billing, one.id);
  }
}

async function capture(billing: TestBilling, { held }: People, step: number): Promise<void> {
  const one = held[step];
  if (one !== undefined) {
    const asked = { by: 'api:key', reason: 'shipped', amountMinor: null };
    const answer = await billing.billing.captureCharge(one.id, one.chargeId, asked);
    expect(answer).toMatchObject({ status: 'succeeded' });
    await chargedOnce(billing, one.id);
  }
}

/** Each charge has one PaymentIntent at Stripe. */
async function chargedOnce(billing: TestBilling, id: string): Promise<void> {
  const rows = await billing.chargeRows(id);
  const all = await billing.stripe.paymentIntents.list({ limit: 100 }).autoPagingToArray({ limit: 1_000 });
  const charges = all
    .filter(({ metadata }) => metadata.enrollment_id === id)
    .map(({ metadata }) => metadata.charge_id);
  expect(charges.sort()).toEqual(rows.map((row) => row.id).sort());
}

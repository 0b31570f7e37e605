/**
 * Every command of an enrollment, asked from outside while one of its charges is in each status: a tour of all of them
 * in order, then a cancel, with an event in the same moment or with something that happened at Stripe and that nobody
 * told. At the end the books are checked: rows, Workflows and Stripe must agree to the minor unit.
 */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { checkBooks } from '../../../check-books/check.ts';
import { atOnce } from '../../support/at-once.ts';
import { startStack, type TestStack } from '../../support/stack.ts';
import { waitFor } from '../../support/wait.ts';
import { WORDS } from './cells.ts';
import { MOVES, type Move, STARTS, type Start } from './expected.ts';
import { AT_ONCE, type Charge, createScene } from './scene.ts';

let stack: TestStack;
let scene: ReturnType<typeof createScene>;

/** A charge in every status to take the tour with, and one for everything that may happen to it at Stripe. */
const TOURS = STARTS.map((start) => ({ start, untold: null as Move | null }));
const UNTOLD = (Object.keys(MOVES) as Move[])
  .filter((move) => move !== 'we look again')
  .flatMap((untold) => MOVES[untold].from.map((start: Start) => ({ start, untold })));
const PLAYS = [...TOURS, ...UNTOLD];

interface Played {
  charge: Charge;
  start: Start;
  untold: Move | null;
  /** What each step of the tour answered. */
  tour: string[];
  /** `<HTTP status> <status of the enrollment>` */
  canceled: string;
}
const played: Played[] = [];

beforeAll(async () => {
  stack = await startStack({
    settings: {
      API_RATE_LIMIT_PER_MINUTE: '1000000',
      STRIPE_REQUESTS_PER_SECOND: '1000',
      DATABASE_POOL_SIZE: '10',
    },
  });
  scene = createScene(stack);
  const charges = await setScene();
  const plays = PLAYS.map((play, index) => ({ ...play, charge: charges[index] as Charge }));
  await atOnce(
    AT_ONCE,
    plays.filter(({ untold }) => untold === null),
    takeTour,
  );
  await stack.control('webhooks', { mode: 'hold' });
  await atOnce(
    AT_ONCE,
    plays.filter(({ untold }) => untold !== null),
    async ({ start, untold, charge }) => {
      await scene.move(charge, untold as Move);
      played.push({ charge, start, untold, tour: [], canceled: await cancel(charge) });
    },
  );
  await stack.control('webhooks', { mode: 'deliver' });
  await stack.control('webhooks/release');
  // The debits that no bank lets go of have an outcome at last.
  for (const { charge, start, untold } of played) {
    if (start === 'processing/too_late' && untold === null) {
      await stack.control(`payment_intents/${charge.intentId}/settle`);
    }
  }
}, 300_000);
afterAll(() => stack.stop(), 60_000);

async function setScene(): Promise<Charge[]> {
  const hosts = await atOnce(AT_ONCE, PLAYS, async ({ start }) => ({
    host: await scene.host(start),
    count: 1,
  }));
  const set = (...starts: Start[]) => scene.charges(hosts.filter(({ host }) => starts.includes(host.start)));
  const charges = await set(
    ...STARTS.filter((start) => start !== 'scheduled' && start !== 'needs_attention'),
  );
  const tried = charges.filter(({ host }) => host.start === 'needs_attention/tried');
  await scene.whileFaulty(401, async () => {
    charges.push(...(await set('needs_attention')));
    await scene.park(tried);
  });
  charges.push(...(await scene.whileFaulty(500, () => set('scheduled'))));
  const byHost = new Map(charges.map((charge) => [charge.host, charge]));
  return hosts.map(({ host }) => byHost.get(host) as Charge);
}

const PAST_DUE: readonly Start[] = ['requires_payment_method', 'requires_confirmation', 'requires_action'];
const FATES: Partial<Record<Start, string>> = {
  scheduled: 'never_attempted',
  requires_payment_method: 'canceled',
  requires_confirmation: 'canceled',
  requires_action: 'canceled',
  requires_capture: 'held_funds_released',
  processing: 'canceled_if_the_bank_allows',
  'processing/too_late': 'canceled_if_the_bank_allows',
  needs_attention: 'canceled',
  'needs_attention/tried': 'canceled',
};

/** Each step with what it must answer; `&` is the status that the charge gives the enrollment. */
const TOUR: [route: string, body: object | null, expected: string][] = [
  ['undo-cancel', null, '409 no_cancel_pending'],
  ['resume', null, '409 enrollment_not_paused'],
  ['cancel-at-period-end', null, '200 &'],
  ['cancel-at-period-end', null, '409 cancel_pending'],
  ['skip-next', null, '409 cancel_pending'],
  ['charge-now', null, '409 cancel_pending'],
  ['move-next', { due_at: inDays(50) }, '409 cancel_pending'],
  ['amount', { amount_minor: 1_000 }, '409 cancel_pending'],
  ['pause', null, '409 cancel_pending'],
  ['undo-cancel', null, '200 &'],
  ['undo-cancel', null, '409 no_cancel_pending'],
  ['move-next', { due_at: inDays(-1) }, '409 move_not_ahead'],
  ['move-next', { due_at: inDays(400) }, '409 move_past_following'],
  ['move-next', { due_at: inDays(45) }, '200'],
  ['skip-next', null, '200'],
  ['amount', { amount_minor: 1_100 }, '200'],
  ['amount', { amount_minor: 1_200, effective: 'at_once' }, '200'],
  ['pause', { resume_at: inDays(-1) }, '409 resume_not_ahead'],
  ['pause', { resume_at: inDays(20) }, '200 paused'],
  ['pause', null, '409 enrollment_paused'],
  ['skip-next', null, '409 enrollment_paused'],
  ['move-next', { due_at: inDays(45) }, '409 enrollment_paused'],
  ['charge-now', null, '409 enrollment_paused'],
  ['charges', { amount_minor: 5_000 }, '409 enrollment_paused'],
  ['checkout-sessions', null, '200'],
  ['resume', null, '200 &'],
  ['charges', { amount_minor: 5_000 }, '202'],
  ['charge-now', null, '200'],
];

function inDays(days: number): string {
  return new Date(Date.now() + days * 86_400_000).toISOString();
}

async function takeTour({ start, charge }: { start: Start; charge: Charge }): Promise<void> {
  const tour: string[] = [];
  const preview = await stack.ask('GET', `/v1/enrollments/${charge.host.id}/cancel-preview`);
  const fates = preview.body.charges as { id: string; fate: string }[];
  tour.push(String(fates.find(({ id }) => id === charge.id)?.fate));
  for (const [route, body] of TOUR) {
    const answer = await stack.ask('POST', `/v1/enrollments/${charge.host.id}/${route}`, body ?? undefined, {
      'idempotency-key': randomBytes(8).toString('hex'),
    });
    const { code } = (answer.body.error ?? {}) as { code?: string };
    // What was accepted may have been tried by the time it is answered.
    const word = answer.status === 202 ? '' : (code ?? answer.body.status);
    tour.push([answer.status, word].join(' ').trim());
  }
  const words = WORDS.filter((word) => charge.intentId !== null || !/^(charge|refund|radar)/.test(word));
  const word = words[STARTS.indexOf(start) % words.length] ?? WORDS[0];
  const [canceled] = await Promise.all([cancel(charge), scene.tell(charge, word)]);
  played.push({ charge, start, untold: null, tour, canceled });
}

async function cancel({ host }: Charge): Promise<string> {
  const answer = await stack.ask('POST', `/v1/enrollments/${host.id}/cancel`, { reason: 'moved away' });
  return `${answer.status} ${answer.body.status}`;
}

describe.each(STARTS)('an enrollment with a charge that is %s', (start) => {
  it('answers every command as agreed', () => {
    const tour = played.find((one) => one.start === start && one.untold === null)?.tour;
    const status = PAST_DUE.includes(start) ? 'past_due' : 'active';
    expect(tour).toEqual([
      String(FATES[start]),
      ...TOUR.map(([, , expected]) => expected.replace('&', status)),
    ]);
  });

  it('is canceled at once, unless a payment has to be awaited that no bank lets go of', () => {
    const canceled = played.filter((one) => one.start === start && one.untold === null);
    expect(canceled.map((one) => one.canceled)).toEqual([
      start === 'processing/too_late' ? expect.stringMatching(/^202 /) : '200 canceled',
    ]);
  });
});

describe('every one of them', () => {
  it('ends as canceled, its Workflow too', async () => {
    const ends = await Promise.all(
      played.map(async ({ charge, start, untold }) => {
        const result = (await stack.temporal.client.workflow
          .getHandle(`enrollment/${charge.host.id}`)
          .result()) as { status: string };
        const row = await stack.db
          .selectFrom('enrollments')
          .where('id', '=', charge.host.id)
          .select(['status', 'end_reason'])
          .executeTakeFirst();
        return [start, untold, result.status, row?.status, row?.end_reason];
      }),
    );
    expect(ends.filter(([, , ...end]) => end.join() !== 'canceled,canceled,moved away')).toEqual([]);
  }, 60_000);

  it('leaves no charge open, and keeps nothing that succeeded after its cancel', async () => {
    const paidUntold = played.filter(({ untold }) => untold !== null && MOVES[untold].to === 'succeeded');
    // What was given back in the Dashboard comes by a webhook, which no Workflow waits for at its end.
    await atOnce(AT_ONCE, paidUntold, ({ charge, untold }) =>
      waitFor(
        `${charge.id} to be given back: ${untold}`,
        async () => (await scene.rowOf(charge))?.refunded_minor === charge.amountMinor,
        { timeoutMs: 60_000, everyMs: 200 },
      ),
    );
    const rows = await stack.db.selectFrom('charges').selectAll().execute();
    const open = rows.filter(({ status }) => !['succeeded', 'canceled', 'uncollectible'].includes(status));
    expect(open.map(({ id, status }) => [id, status])).toEqual([]);
    const kept = paidUntold.flatMap(({ charge, untold }) => {
      const row = rows.find(({ id }) => id === charge.id);
      return row?.refunded_minor === charge.amountMinor ? [] : [[untold, row?.refunded_minor]];
    });
    expect(kept).toEqual([]);
  }, 120_000);

  it('leaves books that agree', async () => {
    await waitFor(
      'the inbox to be empty',
      async () => {
        const waiting = await stack.db
          .selectFrom('stripe_events')
          .where('signalled_at', 'is', null)
          .where('ignored_reason', 'is', null)
          .select('type')
          .execute();
        return waiting.length === 0;
      },
      { timeoutMs: 60_000, everyMs: 250 },
    );
    const { db, stripe, taskQueue, temporal } = stack;
    const checked = await checkBooks({ db, stripe, client: temporal.client, taskQueue }, { settleMs: 500 });
    expect(checked.differences).toEqual([]);
    expect(checked.counted.enrollments).toBe(PLAYS.length);
  }, 120_000);
});

/** Brings enrollments and their charges into every state, from outside: over HTTP, Checkout, Stripe and its webhooks. */
import { randomBytes } from 'node:crypto';
import { enrollmentWorkflowId } from '../../../domain/ids.ts';
import { type ChargeStatus, SETTLED_CHARGE } from '../../../domain/statuses.ts';
import { type EnrollmentState, enrollmentStateQuery } from '../../../workflows/messages.ts';
import { atOnce } from '../../support/at-once.ts';
import type { HttpAnswer, TestStack } from '../../support/stack.ts';
import { waitFor } from '../../support/wait.ts';
import type { Word } from './cells.ts';
import { MOVES, type Move, type Start, statusOf } from './expected.ts';

export const AT_ONCE = 12;

export interface Host {
  id: string;
  start: Start;
  methodId: string;
  stripeCustomerId: string;
  sessionId: string;
}

export interface Charge {
  host: Host;
  id: string;
  amountMinor: number;
  intentId: string | null;
  /** Where the customer answers the challenge. */
  challengeUrl: string | null;
}

const GOOD = { number: '4242424242424242' };
const DECLINES = { number: '4000000000000341' };
const ALWAYS_ASKS = { number: '4000002760003184' };
const SLOW_ACCOUNT = { payment_method_type: 'us_bank_account', account_number: '000000000009' };

const METHODS: Record<Start, Record<string, string>> = {
  scheduled: GOOD,
  requires_payment_method: DECLINES,
  requires_confirmation: DECLINES,
  requires_action: ALWAYS_ASKS,
  requires_capture: GOOD,
  processing: SLOW_ACCOUNT,
  'processing/too_late': SLOW_ACCOUNT,
  succeeded: GOOD,
  canceled: DECLINES,
  uncollectible: DECLINES,
  needs_attention: GOOD,
  'needs_attention/tried': DECLINES,
};

export function createScene(stack: TestStack) {
  /** A recurring enrollment whose first charge lies ahead, so that its schedule can be changed and its charges not. */
  async function host(start: Start): Promise<Host> {
    const startsAt = new Date(Date.now() + 40 * 86_400_000).toISOString();
    const { id, checkout_url } = await stack.enroll({
      customer: { email: 'customer@example.com' },
      terms: {
        currency: 'usd',
        schedule: {
          type: 'recurring',
          amount_minor: 900,
          interval: { unit: 'month', count: 1 },
          starts_at: startsAt,
        },
        capture_method: start === 'requires_capture' ? 'manual' : 'automatic',
        dunning: { retry_after_days: [1, 3, 5, 7], after_last_try: 'keep_active' },
      },
    });
    const sessionId = String(/cs_test_\w+/.exec(checkout_url)?.[0]);
    await stack.control(`checkout_sessions/${sessionId}/complete`, METHODS[start]);
    const row = await waitFor(
      `${id} to be active`,
      async () => {
        const found = await stack.db
          .selectFrom('enrollments')
          .innerJoin('customers', 'customers.id', 'enrollments.customer_id')
          .where('enrollments.id', '=', id)
          .select(['enrollments.status', 'default_payment_method_id', 'stripe_customer_id'])
          .executeTakeFirst();
        return found?.status === 'active' ? found : false;
      },
      { timeoutMs: 60_000 },
    );
    // The row is written a moment before the Workflow knows.
    await waitFor(`the Workflow of ${id} to know`, async () => (await state(id)).status === 'active', {
      timeoutMs: 60_000,
    });
    return {
      id,
      start,
      sessionId,
      methodId: String(row.default_payment_method_id),
      stripeCustomerId: String(row.stripe_customer_id),
    };
  }

  function command(charge: Charge, name: string, body?: object): Promise<HttpAnswer> {
    const route = `/v1/enrollments/${charge.host.id}/charges/${charge.id}/${name}`;
    const more = name === 'refunds' ? { 'idempotency-key': randomBytes(8).toString('hex') } : {};
    return stack.ask('POST', route, body ?? (name === 'extend-dunning' ? { days: 2 } : undefined), more);
  }

  async function accepted(charge: Charge, name: string): Promise<HttpAnswer> {
    const answer = await command(charge, name);
    if (answer.status >= 300) {
      throw new Error(`${name} of ${charge.id} was to be accepted: ${JSON.stringify(answer)}`);
    }
    return answer;
  }

  /** Asks for a charge of its own amount, so that no card is charged the same twice. */
  async function charge(of: Host, index: number): Promise<Charge> {
    const amountMinor = 1_000 + index * 10;
    const answer = await stack.ask(
      'POST',
      `/v1/enrollments/${of.id}/charges`,
      { amount_minor: amountMinor },
      { 'idempotency-key': randomBytes(8).toString('hex') },
    );
    if (answer.status !== 202) {
      throw new Error(`a charge of ${of.id} was to be accepted: ${JSON.stringify(answer)}`);
    }
    return { host: of, id: String(answer.body.id), amountMinor, intentId: null, challengeUrl: null };
  }

  function rowOf({ id }: Charge) {
    return stack.db.selectFrom('charges').selectAll().where('id', '=', id).executeTakeFirst();
  }

  function state(enrollmentId: string): Promise<EnrollmentState> {
    return stack.temporal.client.workflow
      .getHandle(enrollmentWorkflowId(enrollmentId))
      .query(enrollmentStateQuery);
  }

  /** Waits until these charges of one enrollment have that status, in their rows and in the Workflow. */
  async function seen(charges: readonly Charge[], status: ChargeStatus): Promise<void> {
    const [first] = charges;
    if (first === undefined) {
      return;
    }
    const { id } = first.host;
    const name = `${charges.length} charges of ${id} to be ${status}`;
    await waitFor(
      name,
      async () => {
        const rows = await stack.db
          .selectFrom('charges')
          .select(['id', 'status', 'payment_intent_id'])
          .where('enrollment_id', '=', id)
          .execute();
        const byId = new Map(rows.map((row) => [row.id, row]));
        for (const charge of charges) {
          const row = byId.get(charge.id);
          if (row?.status !== status) {
            throw new Error(`${charge.id} is ${row?.status}`);
          }
          charge.intentId = row.payment_intent_id;
        }
        return true;
      },
      { timeoutMs: 60_000, everyMs: 200 },
    );
    // The row is written a moment before the Workflow knows.
    await waitFor(
      `the Workflow to know ${name}`,
      async () => {
        const open = new Map((await state(id)).charges.map((charge) => [charge.id, charge.status]));
        return charges.every((charge) =>
          SETTLED_CHARGE.includes(status) ? !open.has(charge.id) : open.get(charge.id) === status,
        );
      },
      { timeoutMs: 60_000, everyMs: 200 },
    );
  }

  /** Waits until the first attempts have begun. */
  const underWay = (charges: readonly Charge[]) => seen(charges, 'scheduled');

  /** The charges of one enrollment, from their first attempts to where their cells start. */
  async function bring(charges: readonly Charge[], start: Start): Promise<void> {
    switch (start) {
      case 'scheduled':
        await underWay(charges);
        await waitFor(
          'the first attempts to be given up',
          async () => {
            const { charges: open } = await state(String(charges[0]?.host.id));
            return charges.every((charge) =>
              open.some(({ id, attempts }) => id === charge.id && attempts === 1),
            );
          },
          { timeoutMs: 60_000, everyMs: 200 },
        );
        return;
      case 'requires_confirmation':
        await seen(charges, 'requires_payment_method');
        await atOnce(AT_ONCE, charges, async (charge) => {
          await stack.stripe.paymentIntents.update(String(charge.intentId), {
            payment_method: charge.host.methodId,
          });
          await tell(charge, 'payment_intent.payment_failed');
        });
        break;
      case 'requires_action':
        await seen(charges, 'requires_payment_method');
        await atOnce(AT_ONCE, charges, async (charge) => {
          const answer = await accepted(charge, 'authenticate');
          charge.challengeUrl = String(answer.body.redirect_url);
        });
        break;
      case 'processing/too_late':
        await seen(charges, 'processing');
        await atOnce(AT_ONCE, charges, ({ intentId }) =>
          stack.control(`payment_intents/${intentId}/cancel_window`, { seconds: 0 }),
        );
        return;
      case 'canceled':
      case 'uncollectible':
        await seen(charges, 'requires_payment_method');
        await atOnce(AT_ONCE, charges, (charge) =>
          accepted(charge, start === 'canceled' ? 'cancel' : 'stop-dunning'),
        );
        break;
      case 'needs_attention/tried':
        await seen(charges, 'requires_payment_method');
        return;
      default:
    }
    await seen(charges, statusOf(start));
  }

  /** Sends an event of that type about the charge; nothing of what it says needs to be true. */
  async function tell(charge: Charge, type: Word): Promise<void> {
    await stack.webhook({
      id: `evt_${randomBytes(12).toString('hex')}`,
      object: 'event',
      api_version: '2026-10-28.endive',
      created: Math.floor(Date.now() / 1000),
      livemode: false,
      pending_webhooks: 1,
      request: { id: null, idempotency_key: null },
      type,
      data: { object: objectOf(charge, type) },
    });
  }

  /** Somebody else does it, at Stripe. */
  async function move(charge: Charge, what: Move): Promise<void> {
    const id = String(charge.intentId);
    switch (what) {
      case 'canceled in the Dashboard':
        await stack.stripe.paymentIntents.cancel(id);
        return;
      case 'paid in the Dashboard': {
        const { stripeCustomerId: customer } = charge.host;
        const method = await stack.stripe.paymentMethods.attach('pm_card_visa', { customer });
        await stack.stripe.paymentIntents.confirm(id, { payment_method: method.id, off_session: true });
        return;
      }
      case 'the customer passes the challenge':
      case 'the customer fails the challenge':
        await fetch(String(charge.challengeUrl), {
          method: 'POST',
          redirect: 'manual',
          body: new URLSearchParams({ answer: what.includes('passes') ? 'complete' : 'fail' }),
        });
        return;
      case 'captured in the Dashboard':
        await stack.stripe.paymentIntents.capture(id);
        return;
      case 'we look again':
        await tell(charge, 'payment_intent.payment_failed');
        return;
      case 'the debit settles':
        await stack.control(`payment_intents/${id}/settle`);
        return;
      case 'the debit fails':
        await stack.control(`payment_intents/${id}/fail`, { code: 'insufficient_funds' });
        return;
      case 'refunded in the Dashboard':
        await stack.stripe.refunds.create({ payment_intent: id });
        return;
      default:
        what satisfies never;
    }
  }

  /** Waits until we know of a move. */
  async function moved(charge: Charge, what: Move): Promise<void> {
    await seen([charge], MOVES[what].to);
    if (what === 'refunded in the Dashboard') {
      await waitFor(`the refund of ${charge.id}`, async () => (await rowOf(charge))?.refunded_minor !== 0);
    }
  }

  /** So many charges of one enrollment whose first attempt Stripe has not answered yet. */
  async function begun(of: Host, count: number): Promise<Charge[]> {
    const opened = await atOnce(AT_ONCE, Array.from({ length: count }), (_, index) => charge(of, index));
    await underWay(opened);
    return opened;
  }

  /** So many charges of each of these enrollments, at their start. */
  async function charges(hosts: { host: Host; count: number }[]): Promise<Charge[]> {
    const wanted = hosts.flatMap(({ host: of, count }) =>
      Array.from({ length: count }, (_, index) => ({ of, index })),
    );
    const opened = await atOnce(AT_ONCE, wanted, ({ of, index }) => charge(of, index));
    await atOnce(AT_ONCE, hosts, ({ host: of }) =>
      bring(
        opened.filter(({ host: mine }) => mine === of),
        of.start,
      ),
    );
    return opened;
  }

  /**
   * Meanwhile Stripe answers every PaymentIntent that is asked for, or confirmed, with this status; a 500 is kept for the
   * key, so that it is certain that nothing was made.
   */
  async function whileFaulty<Answer>(status: number, work: () => Promise<Answer>): Promise<Answer> {
    const match = { method: 'POST', path_prefix: '/v1/payment_intents' };
    const when = status === 500 ? 'instead' : 'before';
    await stack.control('faults', { match, kind: 'status', status, when, times: 1_000_000 });
    const answer = await work();
    await stack.control('faults/clear');
    return answer;
  }

  /** Another attempt of each, which meets a fault. */
  async function park(declined: readonly Charge[]): Promise<void> {
    await atOnce(AT_ONCE, declined, (charge) => accepted(charge, 'retry'));
    const hosts = new Set(declined.map(({ host: of }) => of));
    await atOnce(AT_ONCE, [...hosts], (of) =>
      seen(
        declined.filter(({ host: mine }) => mine === of),
        'needs_attention',
      ),
    );
  }

  return { host, charges, begun, whileFaulty, park, command, tell, move, moved, rowOf, state };
}

function objectOf({ id: chargeId, intentId, host }: Charge, type: Word): object {
  const payment_intent = intentId ?? 'pi_of_nobody';
  if (type.startsWith('payment_intent.')) {
    const metadata = { enrollment_id: host.id, charge_id: chargeId };
    return { id: payment_intent, object: 'payment_intent', status: type.split('.')[1], metadata };
  }
  if (type.startsWith('payment_method.')) {
    return { id: host.methodId, object: 'payment_method', customer: host.stripeCustomerId };
  }
  if (type.startsWith('checkout.')) {
    return { id: host.sessionId, object: 'checkout.session', mode: 'setup', client_reference_id: host.id };
  }
  return { id: `obj_${chargeId}`, payment_intent };
}

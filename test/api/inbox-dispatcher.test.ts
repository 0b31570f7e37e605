import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import type Stripe from 'stripe';
import { BillingUnavailable } from '../../api/billing-client.ts';
import { createInboxDispatcher, type InboxDispatcher } from '../../api/inbox-dispatcher.ts';
import { createLogger } from '../../config/logger.ts';
import { receiveStripeEvent } from '../../db/stripe-events.ts';
import { receivedEventOf } from '../../domain/received-event.ts';
import { waitFor } from '../support/wait.ts';
import { seedCharge, seedEnrollment } from '../web/rows.ts';
import { startApi, type TestApi } from './test-api.ts';
import { sessionEvent, stripeEvent } from './webhook-events.ts';

let api: TestApi;
const ENROLLMENT = `enr_${'a'.repeat(26)}`;

beforeEach(async () => {
  api = await startApi();
});
afterEach(() => api.close());

/** Keeps events as the route does, without delivering them. */
async function keep(count: number, leased = false): Promise<string[]> {
  const events = Array.from({ length: count }, (_, index) =>
    sessionEvent('completed', `cs_test_${index}`, { client_reference_id: ENROLLMENT }),
  );
  for (const event of events) {
    await receiveStripeEvent(
      api.db,
      {
        id: event.id,
        type: event.type,
        apiVersion: event.api_version,
        livemode: false,
        objectId: null,
        payload: event,
        stripeCreatedAt: new Date(),
        ignoredReason: null,
      },
      leased,
    );
  }
  return events.map(({ id }) => id);
}

const rows = () => api.db.selectFrom('stripe_events').selectAll().execute();

const allSignalled = () =>
  waitFor('all events to be signalled', async () =>
    (await rows()).every(({ signalled_at }) => signalled_at !== null),
  );

describe('the inbox', () => {
  it('delivers at its start what was accepted before', async () => {
    await keep(40);
    api.inbox.start();
    await allSignalled();
    expect(api.asked).toHaveLength(40);
  });

  it('steps back while more comes in than it can deliver, and not for longer', async () => {
    const rooms = () => {
      const slots = Array.from({ length: 20 }, () => api.inbox.reserve()).filter((slot) => slot !== null);
      for (const slot of slots) {
        slot.giveBack();
      }
      return slots.length;
    };
    expect(rooms()).toBe(16);
    for (let come = 0; come < 300; come += 1) {
      api.inbox.reserve()?.giveBack();
    }
    expect(rooms()).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 450));
    expect(rooms()).toBe(16);
  });

  it('delivers few of those that wait while a flood lasts, and all of them afterwards', async () => {
    await keep(40);
    const flood = () => {
      for (let come = 0; come < 150; come += 1) {
        api.inbox.reserve()?.giveBack();
      }
    };
    flood();
    flood();
    const flooding = setInterval(flood, 50);
    api.inbox.start();
    try {
      await new Promise((resolve) => setTimeout(resolve, 650));
      // Ten a second; the slowest machine delivers one.
      expect(api.asked.length).toBeLessThanOrEqual(8);
      expect(api.asked.length).toBeGreaterThanOrEqual(1);
    } finally {
      clearInterval(flooding);
    }
    await allSignalled();
    expect(api.asked).toHaveLength(40);
  });

  it('shares the rows with another process, none twice', async () => {
    const seen: string[] = [];
    const another: InboxDispatcher = createInboxDispatcher({
      db: api.db,
      billing: {
        ...usualBilling,
        checkoutSessionCompleted: async (_id, session) => {
          seen.push(session);
          return true;
        },
      },
      livemode: false,
      log: createLogger({ LOG_LEVEL: 'error' }),
      pollMs: 20,
    });
    await keep(60);
    api.inbox.start();
    another.start();
    await allSignalled();
    await another.stop();
    const mine = api.asked.map(({ args }) => args[1]);
    expect([...mine, ...seen]).toHaveLength(60);
    expect(new Set([...mine, ...seen]).size).toBe(60);
  });

  it('leaves a row to the process that leased it, until the lease is over', async () => {
    const [id] = await keep(1, true);
    await keep(1);
    api.inbox.start();
    await waitFor('the other row', () => api.asked.length === 1);
    await api.inbox.stop();
    const leased = (await rows()).find((row) => row.id === id);
    expect(leased?.signalled_at).toBeNull();
    expect(leased?.next_signal_at.getTime()).toBeGreaterThan(Date.now() + 10_000);
    await api.db
      .updateTable('stripe_events')
      .set({ next_signal_at: new Date() })
      .where('signalled_at', 'is', null)
      .execute();
    api.inbox.start();
    await allSignalled();
  });

  it('waits longer after each failure, and delivers when Temporal is back', async () => {
    api.answers.checkoutSessionCompleted = async () => {
      throw new BillingUnavailable('Temporal is away', new Error());
    };
    await keep(1);
    const waits: number[] = [];
    for (const attempt of [1, 2, 3, 4]) {
      await api.db.updateTable('stripe_events').set({ next_signal_at: new Date() }).execute();
      api.inbox.start();
      await waitFor(`attempt ${attempt}`, () => api.asked.length === attempt);
      await api.inbox.stop();
      const [row] = await rows();
      expect(row).toMatchObject({ signal_attempts: attempt, last_error: 'Temporal is away' });
      waits.push(Math.round(((row?.next_signal_at.getTime() ?? 0) - Date.now()) / 1000));
    }
    expect(waits).toEqual([1, 2, 4, 8]);
    await api.db
      .updateTable('stripe_events')
      .set({ signal_attempts: 60, next_signal_at: new Date() })
      .execute();
    api.inbox.start();
    await waitFor('attempt 61', () => api.asked.length === 5);
    await api.inbox.stop();
    const [late] = await rows();
    expect(Math.round(((late?.next_signal_at.getTime() ?? 0) - Date.now()) / 1000)).toBeLessThanOrEqual(300);

    delete api.answers.checkoutSessionCompleted;
    await api.db.updateTable('stripe_events').set({ next_signal_at: new Date() }).execute();
    api.inbox.start();
    await allSignalled();
    expect(await rows()).toMatchObject([{ last_error: null }]);
  });

  it('asks for the row of a payment for ten minutes after a dispute of it came in, however old it is', async () => {
    const twoHoursAgo = Math.floor(Date.now() / 1_000) - 7_200;
    const keepDispute = async (paymentIntentId: string) => {
      const event = stripeEvent(
        'charge.dispute.created',
        { id: `du_${paymentIntentId}`, payment_intent: paymentIntentId },
        { created: twoHoursAgo },
      );
      const received = receivedEventOf(event as unknown as Stripe.Event, false);
      await receiveStripeEvent(api.db, received, false);
      return event.id;
    };
    const ours = await keepDispute('pi_ours');
    const strangers = await keepDispute('pi_of_another_product');
    const rowOf = async (id: string) => (await rows()).find((row) => row.id === id);
    api.inbox.start();
    await waitFor('both to be asked about', async () =>
      (await rows()).every(({ last_error }) => last_error !== null),
    );
    const charge = await seedCharge(api.db, await seedEnrollment(api.db), { payment_intent_id: 'pi_ours' });
    await sql`update stripe_events set received_at = now() - interval '11 minutes', next_signal_at = now()`.execute(
      api.db,
    );
    await waitFor('both to be done', async () =>
      (await rows()).every(
        ({ signalled_at, ignored_reason }) => signalled_at !== null || ignored_reason !== null,
      ),
    );
    expect(api.asked).toMatchObject([{ name: 'chargeAftermath', args: [{ id: charge }] }]);
    expect((await rowOf(ours))?.signalled_at).not.toBeNull();
    expect((await rowOf(strangers))?.ignored_reason).toBe('PaymentIntent of no charge of ours');
  });

  it('delivers the others while one fails', async () => {
    api.answers.checkoutSessionCompleted = async (_id, session) => {
      if (session === 'cs_test_3') {
        throw new TypeError('poison');
      }
      return true;
    };
    const ids = await keep(8);
    api.inbox.start();
    await waitFor('seven events', async () => (await rows()).filter((row) => row.signalled_at).length === 7);
    const poison = await waitFor('what went wrong with the other one', async () =>
      (await rows()).find((row) => row.id === ids[3] && row.last_error !== null),
    );
    expect(poison).toMatchObject({ signalled_at: null, ignored_reason: null, last_error: 'poison' });
  });

  it('has a bound on what is under way; the rest waits in its row', async () => {
    let release = () => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    let most = 0;
    let now = 0;
    api.answers.checkoutSessionCompleted = async () => {
      now += 1;
      most = Math.max(most, now);
      await gate;
      now -= 1;
      return true;
    };
    const events = Array.from({ length: 30 }, (_, index) =>
      sessionEvent('completed', `cs_test_${index}`, { client_reference_id: ENROLLMENT }),
    );
    const replies = await Promise.all(events.map((event) => api.webhook(event)));
    expect(replies.every(({ status }) => status === 200)).toBe(true);
    await waitFor('the bound', () => now === 16);
    api.inbox.start();
    release();
    await allSignalled();
    expect(most).toBe(16);
    expect(api.asked).toHaveLength(30);
  });

  it('takes what waits as soon as there is room, oldest first, before what comes in then', async () => {
    const slow = await startApi({ pollMs: 3_600_000 });
    try {
      slow.inbox.start();
      slow.answers.checkoutSessionCompleted = async () => {
        await new Promise((resolve) => setTimeout(resolve, 20));
        return true;
      };
      const send = (from: number, count: number) =>
        Promise.all(
          Array.from({ length: count }, (_, index) =>
            slow.webhook(
              sessionEvent('completed', `cs_test_${from + index}`, { client_reference_id: ENROLLMENT }),
            ),
          ),
        );
      await send(100, 60);
      await send(200, 4);
      // The poll comes in an hour: only what was woken can have done it.
      await waitFor('all to be told', () => slow.asked.length === 64);
      const order = slow.asked.map((asked) => JSON.stringify(asked));
      const firstLate = order.findIndex((asked) => asked.includes('cs_test_20'));
      expect(firstLate).toBeGreaterThan(30);
    } finally {
      await slow.close();
    }
  });

  it('finishes what is under way before it stops, and takes nothing more', async () => {
    let delivered = false;
    api.answers.checkoutSessionCompleted = async () => {
      await new Promise((resolve) => setTimeout(resolve, 200));
      delivered = true;
      return true;
    };
    await keep(1);
    api.inbox.start();
    await waitFor('the delivery to begin', () => api.asked.length === 1);
    await api.inbox.stop();
    expect(delivered).toBe(true);
    expect(await rows()).toMatchObject([{ signalled_at: expect.any(Date) }]);
  });

  it('survives a database that is away for a while', async () => {
    const away = await startApi({ databaseUrl: 'postgres://nobody@127.0.0.1:9/none', pollMs: 5 });
    try {
      away.inbox.start();
      await waitFor(
        'two failed looks',
        () => away.logged.filter((line) => line.includes('the inbox could not be read')).length >= 2,
      );
    } finally {
      await away.close();
    }
  });
});

const usualBilling = {
  enroll: unasked,
  openCheckoutSession: unasked,
  cancelEnrollment: unasked,
  resumeEnrollment: unasked,
  resumeCharge: unasked,
  createCharge: unasked,
  checkoutSessionExpired: unasked,
  paymentIntentChanged: unasked,
  paymentMethodChanged: async () => true,
  chargeAftermath: async () => {},
};

async function unasked(): Promise<never> {
  throw new Error('not expected in this test');
}

/**
 * Delivers accepted webhooks to their Workflows: at once when they come in, and later whatever is still due, also
 * after a restart or while another process has died over it. The mark comes after the signal, so a crash between them
 * signals again; Workflows are written to accept that. It never gives a row up.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Kysely } from 'kysely';
import type { Logger } from 'pino';
import { findSessionFacts, type SessionName } from '../db/event-facts.ts';
import type { Database } from '../db/schema.ts';
import { claimStripeEvents, markIgnored, markSignalled, postponeStripeEvent } from '../db/stripe-events.ts';
import { readStripeEvent } from '../domain/stripe-event.ts';
import type { SessionFacts } from '../domain/stripe-event-decision.ts';
import { BillingUnavailable } from './billing-client.ts';
import { coalesce } from './coalesce.ts';
import { decide, type EventReceiver, RowOnItsWay, tellWorkflow } from './event-routing.ts';
import { createFloodGauge } from './flood.ts';

export interface InboxOptions {
  db: Kysely<Database>;
  billing: EventReceiver;
  /** Mode of the Stripe key. */
  livemode: boolean;
  log: Logger;
  /** Time between two looks for rows that are due. @default 1000 */
  pollMs?: number;
  /** Told of every delivery, and how long after the event came in; for metrics. */
  onDelivery?: (outcome: 'signalled' | 'ignored' | 'failed', lagSeconds: number) => void;
}

/** Room for one delivery; whoever reserved it delivers, or gives it back. */
export interface Slot {
  /**
   * Begins the delivery of an event that the caller has just stored under a lease. Never throws; a failure leaves the
   * row due for later.
   */
  deliver(event: { id: string; payload: unknown }): void;
  giveBack(): void;
}

export interface InboxDispatcher {
  /**
   * Room to deliver one more event that has come in, at once; null when there is none, or when others wait already. While
   * more come in than can be delivered, deliveries step back: Stripe waits for its answers.
   */
  reserve(): Slot | null;
  /** A row was kept that found no room: it is taken in its turn, as soon as there is. */
  wake(): void;
  /** Takes what waits, and looks for due rows now and then, from now on. */
  start(): void;
  /** Takes no more, and waits for what is under way. */
  stop(): Promise<void>;
  /** Resolves when nothing is under way. */
  idle(): Promise<void>;
}

/** `received_at` is absent for what has just been stored. */
interface Delivery {
  id: string;
  payload: unknown;
  received_at?: Date;
}

/** Deliveries under way at once; what comes beyond waits in its row. */
const CONCURRENCY = 16;
/**
 * While more come in than can be delivered, what is answered first is worked off later; few are delivered meanwhile, since
 * each keeps Worker and server busy for tens of milliseconds after its signal.
 */
const CONCURRENCY_IN_FLOOD = 1;
const BREATH_IN_FLOOD_MS = 100;
/** How long room that was promised to a row being written is waited for. */
const PROMISED_MS = 20;

export function createInboxDispatcher(options: InboxOptions): InboxDispatcher {
  const { db, billing, livemode, log, pollMs = 1_000, onDelivery = () => {} } = options;
  const underWay = new Set<Promise<void>>();
  const findSession = coalesce<SessionName, SessionFacts | null>({
    together: (names) => findSessionFacts(db, names),
    keyOf: (name) => ('checkoutSessionId' in name ? name.checkoutSessionId : name.setupIntentId),
  });
  const mark = coalesce<{ id: string; enrollmentId: string }, void>({
    together: async (delivered) => {
      await markSignalled(db, delivered);
      return delivered.map(() => undefined);
    },
    keyOf: ({ id }) => id,
  });
  const ignore = coalesce<{ id: string; reason: string; enrollmentId: string | null }, void>({
    together: async (ignored) => {
      await markIgnored(db, ignored);
      return ignored.map(() => undefined);
    },
    keyOf: ({ id }) => id,
  });
  let reserved = 0;
  let timer: NodeJS.Timeout | null = null;
  let running = false;
  /** Rows wait for room: what comes in now lines up behind them. */
  let behind = false;
  /** Rows were kept since the sweep last looked. */
  let woken = false;

  const arrivals = createFloodGauge();
  const room = () => (arrivals.isFlood() ? CONCURRENCY_IN_FLOOD : CONCURRENCY) - underWay.size - reserved;

  function reserve(): Slot | null {
    arrivals.count();
    if (behind || room() <= 0) {
      return null;
    }
    reserved += 1;
    return {
      deliver(event) {
        reserved -= 1;
        deliver(event);
      },
      giveBack() {
        reserved -= 1;
      },
    };
  }

  function deliver(event: Delivery): void {
    const delivery = deliverOne(event)
      .then(() => (arrivals.isFlood() ? pause(BREATH_IN_FLOOD_MS) : undefined))
      .finally(() => underWay.delete(delivery));
    underWay.add(delivery);
  }

  async function deliverOne(event: Delivery): Promise<void> {
    const receivedMs = event.received_at?.getTime() ?? Date.now();
    const lagSeconds = () => Math.max(0, (Date.now() - receivedMs) / 1000);
    try {
      onDelivery(await route(event), lagSeconds());
    } catch (error) {
      onDelivery('failed', lagSeconds());
      const message = error instanceof Error ? error.message : String(error);
      // Of a payment that is not ours, as a refund of another product's on the same account, nobody needs to hear.
      const level =
        error instanceof RowOnItsWay ? 'info' : error instanceof BillingUnavailable ? 'warn' : 'error';
      log[level]({ err: error, stripe_event_id: event.id }, 'webhook is not delivered yet');
      // When even that fails, the lease runs out and the row is due again.
      await postponeStripeEvent(db, event.id, message).catch((cause: unknown) => {
        log.error({ err: cause, stripe_event_id: event.id }, 'webhook could not be postponed');
      });
    }
  }

  async function route(event: Delivery): Promise<'signalled' | 'ignored'> {
    const read = readStripeEvent(event.payload, livemode);
    const decision = 'ask' in read ? await decide(db, findSession, read, event.received_at ?? null) : read;
    if (decision.kind === 'ignore') {
      await ignore({ id: event.id, reason: decision.reason, enrollmentId: null });
      return 'ignored';
    }
    const { enrollmentId } = decision;
    const fields = { stripe_event_id: event.id, enrollment_id: enrollmentId, signal: decision.signal };
    if (await tellWorkflow(db, billing, decision)) {
      await mark({ id: event.id, enrollmentId });
      log.info(fields, 'webhook delivered');
      return 'signalled';
    }
    await ignore({ id: event.id, reason: 'workflow closed or unknown', enrollmentId });
    log.info(fields, 'webhook ignored: workflow closed or unknown');
    return 'ignored';
  }

  function wake(): void {
    if (running) {
      behind = true;
      woken = true;
      sweep();
    }
  }

  /** One at a time; whoever asks meanwhile has it look once more. */
  function sweep(): void {
    sweeping ??= takeWhatIsDue()
      .catch((error: unknown) => log.warn({ err: error }, 'the inbox could not be read'))
      .finally(() => {
        sweeping = null;
        behind = false;
      });
  }

  /** Oldest first, as there is room, until nothing is due. */
  async function takeWhatIsDue(): Promise<void> {
    while (running) {
      const wanted = room();
      if (wanted <= 0) {
        await Promise.race([...underWay, pause(PROMISED_MS)]);
        continue;
      }
      woken = false;
      reserved += wanted;
      const due = await claimStripeEvents(db, wanted).finally(() => {
        reserved -= wanted;
      });
      due.forEach(deliver);
      if (due.length < wanted && !woken) {
        return;
      }
    }
  }

  function schedule(): void {
    timer = setTimeout(() => {
      sweep();
      schedule();
    }, pollMs);
    timer.unref();
  }

  let sweeping: Promise<void> | null = null;

  async function idle(): Promise<void> {
    while (underWay.size > 0) {
      await Promise.all(underWay);
    }
  }

  return {
    reserve,
    wake,
    start() {
      if (!running) {
        running = true;
        schedule();
      }
    },
    async stop() {
      running = false;
      if (timer !== null) {
        clearTimeout(timer);
      }
      await sweeping;
      await idle();
    },
    idle,
  };
}

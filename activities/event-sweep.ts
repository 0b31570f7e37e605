/**
 * The sweep over Stripe's events: whatever should have come as a webhook and did not is put into the same inbox, from
 * which the API delivers it. Called by `workflows/event-sweep.ts`. It acts on no event itself.
 */
import { unknownStripeEvents } from '../db/inbox-operations.ts';
import { receiveStripeEvent } from '../db/stripe-events.ts';
import { moveCursor, readCursor } from '../db/sweep-cursors.ts';
import { receivedEventOf } from '../domain/received-event.ts';
import { isSecondWord, STRIPE_EVENT_TYPES } from '../domain/stripe-event.ts';
import type { ActivityDeps } from './deps.ts';
import { patientFailureOf } from './stripe-errors.ts';

const CURSOR = 'stripe-events';
/** How far back the first sweep looks: Stripe itself repeats a webhook for three days. */
const FIRST_REACH_MS = 3 * 86_400_000;
/** Looked at again each time: Stripe does not promise that events are listed in the order they were created. */
const OVERLAP_MS = 10 * 60_000;

export interface SweepReport {
  /** Events that had never come in. */
  found: number;
  /** ISO 8601, UTC, by Stripe's clock. */
  sweptUntil: string;
}

export function createEventSweepActivities(deps: ActivityDeps) {
  return {
    /**
     * Looks at all events since the last sweep that are older than `travelMs`: younger ones may still be on their way.
     * Safe to repeat: an event is kept once, and the cursor moves after the events are kept.
     */
    async sweepStripeEvents(work: { travelMs: number }): Promise<SweepReport> {
      const { db, stripe, livemode } = deps;
      const until = Date.now() - work.travelMs;
      const reached = (await readCursor(db, CURSOR))?.getTime() ?? until - FIRST_REACH_MS;
      const created = {
        gte: Math.floor(Math.min(reached - OVERLAP_MS, until) / 1000),
        lte: Math.floor(until / 1000),
      };
      let found = 0;
      const list = { types: [...STRIPE_EVENT_TYPES], created, limit: 100 };
      let after: string | undefined;
      for (;;) {
        const page = await stripe.events
          .list(after === undefined ? list : { ...list, starting_after: after })
          .catch((error: unknown) => {
            throw patientFailureOf(error, 'listing events');
          });
        const unknown = await unknownStripeEvents(
          db,
          page.data.map(({ id }) => id),
        );
        for (const event of page.data.filter(({ id }) => unknown.has(id))) {
          const isNew = await receiveStripeEvent(
            db,
            receivedEventOf(event, livemode),
            isSecondWord(event.type),
          );
          found += isNew ? 1 : 0;
        }
        after = page.data.at(-1)?.id;
        if (!page.has_more || after === undefined) {
          break;
        }
      }
      await moveCursor(db, CURSOR, new Date(until), found);
      return { found, sweptUntil: new Date(until).toISOString() };
    },
  };
}

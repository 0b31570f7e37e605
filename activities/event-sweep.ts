/**
 * The sweep over Stripe's events: whatever should have come as a webhook and did not is put into the same inbox, from
 * which the API delivers it. Called by `workflows/event-sweep.ts`. It acts on no event itself.
 *
 * It walks from the oldest event that it has not seen to the newest, which is against the order of Stripe's lists, and
 * remembers each page: after a long outage it takes several sweeps, and each goes on where the one before ended.
 */
import type { Stripe } from 'stripe';
import { unknownStripeEvents } from '../db/inbox-operations.ts';
import { receiveStripeEvents } from '../db/stripe-events.ts';
import { moveCursor, readCursor } from '../db/sweep-cursors.ts';
import { receivedEventOf } from '../domain/received-event.ts';
import { isSecondWord, STRIPE_EVENT_LISTS } from '../domain/stripe-event.ts';
import type { ActivityDeps } from './deps.ts';
import { patientFailureOf } from './stripe-errors.ts';

/** One walk for each list of types that Stripe takes, with a cursor of its own. */
const WALKS = STRIPE_EVENT_LISTS.map((types, at) => ({
  cursor: at === 0 ? 'stripe-events' : `stripe-events-${at + 1}`,
  types,
}));
type Walk = (typeof WALKS)[number];
/** How far back the first sweep looks: Stripe itself repeats a webhook for three days. */
const FIRST_REACH_S = 3 * 86_400;
/** Younger events are looked at again by the next sweep: Stripe does not promise to list them in the order of creation. */
const SETTLED_AFTER_S = 10 * 60;
/** No page is asked for later: the Workflow gives the Activity 60 s, and a request may take 20 s. */
const ASK_FOR_MS = 30_000;

export interface SweepReport {
  /** Events that had never come in. */
  found: number;
  /** ISO 8601, UTC, by Stripe's clock: how far this sweep came; the next goes on from there when time was up. */
  sweptUntil: string;
}

/** How far a walk has come: all that was created before `from` (epoch seconds), and all that is listed up to `last`. */
interface Place {
  from: number;
  last: Stripe.Event | undefined;
}

export function createEventSweepActivities(deps: ActivityDeps) {
  return {
    /**
     * Looks at events since the last sweep that are older than `travelMs`: younger ones may still be on their way. Ends
     * early rather than late. Safe to repeat: an event is kept once, and the cursor moves after the events are kept.
     */
    async sweepStripeEvents(work: { travelMs: number }): Promise<SweepReport> {
      const beganMs = Date.now();
      // Side by side, so that none takes time from another. One that fails has the rest of them come as far as they can,
      // and none is still under way when it is all tried again.
      const walks = WALKS.map((walk) => sweep(walk, beganMs, work.travelMs));
      await Promise.allSettled(walks);
      const reports = await Promise.all(walks);
      return {
        found: reports.reduce((sum, { found }) => sum + found, 0),
        sweptUntil: new Date(
          Math.min(...reports.map(({ sweptUntil }) => Date.parse(sweptUntil))),
        ).toISOString(),
      };
    },
  };

  async function sweep(walk: Walk, beganMs: number, travelMs: number): Promise<SweepReport> {
    const until = secondsOf(beganMs - travelMs) + 1;
    const newest = (await list(walk, { limit: 1 })).data[0];
    if (newest === undefined) {
      return { found: 0, sweptUntil: new Date(until * 1000).toISOString() };
    }
    // No later than what there is, by Stripe's clock: this host's may be wrong.
    const settled = Math.min(secondsOf(beganMs) - SETTLED_AFTER_S, newest.created);
    const reached = secondsOf((await readCursor(deps.db, walk.cursor))?.getTime() ?? 0);
    // A clock that was ahead has left it there, and nobody knows what was not looked at.
    let isWrong = reached > newest.created;
    const from = isWrong || reached === 0 ? until - FIRST_REACH_S : Math.min(reached, until);
    let place: Place = { from, last: undefined };
    let found = 0;
    while (place.from < until && Date.now() - beganMs < ASK_FOR_MS) {
      const step = await next(walk, place, until);
      place = step.place;
      found += step.found;
      const sweptUntil = new Date(Math.min(place.from, settled) * 1000);
      await moveCursor(deps.db, walk.cursor, sweptUntil, step.found, isWrong);
      isWrong = false;
    }
    return { found, sweptUntil: new Date(place.from * 1000).toISOString() };
  }

  /** Takes the next page, the oldest events that were not seen. */
  async function next(
    walk: Walk,
    { from, last }: Place,
    until: number,
  ): Promise<{ place: Place; found: number }> {
    const before = last ?? (await list(walk, { created: { lt: from }, limit: 1 })).data[0];
    if (before === undefined) {
      return first(walk, from, until);
    }
    const page = await list(walk, { created: { lt: until }, ending_before: before.id });
    const found = await keep(page.data);
    const newest = page.data[0];
    return newest === undefined || !page.has_more
      ? { place: { from: until, last: newest }, found }
      : { place: { from: Math.max(from, newest.created), last: newest }, found };
  }

  /** Where nothing is older there is no event to go on from: the first ones are looked for by time. */
  async function first(walk: Walk, from: number, until: number): Promise<{ place: Place; found: number }> {
    let lt = until;
    let page = await list(walk, { created: { gte: from, lt } });
    while (page.has_more && lt - from > 1) {
      lt = from + Math.ceil((lt - from) / 2);
      page = await list(walk, { created: { gte: from, lt } });
    }
    const newest = page.data[0];
    let found = await keep(page.data);
    while (page.has_more) {
      page = await list(walk, { created: { gte: from, lt }, starting_after: page.data.at(-1)?.id ?? '' });
      found += await keep(page.data);
    }
    return { place: { from: lt, last: newest }, found };
  }

  async function list({ types }: Walk, asked: Stripe.EventListParams) {
    try {
      return await deps.stripe.events.list({ types: [...types], limit: 100, ...asked });
    } catch (error) {
      throw patientFailureOf(error, 'listing events');
    }
  }

  /** @returns how many of them had never come in */
  async function keep(events: readonly Stripe.Event[]): Promise<number> {
    const { db, livemode } = deps;
    const unknown = await unknownStripeEvents(
      db,
      events.map(({ id }) => id),
    );
    const missing = events.filter(({ id }) => unknown.has(id));
    if (missing.length === 0) {
      return 0;
    }
    const arrivals = missing.map((event) => ({
      event: receivedEventOf(event, livemode),
      leased: isSecondWord(event.type),
    }));
    return (await receiveStripeEvents(db, arrivals)).filter((isNew) => isNew).length;
  }
}

function secondsOf(ms: number): number {
  return Math.floor(ms / 1000);
}

/**
 * Lets the Activities of one Worker begin evenly. The limit of rate on the Task Queue holds all Workers together to it,
 * but a queue that stood idle hands out a second's worth at once on top, and Stripe would answer 429 to some of that.
 */
import type { ActivityInboundCallsInterceptor } from '@temporalio/worker';
import pThrottle from 'p-throttle';

/** A little faster than the queue gives, so that what waits here never piles up; with 97 of 100 a second it still fits. */
const MARGIN = 1.02;

/**
 * The interceptor that all Activities of a Worker share. It makes them wait in the order in which they came: within the
 * second that the queue handed out too early, never longer.
 * @param perSecond limit of the Task Queue
 */
export function paceInterceptor(perSecond: number): ActivityInboundCallsInterceptor {
  const turn = pThrottle({ limit: 1, interval: 1_000 / (perSecond * MARGIN), strict: true })(() => undefined);
  return {
    async execute(input, next) {
      await turn();
      return next(input);
    },
  };
}

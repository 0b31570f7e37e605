/**
 * Keeps a long Activity alive in the server's eyes, so that a Worker that died is noticed within seconds and the customer
 * does not wait for the whole timeout. Most Activities end before the first heartbeat, which would be a billable action.
 */
import { Context } from '@temporalio/activity';
import type { ActivityInboundCallsInterceptor } from '@temporalio/worker';

/** Well below the heartbeat timeout that the Workflow asks for, and above what a call to Stripe usually takes. */
const BEAT_EVERY_MS = 4_000;

export function heartbeatInterceptor(): ActivityInboundCallsInterceptor {
  return {
    async execute(input, next) {
      const context = Context.current();
      const timer = setInterval(() => context.heartbeat(), BEAT_EVERY_MS);
      try {
        return await next(input);
      } finally {
        clearInterval(timer);
      }
    },
  };
}

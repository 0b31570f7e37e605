/**
 * Activities that have outlived their time-out: the server has given them to another Worker, and what they would send now
 * is nobody's wish. A host that was suspended learns of it later than its requests go out.
 */
import { Context } from '@temporalio/activity';
import type { ActivityExecuteInput, ActivityInboundCallsInterceptor, Next } from '@temporalio/worker';

/** By the wall clock: the monotonic one stands still while a host is suspended. */
const startedAtMs = new WeakMap<Context, number>();

export function startInterceptor() {
  return {
    execute(input: ActivityExecuteInput, next: Next<ActivityInboundCallsInterceptor, 'execute'>) {
      startedAtMs.set(Context.current(), Date.now());
      return next(input);
    },
  } satisfies ActivityInboundCallsInterceptor;
}

/** Whether the running Activity has taken longer than from its start to its close is allowed. */
export function isOverdue(): boolean {
  const context = Context.current();
  const startedMs = startedAtMs.get(context);
  return startedMs !== undefined && Date.now() - startedMs > context.info.startToCloseTimeoutMs;
}

/** Tells how late the first attempt of a scheduled charge begins. For metrics; changes nothing about the Activity. */
import { Context } from '@temporalio/activity';
import type { ActivityInboundCallsInterceptor } from '@temporalio/worker';
import { type AskedOfAttempt, type AskedOfCharge, workOf } from '../activities/charge-work.ts';
import type { Activities } from '../activities/index.ts';

const COLLECT: keyof Activities = 'collectCharge';

/** @param onFirstAttempt told once for each charge, in seconds since it could be made; below 0 where time is skipped */
export function scheduleLagInterceptor(
  onFirstAttempt: (lagSeconds: number) => void,
): ActivityInboundCallsInterceptor {
  return {
    execute(input, next) {
      const { activityType, attempt } = Context.current().info;
      const asked = input.args[0];
      if (activityType === COLLECT && attempt === 1 && isAskedOfCharge(asked)) {
        const lagSeconds = scheduleLag(asked, Date.now());
        if (lagSeconds !== null) {
          onFirstAttempt(lagSeconds);
        }
      }
      return next(input);
    },
  };
}

/**
 * Seconds since a scheduled charge fell due, or since what held it back was over; null where it is not the first attempt,
 * or somebody asked for it.
 */
export function scheduleLag(asked: AskedOfCharge & Partial<AskedOfAttempt>, nowMs: number): number | null {
  const { charge, by, heldUntil } = workOf(asked);
  if (charge.attempts > 0 || charge.origin !== 'schedule' || by !== null) {
    return null;
  }
  return (nowMs - Math.max(Date.parse(charge.dueAt), Date.parse(heldUntil ?? charge.dueAt))) / 1000;
}

/** An Activity gets what its Workflow was typed to give, by this version or the one before. */
function isAskedOfCharge(asked: unknown): asked is AskedOfCharge & Partial<AskedOfAttempt> {
  return typeof asked === 'object' && asked !== null && ('toldCharge' in asked || 'charge' in asked);
}

/** Tells how late the first attempt of a scheduled charge begins. For metrics; changes nothing about the Activity. */
import { Context } from '@temporalio/activity';
import type { ActivityInboundCallsInterceptor } from '@temporalio/worker';
import { type AskedOfCharge, workOf } from '../activities/charge-work.ts';
import type { Activities } from '../activities/index.ts';

const COLLECT: keyof Activities = 'collectCharge';

/** @param onFirstAttempt told once for each charge, in seconds since it fell due; below 0 where time is skipped */
export function scheduleLagInterceptor(
  onFirstAttempt: (lagSeconds: number) => void,
): ActivityInboundCallsInterceptor {
  return {
    execute(input, next) {
      const { activityType, attempt } = Context.current().info;
      const asked = input.args[0];
      if (activityType === COLLECT && attempt === 1 && isAskedOfCharge(asked)) {
        const { charge, by } = workOf(asked);
        if (charge.attempts === 0 && charge.origin === 'schedule' && by === null) {
          onFirstAttempt((Date.now() - Date.parse(charge.dueAt)) / 1000);
        }
      }
      return next(input);
    },
  };
}

/** An Activity gets what its Workflow was typed to give, by this version or the one before. */
function isAskedOfCharge(asked: unknown): asked is AskedOfCharge {
  return typeof asked === 'object' && asked !== null && ('toldCharge' in asked || 'charge' in asked);
}

/** Tells how late the first attempt of a scheduled charge begins. For metrics; changes nothing about the Activity. */
import { Context } from '@temporalio/activity';
import type { ActivityInboundCallsInterceptor } from '@temporalio/worker';
import type { ChargeWork } from '../activities/charge-work.ts';
import type { Activities } from '../activities/index.ts';

const COLLECT: keyof Activities = 'collectCharge';

/** @param onFirstAttempt told once for each charge, in seconds since it fell due; below 0 where time is skipped */
export function scheduleLagInterceptor(
  onFirstAttempt: (lagSeconds: number) => void,
): ActivityInboundCallsInterceptor {
  return {
    execute(input, next) {
      const { activityType, attempt } = Context.current().info;
      const work = input.args[0];
      if (activityType === COLLECT && attempt === 1 && isWork(work) && isFirstOfSchedule(work)) {
        onFirstAttempt((Date.now() - Date.parse(work.charge.dueAt)) / 1000);
      }
      return next(input);
    },
  };
}

/** An Activity gets what its Workflow was typed to give. */
function isWork(work: unknown): work is ChargeWork {
  return typeof work === 'object' && work !== null && 'charge' in work;
}

function isFirstOfSchedule({ charge, by }: ChargeWork): boolean {
  return charge.attempts === 0 && charge.origin === 'schedule' && by === null;
}

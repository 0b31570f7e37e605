/** The Schedule of the sweep over Stripe's events. Ensured by every Worker process when it starts. */
import { type Client, ScheduleAlreadyRunning, type ScheduleOptionsAction } from '@temporalio/client';

/** Time that a webhook usually needs at most; a sweep leaves younger events alone. */
const TRAVEL_MS = 60_000;

export function eventSweepScheduleId(taskQueue: string): string {
  return `stripe-event-sweep/${taskQueue}`;
}

/**
 * Makes the Schedule, or gives the one there is this interval; `everySeconds` 0 pauses it. Safe to call twice, and from
 * several processes at once.
 */
export async function ensureEventSweep(
  client: Client,
  taskQueue: string,
  everySeconds: number,
): Promise<'created' | 'updated' | 'off'> {
  const scheduleId = eventSweepScheduleId(taskQueue);
  const action: ScheduleOptionsAction = {
    type: 'startWorkflow',
    workflowType: 'eventSweepWorkflow',
    workflowId: scheduleId,
    taskQueue,
    args: [{ travelMs: Math.min(TRAVEL_MS, everySeconds * 1000) }],
  };
  const spec = { intervals: [{ every: `${everySeconds} seconds` as const }] };
  // One at a time, and after an outage one instead of all that were missed: it reaches back by itself.
  const policies = { overlap: 'SKIP', catchupWindow: '1 minute' } as const;
  const handle = client.schedule.getHandle(scheduleId);
  if (everySeconds === 0) {
    await handle.pause('STRIPE_EVENT_SWEEP_SECONDS is 0').catch(() => undefined);
    return 'off';
  }
  try {
    await client.schedule.create({
      scheduleId,
      spec,
      action,
      policies,
      state: { triggerImmediately: true, note: 'Looks at Stripe for events whose webhook never came.' },
    });
    return 'created';
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) {
      throw error;
    }
  }
  await handle.update((previous) => ({
    ...previous,
    spec,
    action: { ...action, workflowId: scheduleId },
    policies,
  }));
  await handle.unpause();
  return 'updated';
}

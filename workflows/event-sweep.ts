/**
 * One look for webhooks that never came. Started by a Schedule (`worker/event-sweep-schedule.ts`), so that it happens
 * once for the whole installation however many Workers run.
 */
import type { SweepReport } from '../activities/event-sweep.ts';
import { scheduled } from './stripe-activities.ts';

/** @param work.travelMs events younger than this may still be on their way */
export async function eventSweepWorkflow(work: { travelMs: number }): Promise<SweepReport> {
  return scheduled('Look at Stripe for events whose webhook never came').sweepStripeEvents(work);
}

/**
 * The least that Temporal can be asked for to get the same durability: the same events as an enrollment and as a charge,
 * with empty Activities. Bundled by `temporal-worker.ts`; never part of the product.
 */
import { defineSearchAttributeKey } from '@temporalio/common';
import {
  condition,
  defineSignal,
  defineUpdate,
  proxyActivities,
  setHandler,
  sleep,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import type { nothing } from './bare-activities.ts';

const activities = proxyActivities<{ nothing: typeof nothing }>({ startToCloseTimeout: '60s' });

export const bareStart = defineUpdate<number>('bareStart');
export const bareSaved = defineSignal('bareSaved');
const STATUS = defineSearchAttributeKey('EnrollmentStatus', 'KEYWORD');

/** Timer and one empty Activity; it sleeps again afterwards, as an enrollment does. */
export async function bareCharge(dueAtEpochMs: number): Promise<void> {
  await sleep(Math.max(1, dueAtEpochMs - Date.now()));
  await activities.nothing();
  await sleep('30 days');
}

/**
 * Update-with-start, Activity, timed wait, signal, Activity, upsert: as from the request until the method is saved. Then it
 * sleeps until its first charge, as an enrollment does.
 */
export async function bareEnrollment(): Promise<void> {
  let saved = false;
  setHandler(bareStart, () => activities.nothing());
  setHandler(bareSaved, () => {
    saved = true;
  });
  await condition(() => saved, '30 days');
  await activities.nothing();
  upsertSearchAttributes([{ key: STATUS, value: 'active' }]);
  await sleep('30 days');
}

/**
 * Every Activity, built from its dependencies. All of them call Stripe or write what Stripe said.
 */
import { createAftermathActivities } from './aftermath.ts';
import { createChargeActivities } from './charges.ts';
import { createCheckoutSessionActivities } from './checkout-sessions.ts';
import type { ActivityDeps } from './deps.ts';
import { createDunningActivities } from './dunning.ts';
import { createEnrollmentEndActivities } from './enrollment-end.ts';
import { createEventSweepActivities } from './event-sweep.ts';
import { createHoldActivities } from './holds.ts';
import { createOpenChargeActivities } from './open-charges.ts';
import { createPaidPeriodActivities } from './paid-periods.ts';
import { createPaymentMethodActivities } from './payment-methods.ts';
import { createRefusedRefundActivities } from './refused-refunds.ts';
import { createScheduleActivities } from './schedule.ts';

export function createActivities(deps: ActivityDeps) {
  return Object.assign(
    createCheckoutSessionActivities(deps),
    createPaymentMethodActivities(deps),
    createEnrollmentEndActivities(deps),
    createChargeActivities(deps),
    createOpenChargeActivities(deps),
    createEventSweepActivities(deps),
    createHoldActivities(deps),
    createAftermathActivities(deps),
    createPaidPeriodActivities(deps),
    createRefusedRefundActivities(deps),
    createDunningActivities(deps),
    createScheduleActivities(deps),
  );
}

export type Activities = ReturnType<typeof createActivities>;

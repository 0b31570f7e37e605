/** Which enrollment or charge a person means. */

import { enrollmentObject } from '../api/schemas/enrollments.ts';
import { pageOf } from '../api/schemas/lists.ts';
import type { BillingApi } from './api.ts';
import { CommandFailure, EXIT } from './failure.ts';

/**
 * @param given `enr_…`, the Workflow's id, or the customer's reference when it has one enrollment
 * @throws CommandFailure when a reference has none, or several, which are named
 */
export async function resolveEnrollment(api: BillingApi, given: string): Promise<string> {
  const id = given.replace(/^enrollment\//, '');
  if (id.startsWith('enr_')) {
    return id;
  }
  const found = await api.get(pageOf(enrollmentObject), '/enrollments', {
    customer_reference: given,
    limit: 10,
  });
  const [only, ...others] = found.data;
  if (only === undefined) {
    throw new CommandFailure(
      EXIT.refused,
      `There is no enrollment of a customer '${given}'. durable-billing list shows them.`,
    );
  }
  if (others.length > 0) {
    const ids = found.data.map((one) => `  ${one.id}  ${one.status}`).join('\n');
    throw new CommandFailure(
      EXIT.usage,
      `Customer '${given}' has several enrollments; name one of them:\n${ids}`,
    );
  }
  return only.id;
}

/** The address of a charge: its id holds that of its enrollment. @throws CommandFailure */
export function chargeRoute(chargeId: string): string {
  const [, suffix] = /^chg_([0-9a-z]{26})_\d+$/.exec(chargeId) ?? [];
  if (suffix === undefined) {
    throw new CommandFailure(
      EXIT.usage,
      `'${chargeId}' is no charge's id (chg_…). durable-billing charges <enrollment> shows them.`,
    );
  }
  return `/enrollments/enr_${suffix}/charges/${chargeId}`;
}

/** What the page asks for although nothing is wrong yet: a payment method that will last. Called by the account page; pure. */
import type { CustomerEnrollment } from '../db/customer-view.ts';
import type { Say } from '../templates/renderer.ts';
import type { MethodModel } from './method-words.ts';
import { endsFirst, type NextModel } from './next-words.ts';

export interface NudgeModel {
  title: string;
  text: string;
}

/**
 * One that is gone can pay for nothing, whatever is planned. A card that has expired, or will have by the next payment,
 * is often renewed by its network, but not always.
 * @param next null also where nobody knows it yet: on demand, or in a pause
 */
export function nudgeModel(
  enrollment: CustomerEnrollment,
  method: MethodModel | null,
  next: NextModel | null,
  say: Say,
): NudgeModel | null {
  if (method === null || endsFirst(enrollment)) {
    return null;
  }
  if (method.isRemoved) {
    return { title: say('nudge.removed.title'), text: say('nudge.removed.text') };
  }
  const { status, terms } = enrollment;
  const mayComeAnyDay = status === 'paused' || terms.schedule.type === 'on_demand';
  if (
    method.expiry === null ||
    (next === null && !mayComeAnyDay) ||
    !(method.isExpired || method.isExpiring)
  ) {
    return null;
  }
  const key = method.isExpired ? 'nudge.expired' : 'nudge.expiring';
  return { title: say(`${key}.title`), text: say(`${key}.text`, { expiry: method.expiry }) };
}

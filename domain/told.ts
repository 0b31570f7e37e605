/**
 * What Workflows and Activities tell each other is history: Temporal writes, keeps and hands on every byte of it. So what
 * is as usual is left out, and put back by whoever is told (docs/decisions/0018). Pure.
 */

/** Of work on a charge. */
export const USUAL_WORK = { otherMethodAllowed: false, planAfter: null, by: null };
/** Of what came of it. */
export const USUAL_REPORT = { hold: null, redirectUrl: null, lapsed: false, dunning: null };
/** Of a plan of what comes next. */
export const USUAL_PLAN = { passedOver: 0, changes: {} };
/** Of the work on a Checkout Session: the first one of an enrollment. */
export const FIRST_METHOD = { stripeCustomerId: null, changes: {}, anchorAt: null };

/** {@link Whole} without the fields that are as in `Usual`; each of them may be absent. */
export type Told<Whole, Usual> = Omit<Whole, keyof Usual> & Partial<Pick<Whole, keyof Usual & keyof Whole>>;

/**
 * Leaves out what is as usual: the same value, or as empty a list or record.
 * @returns a new object; `{ ...usual, ...told }` is the whole again
 */
export function told<Whole extends object, Usual extends Partial<Whole>>(
  whole: Whole,
  usual: Usual,
): Told<Whole, Usual> {
  const uncommon = Object.entries(whole).filter(
    ([field, value]) => !(field in usual) || !isAsUsual(value, usual[field as keyof Usual]),
  );
  return Object.fromEntries(uncommon) as Told<Whole, Usual>;
}

function isAsUsual(value: unknown, usual: unknown): boolean {
  return value === usual || (isEmpty(value) && isEmpty(usual));
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

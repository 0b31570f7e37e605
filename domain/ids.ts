/**
 * Every id and idempotency key of ours is built here and nowhere else. Imported by workflows, so it stays
 * free of Node built-ins; whoever needs a hash hands it in.
 */

const SUFFIX = /^[0-9a-z]{26}$/;

/** `enr_…`; `suffix` is 26 characters of [0-9a-z], derived from the caller's Idempotency-Key by the API. */
export function enrollmentId(suffix: string): string {
  return `enr_${checked(suffix)}`;
}

/** `cst_…`: our own record of a customer's contact details; `suffix` as for enrollments. */
export function customerId(suffix: string): string {
  return `cst_${checked(suffix)}`;
}

/** Whether a text from outside has the form of an enrollment id. */
export function isEnrollmentId(text: string): boolean {
  return text.startsWith('enr_') && SUFFIX.test(text.slice(4));
}

/** The Workflow that lives for one enrollment. */
export function enrollmentWorkflowId(enrollmentId: string): string {
  return `enrollment/${enrollmentId}`;
}

/** The Workflow that follows what happens to a charge after it was paid. */
export function chargeAftermathWorkflowId(chargeId: string): string {
  return `charge-aftermath/${chargeId}`;
}

/** The inverse of {@link enrollmentWorkflowId}; null when the id is not an enrollment's Workflow. */
export function enrollmentIdOfWorkflow(workflowId: string): string | null {
  const id = workflowId.startsWith('enrollment/') ? workflowId.slice('enrollment/'.length) : '';
  return isEnrollmentId(id) ? id : null;
}

/** `chg_<enrollment>_<number>`; charges of one enrollment are numbered from 1 in the order they were opened. */
export function chargeId(enrollmentId: string, number: number): string {
  return `chg_${enrollmentId.slice('enr_'.length)}_${number}`;
}

/** The inverse of {@link chargeId}; null for what is no id of a charge of that enrollment. */
export function chargeNumber(enrollmentId: string, id: string): number | null {
  const number = Number(id.slice(id.lastIndexOf('_') + 1));
  return number > 0 && chargeId(enrollmentId, number) === id ? number : null;
}

/**
 * Stripe's Idempotency-Key of one attempt: the same on every Activity retry, new only when the Workflow has
 * decided on a new attempt. Stripe repeats its first answer for a used key, a decline included.
 */
export function attemptKey(enrollmentId: string, chargeId: string, attempt: number): string {
  return `${OWN_KEY_PREFIX}${enrollmentId}/${chargeId}/attempt-${attempt}`;
}

/** Idempotency-Key for any other write that belongs to an enrollment, e.g. `checkout-session-2`. */
export function operationKey(enrollmentId: string, operation: string): string {
  return `${OWN_KEY_PREFIX}${enrollmentId}/${operation}`;
}

/** Idempotency-Key for creating the Stripe Customer of one of our customer records. */
export function customerKey(customerId: string): string {
  return `${OWN_KEY_PREFIX}${customerId}`;
}

/**
 * Whether an event's `request.idempotency_key` is one of ours: then the event may be the echo of a request whose
 * answer an Activity has, or will get by repeating it with the same key.
 */
export function isOwnIdempotencyKey(key: string | null): boolean {
  return key?.startsWith(OWN_KEY_PREFIX) ?? false;
}

const OWN_KEY_PREFIX = 'durable-billing/';

function checked(suffix: string): string {
  if (!SUFFIX.test(suffix)) {
    throw new RangeError(`id suffix '${suffix}' must be 26 characters of 0-9 and a-z`);
  }
  return suffix;
}

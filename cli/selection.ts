/** Which enrollments a command is about: its options as a query of the API, and all pages of the answer. */
import { type EnrollmentObject, enrollmentObject } from '../api/schemas/enrollments.ts';
import { pageOf } from '../api/schemas/lists.ts';
import type { EnrollmentStatus } from '../domain/statuses.ts';
import type { WaitsFor } from '../domain/waits-for.ts';
import type { BillingApi } from './api.ts';
import { CommandFailure, EXIT } from './failure.ts';

export interface Selection {
  status?: EnrollmentStatus;
  customer?: string;
  stripeCustomer?: string;
  /** Milliseconds. */
  pastDueFor?: number;
  waitsFor?: WaitsFor;
  needsAttention?: true;
}

/** The most that the API answers with at once. */
const PAGE = 100;

/** @throws CommandFailure when two options contradict each other */
export function selectionQuery(selection: Selection): Record<string, string | undefined> {
  const { status, customer, stripeCustomer, pastDueFor, waitsFor, needsAttention } = selection;
  if (needsAttention === true && waitsFor !== undefined && waitsFor !== 'operator') {
    throw new CommandFailure(EXIT.usage, '--needs-attention is --waits-for operator: give one of the two.');
  }
  return {
    status,
    customer_reference: customer,
    stripe_customer_id: stripeCustomer,
    past_due_before: pastDueFor === undefined ? undefined : new Date(Date.now() - pastDueFor).toISOString(),
    waits_for: needsAttention === true ? 'operator' : waitsFor,
  };
}

/** Every enrollment of the selection, the newest first; those made meanwhile are not among them. */
export async function* enrollmentPages(
  api: BillingApi,
  selection: Selection,
): AsyncGenerator<EnrollmentObject> {
  const query = selectionQuery(selection);
  let cursor: string | undefined;
  do {
    const page = await api.get(pageOf(enrollmentObject), '/enrollments', { ...query, limit: PAGE, cursor });
    yield* page.data;
    cursor = page.next_cursor ?? undefined;
  } while (cursor !== undefined);
}

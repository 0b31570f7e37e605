/** An enrollment's row, with what belongs to it, as the API answers it. */
import type { EnrollmentView } from '../db/enrollment-views.ts';
import { ENDED } from '../domain/statuses.ts';
import type { WaitsFor } from '../domain/waits-for.ts';
import { chargeObjectOf } from './charge-object.ts';
import type { EnrollmentObject } from './schemas/enrollments.ts';
import type { Scope } from './scopes.ts';
import { termsObjectOf } from './terms-mapping.ts';

export interface ObjectContext {
  /** Makes the customer's signed link. */
  links: { create(enrollmentId: string): Promise<string> };
  /** Address of the Temporal UI; absent: answers carry no link to it. */
  temporalUiUrl: string | undefined;
  temporalNamespace: string;
}

/** Who has the customer's addresses can cancel, pay and save a method as the customer: no key that only reads gets them. */
const ACTS_FOR_CUSTOMERS: Scope = 'write';

/** @param scopes of the API key that it is shown to; null without one */
export async function enrollmentObjectOf(
  view: EnrollmentView,
  context: ObjectContext,
  scopes: readonly string[] | null,
): Promise<EnrollmentObject> {
  const withAddresses = scopes?.includes(ACTS_FOR_CUSTOMERS) === true;
  return {
    object: 'enrollment',
    id: view.id,
    status: view.status,
    customer: {
      reference: view.customer_reference,
      email: view.customer_email,
      name: view.customer_name,
      stripe_customer_id: view.customer_stripe_id,
    },
    terms: termsObjectOf(view.terms),
    description: view.description,
    locale: view.locale,
    return_url: view.return_url,
    metadata: view.metadata,
    checkout_url: withAddresses && view.status === 'awaiting_payment_method' ? view.open_session_url : null,
    customer_link: withAddresses ? await context.links.create(view.id) : null,
    payment_method: paymentMethodOf(view),
    recurring_amount_minor: view.recurring_minor,
    balance_minor: view.balance_minor,
    next_charge: nextChargeOf(view),
    latest_charge: view.latest_charge === null ? null : chargeObjectOf(view.latest_charge),
    charges_succeeded: view.charges_succeeded,
    amount_collected_minor: view.collected_minor,
    amount_past_due_minor: view.past_due_minor,
    past_due_since: view.past_due_since?.toISOString() ?? null,
    waits_for: waitsFor(view),
    workflow_id: view.workflow_id,
    temporal_ui_url: temporalUiUrl(view.workflow_id, context),
    livemode: view.livemode,
    setup_deadline_at: view.setup_deadline_at.toISOString(),
    paused_until: view.paused_until?.toISOString() ?? null,
    cancel_at: view.cancel_at?.toISOString() ?? null,
    cancel_requested_at: view.cancel_requested_at?.toISOString() ?? null,
    created_at: view.created_at.toISOString(),
    started_at: view.started_at?.toISOString() ?? null,
    ended_at: view.ended_at?.toISOString() ?? null,
    end_reason: view.end_reason,
  };
}

function waitsFor(view: EnrollmentView): WaitsFor[] {
  if (view.status === 'awaiting_payment_method') {
    return ['payment_method'];
  }
  return ENDED.some((end) => end === view.status) ? [] : (view.charges_wait_for ?? []);
}

function paymentMethodOf(view: EnrollmentView): EnrollmentObject['payment_method'] {
  if (view.pm_id === null || view.pm_type === null) {
    return null;
  }
  return {
    id: view.pm_id,
    type: view.pm_type,
    brand: view.pm_brand,
    last4: view.pm_last4,
    exp_month: view.pm_exp_month,
    exp_year: view.pm_exp_year,
  };
}

function nextChargeOf(view: EnrollmentView): EnrollmentObject['next_charge'] {
  if (view.next_charge_at === null || view.next_charge_amount_minor === null) {
    return null;
  }
  if (view.cancel_requested_at !== null) {
    // The row keeps it until the end is written.
    return null;
  }
  return {
    due_at: view.next_charge_at.toISOString(),
    amount_minor: view.next_charge_amount_minor,
    currency: view.currency,
  };
}

function temporalUiUrl(workflowId: string, context: ObjectContext): string | null {
  if (context.temporalUiUrl === undefined) {
    return null;
  }
  const base = context.temporalUiUrl.replace(/\/+$/, '');
  const namespace = encodeURIComponent(context.temporalNamespace);
  return `${base}/namespaces/${namespace}/workflows/${encodeURIComponent(workflowId)}`;
}

/** What a caller wants, in the domain's terms: the content that an Idempotency-Key stands for. Pure. */
import type { Settings } from '../config/env.ts';
import type { CustomerDetails } from '../db/customers.ts';
import type { EnrollmentInput } from '../domain/workflow-input.ts';
import { invalidRequest, shown } from './problems.ts';
import type { NewEnrollment } from './schemas/enrollments.ts';
import { readTerms } from './terms-mapping.ts';

export interface EnrollmentRequest
  extends Pick<EnrollmentInput, 'terms' | 'description' | 'locale' | 'returnUrl' | 'metadata'> {
  customer: Omit<CustomerDetails, 'id'>;
}

/** @throws HttpProblem 400 for a return_url elsewhere, or instalments that cannot be split */
export function readEnrollmentRequest(
  body: NewEnrollment,
  settings: Pick<Settings, 'ALLOWED_RETURN_ORIGINS' | 'PUBLIC_URL'>,
): EnrollmentRequest {
  const { customer } = body;
  return {
    customer: {
      reference: customer?.reference ?? null,
      email: customer?.email ?? null,
      name: customer?.name ?? null,
      stripeCustomerId: customer?.stripe_customer_id ?? null,
    },
    terms: readTerms(body.terms),
    description: body.description,
    locale: body.locale,
    returnUrl: body.return_url === null ? null : returnUrl(body.return_url, settings),
    metadata: body.metadata,
  };
}

/** An open redirect would lend our name to anybody's page: only origins that the installation names. */
function returnUrl(given: string, settings: Pick<Settings, 'ALLOWED_RETURN_ORIGINS' | 'PUBLIC_URL'>): string {
  const url = new URL(given);
  const allowed = [new URL(settings.PUBLIC_URL).origin, ...settings.ALLOWED_RETURN_ORIGINS];
  if (!allowed.includes(url.origin) || url.username !== '' || url.password !== '') {
    throw invalidRequest([
      {
        param: 'return_url',
        message: `return_url: '${shown(given)}' is not at an origin that this installation allows (ALLOWED_RETURN_ORIGINS)`,
      },
    ]);
  }
  return url.href;
}

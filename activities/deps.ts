/** What Activities are built from; made by the Worker, and by tests. */
import type { Kysely } from 'kysely';
import type { Stripe } from 'stripe';
import type { Database } from '../db/schema.ts';

export interface ActivityDeps {
  db: Kysely<Database>;
  stripe: Stripe;
  /** Makes the customer's signed link; Stripe returns the customer to addresses below it. */
  links: { create(enrollmentId: string, issuedAt: string): Promise<string> };
  /** Mode of the Stripe key. */
  livemode: boolean;
}

/** What the HTTP API is built from; made by `api/main.ts` and by tests. */
import type { Kysely } from 'kysely';
import type { Logger } from 'pino';
import type { CustomerLinks } from '../config/customer-links.ts';
import type { Settings } from '../config/env.ts';
import type { Database } from '../db/schema.ts';
import type { BillingClient } from './billing-client.ts';
import type { InboxDispatcher } from './inbox-dispatcher.ts';
import type { ApiMetrics } from './metrics.ts';

export interface ApiDeps {
  settings: Settings;
  db: Kysely<Database>;
  billing: BillingClient;
  links: CustomerLinks;
  /** Delivers accepted webhooks. Whoever made it starts and stops it. */
  inbox: InboxDispatcher;
  metrics: ApiMetrics;
  log: Logger;
  /** Whether the process has been told to end; it answers, and nobody new should come. */
  isStopping?: () => boolean;
  /** Resolves when Temporal answers; bounded in time. */
  pingTemporal: () => Promise<void>;
}

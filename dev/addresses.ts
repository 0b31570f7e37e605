/** Where the parts of the local stack are reached. */
import type { Ports } from './ports.ts';
import { DATABASE_USER } from './postgres.ts';

export const DATABASE = 'billing';

export interface Addresses {
  shop: string;
  api: string;
  /** `host:port`. */
  temporal: string;
  temporalNamespace: string;
  /** Null when the Temporal server is not ours and TEMPORAL_UI_URL does not say. */
  temporalUi: string | null;
  postgres: string;
  /** The database that exists before ours does. */
  postgresAdmin: string;
  stripe: string;
  mails: string;
  smtp: string;
}

/**
 * Everything is on this machine, save what the environment says is elsewhere: a Temporal server (TEMPORAL_ADDRESS)
 * and the real Stripe (STRIPE_SECRET_KEY).
 */
export function addressesOf(
  ports: Ports,
  databasePassword: string,
  environment: Record<string, string | undefined>,
): Addresses {
  const at = (port: number) => `http://127.0.0.1:${port}`;
  const database = (name: string) =>
    `postgres://${DATABASE_USER}:${databasePassword}@127.0.0.1:${ports.postgres}/${name}`;
  return {
    shop: at(ports.shop),
    api: at(ports.api),
    ...(environment.TEMPORAL_ADDRESS
      ? { temporal: environment.TEMPORAL_ADDRESS, temporalUi: environment.TEMPORAL_UI_URL ?? null }
      : { temporal: `127.0.0.1:${ports.temporal}`, temporalUi: at(ports.temporalUi) }),
    temporalNamespace: environment.TEMPORAL_NAMESPACE ?? 'default',
    postgres: database(DATABASE),
    postgresAdmin: database('postgres'),
    stripe: environment.STRIPE_SECRET_KEY
      ? (environment.STRIPE_API_URL ?? 'https://api.stripe.com')
      : at(ports.stripe),
    mails: at(ports.mailPage),
    smtp: `smtp://127.0.0.1:${ports.smtp}`,
  };
}

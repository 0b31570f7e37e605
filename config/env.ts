/**
 * Every setting of the service: type, default, unit and meaning in one schema, read once at start.
 * `.env.example` is compared with it by a test. Each entry (`main.ts`) hands it `process.env`; the service reads that
 * nowhere else.
 */
import { z } from 'zod';
import { check, type Environment } from './check-settings.ts';
import { EXAMPLE_MERCHANT, EXAMPLE_SENDER, isLiveKey, LIVE_RULES } from './live-settings.ts';
import { readPayloadKeys } from './payload-codec.ts';
import {
  apiAddress,
  flag,
  list,
  origins,
  port,
  proxies,
  secrets,
  sender,
  webAddress,
} from './setting-kinds.ts';

export const settingsSchema = z.object({
  NODE_ENV: z
    .enum(['development', 'production', 'test'])
    .default('development')
    .describe('How strict and how readable: production logs JSON'),
  LOG_LEVEL: z
    .enum(['trace', 'debug', 'info', 'warn', 'error'])
    .default('info')
    .describe('Least severe log line that is written'),

  API_HOST: z
    .string()
    .default('127.0.0.1')
    .describe('Address that the API listens on, and the metrics of the Worker'),
  API_PORT: port.default(3000).describe('Port the API listens on; 0 takes a free one'),
  API_RATE_LIMIT_PER_MINUTE: z.coerce
    .number()
    .int()
    .min(1)
    .default(6_000)
    .describe(
      'Requests a minute that one address may send to a process of the API; webhooks are not counted',
    ),
  API_TRUSTED_PROXIES: proxies
    .default([])
    .describe('Comma-separated addresses or CIDRs of proxies whose X-Forwarded-For is believed'),
  PUBLIC_URL: webAddress
    .default('http://127.0.0.1:3000')
    .describe('Address under which customers and Stripe reach the API; https:// with a live Stripe key'),
  ALLOWED_RETURN_ORIGINS: origins('https://shop.example.com')
    .default([])
    .describe('Comma-separated origins that an enrollment may return the customer to'),
  CUSTOMER_LINK_SECRETS: secrets
    .refine((items) => items.every((item) => item.length >= 32), {
      error: 'each secret needs 32 characters or more',
    })
    .describe('Comma-separated secrets that sign customer links; the first signs, all verify'),
  CUSTOMER_LINK_TTL_DAYS: z.coerce
    .number()
    .int()
    .min(1)
    .max(3650)
    .default(400)
    .describe('Days for which a customer link is good'),

  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }).describe('PostgreSQL connection string'),
  DATABASE_POOL_SIZE: z.coerce
    .number()
    .int()
    .min(1)
    .max(200)
    .default(20)
    .describe('Connections a process may hold; those that it has opened stay open'),
  DATABASE_PREPARED_STATEMENTS: flag
    .default(true)
    .describe(
      'Have PostgreSQL plan each statement once for a connection, and end those that take longer than 31 s; off for a pooler that lends connections out by transaction and cannot follow them (PgBouncer before 1.21), or refuses the startup parameter statement_timeout',
    ),

  TEMPORAL_ADDRESS: z.string().default('127.0.0.1:7233').describe('host:port of the Temporal frontend'),
  TEMPORAL_NAMESPACE: z.string().default('default').describe('Temporal Namespace'),
  TEMPORAL_API_KEY: z.string().optional().describe('API key, for Temporal Cloud; turns TLS on'),
  TEMPORAL_TLS: flag.default(false).describe('Connect to Temporal with TLS'),
  TEMPORAL_TLS_CLIENT_CERT_PATH: z
    .string()
    .optional()
    .describe('Client certificate (PEM file) for mutual TLS'),
  TEMPORAL_TLS_CLIENT_KEY_PATH: z.string().optional().describe('Client key (PEM file) for mutual TLS'),
  TEMPORAL_UI_URL: webAddress
    .optional()
    .describe('Address of the Temporal UI, for links in answers to operators'),
  PAYLOAD_ENCRYPTION_KEYS: z
    .string()
    .refine((text) => readPayloadKeys(text) !== null, {
      error: 'expected id:key,id:key with keys of 32 bytes in base64 and an id for each',
    })
    .optional()
    .describe(
      'Keys that encrypt what is written into histories, id:base64 of 32 bytes, comma-separated; the first encrypts, all decrypt; absent: not encrypted',
    ),
  CODEC_ALLOWED_ORIGINS: origins('https://temporal.example.com')
    .default([])
    .describe(
      'Comma-separated origins of the Temporal UI that may ask the codec endpoint to open payloads; absent: it does not start',
    ),
  CODEC_HOST: z.string().default('127.0.0.1').describe('Address the codec endpoint listens on'),
  CODEC_PORT: port.default(8089).describe('Port the codec endpoint listens on; 0 takes a free one'),
  CODEC_ALLOW_ENCODE: flag
    .default(false)
    .describe('Whether the codec endpoint encrypts too, for starting Workflows by hand in the Temporal UI'),
  TASK_QUEUE: z
    .string()
    .min(1)
    .default('billing')
    .describe('Task Queue of the Workflows and their Activities'),
  WORKFLOW_BUNDLE_PATH: z
    .string()
    .optional()
    .describe(
      'Workflow code built before by deploy/bundle-workflows.ts, with that for PAYLOAD_ENCRYPTION_KEYS beside it; absent: built when the Worker starts',
    ),
  WORKER_DEPLOYMENT_NAME: z
    .string()
    .min(1)
    .default('durable-billing')
    .describe('Name of the Worker Deployment that this Worker belongs to, when WORKER_BUILD_ID is set'),
  WORKER_BUILD_ID: z
    .string()
    .regex(/^[\w.-]{1,200}$/, { error: 'expected letters, digits, dots, dashes and underscores' })
    .optional()
    .describe(
      'Version of the code, e.g. the commit; its Worker then takes work only once Temporal is told that it is current or ramping; absent: Workers have no versions',
    ),
  WORKFLOW_PATCHES_OFF: list
    .default([])
    .describe(
      'Comma-separated ids of workflows/patches.ts that are not made use of yet, so that a deploy can be taken back',
    ),
  STRIPE_REQUESTS_PER_SECOND: z.coerce
    .number()
    .min(0.1)
    .optional()
    .describe(
      'Requests to Stripe a second, of all Workers together; absent: 20 at https://api.stripe.com, which allows 25 of one kind until an account is given more, and 80 elsewhere',
    ),

  STRIPE_SECRET_KEY: z
    .string()
    .regex(/^(sk|rk)_(test|live)_\w+$/, {
      error: 'expected a Stripe secret or restricted key, sk_test_…, rk_test_…, sk_live_… or rk_live_…',
    })
    .describe('Stripe API key'),
  STRIPE_WEBHOOK_SECRET: secrets
    .refine((items) => items.every((item) => /^whsec_\S+$/.test(item)), {
      error: 'expected signing secrets of webhook endpoints, whsec_…, separated by commas',
    })
    .describe('Comma-separated webhook signing secrets (whsec_…); two while one is rotated'),
  STRIPE_API_URL: apiAddress
    .default('https://api.stripe.com')
    .describe('Where the Stripe API is; another address for a stand-in'),
  STRIPE_TIMEOUT_MS: z.coerce
    .number()
    .int()
    .min(100)
    .max(45_000)
    .default(20_000)
    .describe(
      'Milliseconds that one request to Stripe may take; an Activity, which may look besides, has 60 s',
    ),

  STRIPE_EVENT_SWEEP_SECONDS: z.coerce
    .number()
    .int()
    .min(0)
    .default(300)
    .describe('Seconds between two looks at Stripe for events whose webhook never came; 0 turns them off'),

  MAIL_URL: z.url({ protocol: /^smtps?$/ }).describe('SMTP server, e.g. smtp://user:password@host:587'),
  MAIL_FROM: sender.default(EXAMPLE_SENDER).describe('Sender of mails; your own with a live Stripe key'),
  MERCHANT_NAME: z
    .string()
    .min(1)
    .default(EXAMPLE_MERCHANT)
    .describe('Name of the company, on pages and in mails; your own with a live Stripe key'),
  TEMPLATES_DIR: z
    .string()
    .optional()
    .describe('Folder with templates that replace the built-in ones of the same name'),

  METRICS_PORT: port
    .default(9464)
    .describe('Port of the Prometheus metrics of the Worker, its own and Temporal’s; 0 takes a free one'),
  OTEL_EXPORTER_OTLP_ENDPOINT: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('Where traces go, an OpenTelemetry collector over HTTP; absent: nothing is traced'),
  OTEL_EXPORTER_OTLP_PROTOCOL: z
    .enum(['http/protobuf', 'http/json'])
    .default('http/protobuf')
    .describe('How traces are encoded'),
  OTEL_TRACES_SAMPLER_ARG: z.coerce
    .number()
    .min(0)
    .max(1)
    .default(1)
    .describe('Share of traces that are kept, 0 to 1; a caller that has decided already is followed'),
  API_MOST_DELAY_MS: z.coerce
    .number()
    .int()
    .min(10)
    .max(60_000)
    .default(1_000)
    .describe(
      'Mean delay of the event loop over 5 s beyond which the API answers 503 instead of keeping callers waiting',
    ),
  API_DRAIN_SECONDS: z.coerce
    .number()
    .int()
    .min(0)
    .max(300)
    .default(0)
    .describe(
      'Seconds in which a stopping API still answers everything but says at /readyz that it is going, so that a load balancer can turn away first',
    ),
  ALLOW_MINUTE_SCHEDULES: flag
    .default(false)
    .describe('Allow intervals of minutes, to watch a schedule; leave off in production'),
});

export { WrongSettings } from './check-settings.ts';
export type Settings = z.output<typeof settingsSchema>;

const { shape } = settingsSchema;
const serviceSchema = LIVE_RULES.reduce(
  (schema, { name, holds, expected }) =>
    schema.refine((settings) => !isLiveKey(settings.STRIPE_SECRET_KEY) || holds(settings[name]), {
      path: [name],
      error: `expected ${expected}, since STRIPE_SECRET_KEY is a live key`,
      // Also when something else is wrong: all of it is reported at once.
      when: ({ value }) =>
        z.object({ STRIPE_SECRET_KEY: shape.STRIPE_SECRET_KEY, [name]: shape[name] }).safeParse(value)
          .success,
    }),
  settingsSchema,
);

/** The codec endpoint has the payload keys and nothing else that opens anything: no key of Stripe's, no link secret. */
const codecSchema = settingsSchema
  .pick({
    NODE_ENV: true,
    LOG_LEVEL: true,
    API_TRUSTED_PROXIES: true,
    DATABASE_URL: true,
    DATABASE_PREPARED_STATEMENTS: true,
    TEMPORAL_NAMESPACE: true,
    PAYLOAD_ENCRYPTION_KEYS: true,
    CODEC_HOST: true,
    CODEC_PORT: true,
    CODEC_ALLOWED_ORIGINS: true,
    CODEC_ALLOW_ENCODE: true,
  })
  .extend({
    PAYLOAD_ENCRYPTION_KEYS: settingsSchema.shape.PAYLOAD_ENCRYPTION_KEYS.unwrap(),
    CODEC_ALLOWED_ORIGINS: settingsSchema.shape.CODEC_ALLOWED_ORIGINS.unwrap().refine(
      (items) => items.length > 0,
      { error: 'expected the origin of the Temporal UI' },
    ),
  });
export type CodecSettings = z.output<typeof codecSchema>;

/**
 * Reads and checks the settings.
 * @throws WrongSettings saying what was expected; a value that could be a secret is never repeated in it.
 */
export function readSettings(environment: Environment = process.env): Settings {
  return check(serviceSchema, environment);
}

/** The one setting of commands that touch only the database: a migration job needs no Stripe key. */
export function readDatabaseUrl(environment: Environment = process.env): string {
  return check(settingsSchema.pick({ DATABASE_URL: true }), environment).DATABASE_URL;
}

/** What is needed to talk to Stripe, and no more. @throws WrongSettings */
export function readStripeSettings(environment: Environment = process.env) {
  return check(
    settingsSchema.pick({ STRIPE_SECRET_KEY: true, STRIPE_API_URL: true, STRIPE_TIMEOUT_MS: true }),
    environment,
  );
}

/** How Temporal is reached. @throws WrongSettings */
export function readTemporalSettings(environment: Environment = process.env) {
  return check(
    settingsSchema.pick({
      TEMPORAL_ADDRESS: true,
      TEMPORAL_NAMESPACE: true,
      TEMPORAL_API_KEY: true,
      TEMPORAL_TLS: true,
      TEMPORAL_TLS_CLIENT_CERT_PATH: true,
      TEMPORAL_TLS_CLIENT_KEY_PATH: true,
      PAYLOAD_ENCRYPTION_KEYS: true,
    }),
    environment,
  );
}

/** What the codec endpoint needs. @throws WrongSettings, also where it is not turned on */
export function readCodecSettings(environment: Environment = process.env): CodecSettings {
  return check(codecSchema, environment);
}

/**
 * How this service reaches Temporal: address, TLS, credentials and the payload codec, the same for the API's client
 * and for the Worker. Whoever opens a connection closes it.
 */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Client, Connection, isGrpcServiceError } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import { OpenTelemetryWorkflowClientInterceptor } from '@temporalio/interceptors-opentelemetry/lib/client/index.js';
import type { Settings } from './env.ts';
import { createPayloadCodec, readPayloadKeys } from './payload-codec.ts';
import { temporalCalls } from './temporal-calls.ts';

/**
 * Longest wait of a caller for the answer to a command; it includes the Worker's call to Stripe. What a Worker that died
 * holds must come free before it is over.
 */
export const COMMAND_TIMEOUT_MS = 20_000;

export type TemporalSettings = Pick<
  Settings,
  | 'TEMPORAL_ADDRESS'
  | 'TEMPORAL_NAMESPACE'
  | 'TEMPORAL_API_KEY'
  | 'TEMPORAL_TLS'
  | 'TEMPORAL_TLS_CLIENT_CERT_PATH'
  | 'TEMPORAL_TLS_CLIENT_KEY_PATH'
> & { PAYLOAD_ENCRYPTION_KEYS?: string | undefined; OTEL_EXPORTER_OTLP_ENDPOINT?: string | undefined };

export interface TemporalConnectionOptions {
  address: string;
  tls: boolean | { clientCertPair: { crt: Buffer; key: Buffer } };
  apiKey?: string;
}

/**
 * Options that `Connection` (client) and `NativeConnection` (Worker) both take.
 * @throws Error when only one of certificate and key is set, or a file cannot be read
 */
export async function temporalConnectionOptions(
  settings: TemporalSettings,
): Promise<TemporalConnectionOptions> {
  const certPath = settings.TEMPORAL_TLS_CLIENT_CERT_PATH;
  const keyPath = settings.TEMPORAL_TLS_CLIENT_KEY_PATH;
  if ((certPath === undefined) !== (keyPath === undefined)) {
    throw new Error(
      'TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH belong together; set both',
    );
  }
  const { TEMPORAL_ADDRESS: address, TEMPORAL_API_KEY: apiKey } = settings;
  // A server may ask for both: the certificate lets in, the key says who it is.
  const withKey = apiKey === undefined ? {} : { apiKey };
  if (certPath !== undefined && keyPath !== undefined) {
    const [crt, key] = await Promise.all([readFile(certPath), readFile(keyPath)]);
    return { address, tls: { clientCertPair: { crt, key } }, ...withKey };
  }
  return { address, tls: settings.TEMPORAL_TLS || apiKey !== undefined, ...withKey };
}

/** Encrypts messages and stack traces of failures; to be built into Workflow code, too. */
export const FAILURE_CONVERTER = fileURLToPath(new URL('./failure-converter.cjs', import.meta.url));

/**
 * How payloads are written into histories; client and Worker must agree. With `PAYLOAD_ENCRYPTION_KEYS` everything is
 * encrypted, messages of failures included; histories from before stay readable.
 */
export function temporalDataConverter(
  settings: Pick<TemporalSettings, 'PAYLOAD_ENCRYPTION_KEYS'>,
): DataConverter {
  const keys = readPayloadKeys(settings.PAYLOAD_ENCRYPTION_KEYS ?? '');
  return keys === null
    ? {}
    : { payloadCodecs: [createPayloadCodec(keys)], failureConverterPath: FAILURE_CONVERTER };
}

/** For building Workflow code: it makes failures of its own, e.g. refusals. Undefined without a key. */
export function failureConverterOf(
  settings: Pick<TemporalSettings, 'PAYLOAD_ENCRYPTION_KEYS'>,
): string | undefined {
  return settings.PAYLOAD_ENCRYPTION_KEYS === undefined ? undefined : FAILURE_CONVERTER;
}

export interface TemporalClient {
  client: Client;
  /** Calls that are under way are answered, or fail when they would be tried again. Safe to call twice. */
  close(): Promise<void>;
}

/** A client that connects on first use, so that the API starts, and says so, while Temporal is away. */
export async function openTemporalClient(settings: TemporalSettings): Promise<TemporalClient> {
  const connection = Connection.lazy({
    ...(await temporalConnectionOptions(settings)),
    interceptors: temporalCalls(),
  });
  const client = new Client({
    connection,
    namespace: settings.TEMPORAL_NAMESPACE,
    dataConverter: temporalDataConverter(settings),
    // Without a trace it would add an empty header to every message, which histories keep.
    ...(settings.OTEL_EXPORTER_OTLP_ENDPOINT === undefined
      ? {}
      : { interceptors: { workflow: [new OpenTelemetryWorkflowClientInterceptor()] } }),
  });
  return { client, close: () => connection.close() };
}

/** Of gRPC: what asks again may be answered. */
const NO_ANSWER: readonly number[] = [
  4, // DEADLINE_EXCEEDED
  8, // RESOURCE_EXHAUSTED
  14, // UNAVAILABLE
];

/** Whether Temporal gave no answer, or said to try again; also of an error that has such a one as its cause. */
export function isTemporalUnavailable(error: unknown): boolean {
  return (
    (isGrpcServiceError(error) && NO_ANSWER.includes(error.code)) ||
    (error instanceof Error && isTemporalUnavailable(error.cause))
  );
}

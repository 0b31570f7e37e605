import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { createStripe, isLiveKey } from '../../config/stripe.ts';
import {
  isTemporalUnavailable,
  openTemporalClient,
  type TemporalSettings,
  temporalConnectionOptions,
} from '../../config/temporal.ts';

describe('createStripe', () => {
  it('asks the configured address, pins the API version and leaves retries to Temporal', async () => {
    const seen: IncomingHttpHeaders[] = [];
    const server = createServer((request, response) => {
      seen.push(request.headers);
      response.writeHead(500, { 'content-type': 'application/json' }).end('{"error":{"type":"api_error"}}');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const stripe = createStripe({
      STRIPE_SECRET_KEY: 'sk_test_key',
      STRIPE_API_URL: `http://127.0.0.1:${port}`,
      STRIPE_TIMEOUT_MS: 1_000,
    });
    try {
      await expect(stripe.customers.create({})).rejects.toThrow();
    } finally {
      server.closeAllConnections();
      server.close();
    }
    expect(seen).toHaveLength(1);
    expect(seen[0]).toMatchObject({
      authorization: 'Bearer sk_test_key',
      'stripe-version': '2026-10-28.endive',
    });
    expect(seen[0]).not.toHaveProperty('x-stripe-client-telemetry');
  });
});

describe('isLiveKey', () => {
  it.each([
    ['sk_live_1', true],
    ['rk_live_1', true],
    ['sk_test_1', false],
    ['rk_test_live_1', false],
  ])('%s: %s', (key, live) => {
    expect(isLiveKey(key)).toBe(live);
  });
});

describe('a call to Temporal', () => {
  const NOBODY: TemporalSettings = {
    TEMPORAL_ADDRESS: '127.0.0.1:9',
    TEMPORAL_NAMESPACE: 'default',
    TEMPORAL_TLS: false,
  };

  it.each([0, 120, 600])('ends with its connection, closed %i ms after it began', async (afterMs) => {
    const { client, close } = await openTemporalClient(NOBODY);
    const answer = client.withDeadline(Date.now() + 20_000, () => client.workflowService.getSystemInfo({}));
    const failure = answer.catch((error: unknown) => error);
    await setTimeout(afterMs);
    await close();
    expect(await failure).toMatchObject({ code: 1, details: 'Channel has been shut down' });
    await close();
  });

  it('is tried again for as long as it may take', async () => {
    const { client, close } = await openTemporalClient(NOBODY);
    const beganMs = performance.now();
    const answer = client.withDeadline(Date.now() + 1_000, () => client.workflowService.getSystemInfo({}));
    const failure = await answer.catch((error: unknown) => error);
    expect(isTemporalUnavailable(failure)).toBe(true);
    expect(performance.now() - beganMs).toBeGreaterThan(900);
    await close();
  });
});

describe('temporalConnectionOptions', () => {
  const settings: TemporalSettings = {
    TEMPORAL_ADDRESS: 'temporal:7233',
    TEMPORAL_NAMESPACE: 'default',
    TEMPORAL_TLS: false,
  };

  it('connects in clear text unless told otherwise', async () => {
    expect(await temporalConnectionOptions(settings)).toEqual({ address: 'temporal:7233', tls: false });
    expect(await temporalConnectionOptions({ ...settings, TEMPORAL_TLS: true })).toMatchObject({ tls: true });
  });

  it('turns TLS on for an API key', async () => {
    expect(await temporalConnectionOptions({ ...settings, TEMPORAL_API_KEY: 'key' })).toEqual({
      address: 'temporal:7233',
      tls: true,
      apiKey: 'key',
    });
  });

  it('reads the certificate pair, and wants both or none; an API key goes with it', async () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'billing-cert-'));
    try {
      const crt = path.join(folder, 'client.pem');
      const key = path.join(folder, 'client.key');
      writeFileSync(crt, 'certificate');
      writeFileSync(key, 'private');
      const paired = {
        ...settings,
        TEMPORAL_TLS_CLIENT_CERT_PATH: crt,
        TEMPORAL_TLS_CLIENT_KEY_PATH: key,
      };
      expect(await temporalConnectionOptions(paired)).toMatchObject({
        tls: { clientCertPair: { crt: Buffer.from('certificate'), key: Buffer.from('private') } },
      });
      expect(await temporalConnectionOptions({ ...paired, TEMPORAL_API_KEY: 'key' })).toMatchObject({
        tls: { clientCertPair: {} },
        apiKey: 'key',
      });
      const half = { ...settings, TEMPORAL_TLS_CLIENT_CERT_PATH: crt };
      await expect(temporalConnectionOptions(half)).rejects.toThrow('belong together');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('openTemporalClient', () => {
  it.each([
    ['adds nothing to messages while nothing is traced', undefined, 0],
    ['passes traces on once a collector is named', 'http://127.0.0.1:4318', 1],
  ])('%s', async (_what, endpoint, interceptors) => {
    const { client, close } = await openTemporalClient({
      TEMPORAL_ADDRESS: '127.0.0.1:7233',
      TEMPORAL_NAMESPACE: 'default',
      TEMPORAL_TLS: false,
      OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
    });
    expect(client.options.interceptors.workflow ?? []).toHaveLength(interceptors);
    await close();
  });
});

describe('isTemporalUnavailable', () => {
  const grpc = (code: number) => Object.assign(new Error('…'), { code, details: '…', metadata: {} });

  it.each([4, 8, 14])('is true of gRPC status %i, also where it is the cause of another error', (code) => {
    expect(isTemporalUnavailable(grpc(code))).toBe(true);
    expect(isTemporalUnavailable(new Error('cannot be registered', { cause: grpc(code) }))).toBe(true);
  });

  it.each([grpc(7), new Error('refused', { cause: grpc(7) }), new Error('of another type'), undefined])(
    'is false of a refusal and of whatever else: %s',
    (error) => expect(isTemporalUnavailable(error)).toBe(false),
  );
});

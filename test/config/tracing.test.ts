import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SpanStatusCode, trace } from '@opentelemetry/api';
import { startTracing } from '../../config/tracing.ts';
import { traceStatement } from '../../db/statement-spans.ts';
import { startOtlpReceiver } from '../ops/otlp-receiver.ts';

let receiver: Awaited<ReturnType<typeof startOtlpReceiver>>;
beforeAll(async () => {
  receiver = await startOtlpReceiver();
});
afterAll(() => receiver.close());

const settings = (more: { protocol?: 'http/protobuf' | 'http/json'; endpoint?: string; share?: number }) => ({
  OTEL_EXPORTER_OTLP_ENDPOINT: more.endpoint ?? receiver.url,
  OTEL_EXPORTER_OTLP_PROTOCOL: more.protocol ?? ('http/json' as const),
  OTEL_TRACES_SAMPLER_ARG: more.share ?? 1,
});

/** Makes spans while it is traced, and waits until they are sent. */
async function traced(given: ReturnType<typeof settings>, act: () => void): Promise<void> {
  const tracing = startTracing(given, 'a-test');
  try {
    act();
  } finally {
    await tracing?.stop();
    // The next test registers its own.
    trace.disable();
  }
}

const work = (name: string, inside: () => void = () => {}) =>
  trace.getTracer('test').startActiveSpan(name, (span) => {
    span.setAttribute('note', 'card of someone@example.com, key sk_test_0123456789');
    span.recordException(new Error('refused for someone@example.com'));
    span.setStatus({ code: SpanStatusCode.ERROR, message: 'asked https://billing.example.com/c/eyJhbGciOi' });
    inside();
    span.end();
  });

describe('startTracing', () => {
  it('does nothing while no collector is named', () => {
    const none = { OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json', OTEL_TRACES_SAMPLER_ARG: 1 } as const;
    expect(startTracing({ ...none, OTEL_EXPORTER_OTLP_ENDPOINT: undefined }, 'a-test')).toBeNull();
    let isRecorded = true;
    trace.getTracer('test').startActiveSpan('unseen', (span) => {
      isRecorded = span.isRecording();
      span.end();
    });
    expect(isRecorded).toBe(false);
  });

  it('sends what is left when it stops, without personal data and secrets', async () => {
    await traced(settings({}), () =>
      work('a thing', () =>
        traceStatement({ text: 'select 1 from "charges"', durationMs: 5, failed: false }),
      ),
    );
    expect(receiver.spans.map(({ name, service }) => [name, service])).toEqual([
      ['PostgreSQL select charges', 'a-test'],
      ['a thing', 'a-test'],
    ]);
    expect(receiver.spans[0]?.parentSpanId).toBe(receiver.spans[1]?.spanId);
    const body = receiver.bodies.join();
    expect(body).toContain('card of [e-mail], key sk_test_[redacted]');
    expect(body).not.toMatch(/someone@|0123456789|eyJ/);
  });

  it('speaks protobuf when it is asked to, keeps no trace at a share of 0', async () => {
    await traced(settings({ protocol: 'http/protobuf' }), () => work('encoded'));
    expect([...receiver.types]).toEqual(['application/json', 'application/x-protobuf']);
    const before = receiver.spans.length;
    await traced(settings({ share: 0 }), () => work('not kept'));
    expect(receiver.spans).toHaveLength(before);
  });

  it('stops in time when nobody takes the spans', async () => {
    const startedMs = Date.now();
    await traced(settings({ endpoint: 'http://127.0.0.1:9' }), () => work('lost'));
    expect(Date.now() - startedMs).toBeLessThan(10_000);
  });
});

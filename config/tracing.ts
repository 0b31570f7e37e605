/**
 * Traces of API and Worker, sent to an OpenTelemetry collector when one is named. Started once by each process, before
 * it serves; stopped when everything else has ended. The places that make spans use `@opentelemetry/api` alone, which
 * does nothing while no tracing was started. Nothing is patched, and baggage of callers is not passed on.
 */
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { OTLPTraceExporter as JsonExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as ProtobufExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  NodeTracerProvider,
  ParentBasedSampler,
  type ReadableSpan,
  type SpanExporter,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace-node';
import type { Settings } from './env.ts';
import { redact } from './logger.ts';

export interface Tracing {
  /** Sends what is left; waits some seconds at most, and never throws. */
  stop(): Promise<void>;
}

type TracingSettings = Pick<
  Settings,
  'OTEL_EXPORTER_OTLP_ENDPOINT' | 'OTEL_EXPORTER_OTLP_PROTOCOL' | 'OTEL_TRACES_SAMPLER_ARG'
>;

/** How often what has ended is sent. */
const SEND_EVERY_MS = 2_000;
const SEND_TIMEOUT_MS = 5_000;

/** @returns null when no collector is named; `OTEL_EXPORTER_OTLP_HEADERS` and the like are read by the exporter */
export function startTracing(settings: TracingSettings, service: string): Tracing | null {
  const endpoint = settings.OTEL_EXPORTER_OTLP_ENDPOINT;
  if (endpoint === undefined) {
    return null;
  }
  const Exporter = settings.OTEL_EXPORTER_OTLP_PROTOCOL === 'http/json' ? JsonExporter : ProtobufExporter;
  const exporter = new Exporter({
    url: `${endpoint.replace(/\/+$/, '')}/v1/traces`,
    timeoutMillis: SEND_TIMEOUT_MS,
  });
  const provider = new NodeTracerProvider({
    resource: resourceFromAttributes({ 'service.name': service }),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(settings.OTEL_TRACES_SAMPLER_ARG) }),
    spanProcessors: [
      new BatchSpanProcessor(cleaned(exporter), {
        scheduledDelayMillis: SEND_EVERY_MS,
        exportTimeoutMillis: SEND_TIMEOUT_MS,
      }),
    ],
  });
  provider.register({ propagator: new W3CTraceContextPropagator() });
  return {
    async stop() {
      await provider.shutdown().catch(() => undefined);
    },
  };
}

/** Spans go through the same rules as log lines: whoever records an error cannot know what its message quotes. */
export function cleaned(exporter: SpanExporter): SpanExporter {
  return {
    export(spans, done) {
      exporter.export(spans.map(cleanedSpan), done);
    },
    shutdown: () => exporter.shutdown(),
    forceFlush: async () => exporter.forceFlush?.(),
  };
}

function cleanedSpan(span: ReadableSpan): ReadableSpan {
  const { message } = span.status;
  // A view of the span with these fields replaced: the exporters read nothing else that holds free text.
  return Object.create(span, {
    attributes: { value: cleanedAttributes(span.attributes) },
    events: {
      value: span.events.map((event) => ({
        ...event,
        ...(event.attributes === undefined ? {} : { attributes: cleanedAttributes(event.attributes) }),
      })),
    },
    status: { value: message === undefined ? span.status : { ...span.status, message: redact(message) } },
  });
}

function cleanedAttributes(attributes: ReadableSpan['attributes']): ReadableSpan['attributes'] {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, value]) => [
      name,
      typeof value === 'string' ? redact(value) : value,
    ]),
  );
}

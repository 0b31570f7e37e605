/**
 * A span for each statement sent to PostgreSQL, made when its answer is there. Given to `openDatabase` by processes that
 * are traced. The text of a statement has placeholders; its values are never told.
 */
import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';

export interface StatementMade {
  text: string;
  durationMs: number;
  failed: boolean;
}

/** Long enough for any statement of ours to be recognised. */
const MOST_CHARACTERS = 1_000;

/** Makes a span of its own trace only inside of another: what polls would be a trace a second. */
export function traceStatement({ text, durationMs, failed }: StatementMade): void {
  if (trace.getSpan(context.active()) === undefined) {
    return;
  }
  const endedMs = Date.now();
  const span = trace.getTracer('durable-billing/postgres').startSpan(`PostgreSQL ${nameOf(text)}`, {
    kind: SpanKind.CLIENT,
    startTime: endedMs - durationMs,
    attributes: { 'db.system.name': 'postgresql', 'db.query.text': text.slice(0, MOST_CHARACTERS) },
  });
  if (failed) {
    span.setStatus({ code: SpanStatusCode.ERROR });
  }
  span.end(endedMs);
}

/** What is done and to which table, e.g. `insert charges`. */
export function nameOf(text: string): string {
  const [, verb = '', table] =
    /\b(insert into|update|delete from|select\b[\s\S]*?\bfrom|begin|commit|rollback)\s*"?(\w+)?/i.exec(
      text,
    ) ?? [];
  const word = verb.split(/\s/, 1)[0]?.toLowerCase() ?? '';
  return [word || 'statement', table].filter(Boolean).join(' ');
}

/**
 * A span for each HTTP request, around all that is done for it. Installed by the app when traces are sent somewhere. It
 * tells method, route and status; never the address, which may hold a customer's token.
 */
import {
  type Context,
  context,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import type { FastifyInstance, FastifyRequest } from 'fastify';

export function traceRequests(app: FastifyInstance): void {
  const tracer = trace.getTracer('durable-billing/http');
  const spans = new WeakMap<FastifyRequest, ReturnType<typeof tracer.startSpan>>();

  app.addHook('onRequest', (request, _reply, done) => {
    const route = request.routeOptions.url ?? 'unknown';
    const span = tracer.startSpan(
      `${request.method} ${route}`,
      {
        kind: SpanKind.SERVER,
        attributes: { 'http.request.method': request.method, 'http.route': route, request_id: request.id },
      },
      callerOf(request, route),
    );
    spans.set(request, span);
    // What is called from here on, also later, finds the span.
    context.with(trace.setSpan(context.active(), span), done);
  });
  app.addHook('onResponse', async (request, reply) => {
    const span = spans.get(request);
    span?.setAttribute('http.response.status_code', reply.statusCode);
    if (reply.statusCode >= 500) {
      span?.setStatus({ code: SpanStatusCode.ERROR });
    }
    span?.end();
  });
}

/** The trace of a caller of the API goes on; what a stranger's browser says of traces does not count. */
function callerOf(request: FastifyRequest, route: string): Context {
  return route.startsWith('/v1/') ? propagation.extract(ROOT_CONTEXT, request.headers) : ROOT_CONTEXT;
}

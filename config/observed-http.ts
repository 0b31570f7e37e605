/**
 * What goes over the wire to Stripe, watched: a turn to wait for, a span and a word to whoever counts, for each request.
 * Made by `config/stripe.ts`. It never looks at a body or a header of the request, changes nothing and repeats nothing.
 */
import { SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { Stripe } from 'stripe';

export const STRIPE_OUTCOMES = [
  'ok',
  'declined',
  'rate_limited',
  'key_refused',
  'conflict',
  'request_refused',
  'server_error',
  'no_answer',
] as const;
/** What a request came to; `no_answer` is a connection that broke or a timeout. */
export type StripeOutcome = (typeof STRIPE_OUTCOMES)[number];

export interface StripeRequestMade {
  /** Method and path with `:id` for ids, e.g. `POST /v1/payment_intents/:id/confirm`. */
  endpoint: string;
  outcome: StripeOutcome;
  /** Until the answer began. */
  seconds: number;
}

type HttpClient = NonNullable<NonNullable<ConstructorParameters<typeof Stripe>[1]>['httpClient']>;

/**
 * @param watch.onRequest told after each request; must not throw
 * @param watch.turn waited for before each request, no part of its time; what it answers is called after the request
 */
export function observedHttpClient({
  onRequest = () => {},
  turn = async () => () => {},
}: {
  onRequest?: (made: StripeRequestMade) => void;
  turn?: () => Promise<() => void>;
}): HttpClient {
  const client = Stripe.createNodeHttpClient();
  const tracer = trace.getTracer('durable-billing/stripe');
  return {
    getClientName: () => client.getClientName(),
    makeRequest: async (...request) => {
      const answered = await turn();
      const [host, , path, method] = request;
      const endpoint = `${method} ${templateOf(path)}`;
      const attributes = {
        'http.request.method': method,
        'url.template': templateOf(path),
        'server.address': host,
      };
      return tracer.startActiveSpan(
        `Stripe ${endpoint}`,
        { kind: SpanKind.CLIENT, attributes },
        async (span) => {
          const startedMs = performance.now();
          const end = (outcome: StripeOutcome) => {
            answered();
            span.setAttribute('stripe.outcome', outcome);
            if (outcome !== 'ok' && outcome !== 'declined') {
              span.setStatus({ code: SpanStatusCode.ERROR, message: outcome });
            }
            span.end();
            onRequest({ endpoint, outcome, seconds: (performance.now() - startedMs) / 1000 });
          };
          try {
            const answer = await client.makeRequest(...request);
            const requestId = answer.getHeaders()['request-id'];
            span.setAttribute('http.response.status_code', answer.getStatusCode());
            if (typeof requestId === 'string') {
              span.setAttribute('stripe.request_id', requestId);
            }
            end(outcomeOf(answer.getStatusCode()));
            return answer;
          } catch (error) {
            end('no_answer');
            throw error;
          }
        },
      );
    },
  };
}

export function outcomeOf(status: number): StripeOutcome {
  if (status < 400) {
    return 'ok';
  }
  if (status >= 500) {
    return 'server_error';
  }
  const named: Readonly<Record<number, StripeOutcome>> = {
    401: 'key_refused',
    402: 'declined',
    403: 'key_refused',
    409: 'conflict',
    429: 'rate_limited',
  };
  return named[status] ?? 'request_refused';
}

/** The path without its ids and without its query: Stripe's ids are long and have digits or capitals. */
export function templateOf(path: string): string {
  return (path.split('?')[0] ?? '')
    .split('/')
    .map((part) => (part.length >= 10 && /[0-9A-Z]/.test(part) ? ':id' : part))
    .join('/');
}

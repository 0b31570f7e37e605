/**
 * `POST /webhooks/stripe`: verifies the signature over the raw bytes, keeps the event, answers, delivers. 2xx only after
 * the event is durable; 400 only for what Stripe did not sign or cannot be read; 5xx for our own faults, so that Stripe
 * sends it again.
 */
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { Stripe } from 'stripe';
import { z } from 'zod';
import { isLiveKey } from '../../config/stripe.ts';
import { type Arrival, type ReceivedEvent, receiveStripeEvents } from '../../db/stripe-events.ts';
import { isSecondWord, readStripeEvent } from '../../domain/stripe-event.ts';
import { coalesce } from '../coalesce.ts';
import type { ApiDeps } from '../deps.ts';
import { HttpProblem } from '../problems.ts';
import { nameInLog } from '../request-log.ts';
import { errorBody } from '../schemas/errors.ts';

/** Age of a signature that is still taken, and how far it may lie ahead; Stripe signs every delivery anew. */
const TOLERANCE_S = 300;
/** Far above any event that Stripe sends. */
const BODY_LIMIT = 1_048_576;

/** The fields that every event has, of any API version. */
const envelope = z.looseObject({
  id: z.string().min(1).max(255),
  type: z.string().min(1).max(255),
  api_version: z.string().nullish(),
  livemode: z.boolean(),
  // Seconds in snapshot events, ISO 8601 in thin ones.
  created: z.union([z.number(), z.string()]),
  data: z.looseObject({ object: z.looseObject({ id: z.string().nullish() }).nullish() }).nullish(),
});

export function stripeWebhookRoute(deps: ApiDeps): FastifyPluginAsyncZod {
  const { db, settings, inbox, metrics } = deps;
  const livemode = isLiveKey(settings.STRIPE_SECRET_KEY);
  const receive = coalesce<Arrival, boolean>({
    together: (arrivals) => receiveStripeEvents(db, arrivals),
    keyOf: ({ event }) => event.id,
  });

  /** Keeps the event; delivers it if it is new, has an effect, and there is room. @returns whether it is new */
  async function accept(event: ReceivedEvent): Promise<boolean> {
    if (event.ignoredReason !== null || isSecondWord(event.type)) {
      return receive({ event, leased: isSecondWord(event.type) });
    }
    const slot = inbox.reserve();
    let isNew = false;
    try {
      isNew = await receive({ event, leased: slot !== null });
    } finally {
      if (!isNew) {
        slot?.giveBack();
      } else if (slot !== null) {
        slot.deliver(event);
      } else {
        inbox.wake();
      }
    }
    return isNew;
  }

  return async (app) => {
    // Only this scope sees bytes: the signature is over them, not over what a parser makes of them.
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: BODY_LIMIT }, (_request, body, done) =>
      done(null, body),
    );

    app.post(
      '/webhooks/stripe',
      {
        bodyLimit: BODY_LIMIT,
        config: { repeat: 'by_nature' },
        schema: {
          // For Stripe alone, which reads no documentation of ours.
          hide: true,
          tags: ['webhooks'],
          headers: z.looseObject({ 'stripe-signature': z.string().optional() }),
          response: {
            200: z.object({ received: z.literal(true) }).describe('The event is kept'),
            400: errorBody.describe('Not signed by Stripe, or not an event'),
            413: errorBody,
            500: errorBody,
            503: errorBody.describe('Send it again'),
          },
        },
      },
      async (request, reply) => {
        const raw: unknown = request.body;
        const signature = request.headers['stripe-signature'];
        if (!(raw instanceof Buffer) || !isSigned(raw, signature, settings.STRIPE_WEBHOOK_SECRET)) {
          metrics.webhooks.inc({ outcome: 'refused' });
          throw new HttpProblem(
            400,
            'invalid_signature',
            'Stripe-Signature is missing, too old, or not over these bytes with a secret of ours',
            { param: 'Stripe-Signature' },
          );
        }
        const event = readEvent(raw, livemode);
        const isNew = await accept(event);
        const outcome = isNew ? (event.ignoredReason === null ? 'accepted' : 'ignored') : 'repeated';
        nameInLog(request, { stripe_event_id: event.id, event_type: event.type, event_outcome: outcome });
        metrics.webhooks.inc({ outcome });
        reply.header('x-content-type-options', 'nosniff');
        return { received: true as const };
      },
    );
  };
}

function isSigned(raw: Buffer, header: string | undefined, secrets: readonly string[]): boolean {
  if (!hasSignatures(header ?? '') || isFromTheFuture(header ?? '')) {
    return false;
  }
  return secrets.some((secret) => {
    try {
      return Stripe.webhooks.signature?.verifyHeader(raw, header ?? '', secret, TOLERANCE_S) ?? false;
    } catch (error) {
      if (error instanceof Stripe.errors.StripeSignatureVerificationError) {
        return false;
      }
      throw error;
    }
  });
}

/** @throws HttpProblem 400 for signed bytes that are no event: nothing can be kept of them */
function readEvent(raw: Buffer, livemode: boolean): ReceivedEvent {
  const payload = parseJson(raw);
  const read = envelope.safeParse(payload);
  if (!read.success) {
    throw new HttpProblem(400, 'not_an_event', 'expected a Stripe event as JSON');
  }
  const { id, type, api_version: apiVersion, created, data } = read.data;
  const about = readStripeEvent(payload, livemode);
  return {
    id,
    type,
    apiVersion: apiVersion ?? null,
    livemode: read.data.livemode,
    objectId: data?.object?.id ?? null,
    payload,
    stripeCreatedAt: instantOf(created),
    ignoredReason: 'ask' in about ? null : about.reason,
  };
}

function parseJson(raw: Buffer): unknown {
  try {
    return JSON.parse(raw.toString('utf8'));
  } catch {
    return null;
  }
}

function instantOf(created: number | string): Date {
  const instant = new Date(typeof created === 'number' ? created * 1000 : created);
  return Number.isNaN(instant.getTime()) ? new Date(0) : instant;
}

/** Stripe's library fails as if the fault were ours on a signature without a value. */
function hasSignatures(header: string): boolean {
  return header.split(',').every((part) => !/^v1(=|$)/.test(part) || /^v1=[0-9a-f]{64}$/.test(part));
}

/** Stripe's library looks at the age alone. On a host whose clock is behind, that would let old deliveries be repeated. */
function isFromTheFuture(header: string): boolean {
  const latestS = Date.now() / 1_000 + TOLERANCE_S;
  return [...header.matchAll(/(?:^|,)\s*t=(\d+)/g)].some(([, signedAt]) => Number(signedAt) > latestS);
}

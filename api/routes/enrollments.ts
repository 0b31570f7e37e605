/** `POST /v1/enrollments`, the list and the single enrollment. */
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { isLiveKey } from '../../config/stripe.ts';
import { findSessionBeingProven } from '../../db/customer-view.ts';
import { takeBackDetails, upsertCustomer } from '../../db/customers.ts';
import { type EnrollmentView, findEnrollmentView, listEnrollmentViews } from '../../db/enrollment-views.ts';
import type { RefusalCode } from '../../domain/errors.ts';
import { checkTerms } from '../../domain/terms-check.ts';
import type { Requested } from '../../workflows/messages.ts';
import { requestedIn } from '../auth.ts';
import { CommandRefused, EnrollmentNotRunning } from '../billing-client.ts';
import { encodePlace } from '../cursor.ts';
import type { ApiDeps } from '../deps.ts';
import { enrollmentObjectOf } from '../enrollment-object.ts';
import { type EnrollmentRequest, readEnrollmentRequest } from '../enrollment-request.ts';
import { customerIdOf, enrollmentIdOfKey, fingerprintOf } from '../idempotency.ts';
import { invalidRequest, keyMismatch, notFound } from '../problems.ts';
import { nameInLog } from '../request-log.ts';
import {
  enrollmentObject,
  enrollmentParams,
  enrollmentQuery,
  newEnrollment,
} from '../schemas/enrollments.ts';
import { commonErrors, conflictError, notFoundError } from '../schemas/errors.ts';
import { page, pageOf } from '../schemas/lists.ts';
import { requiredKeyHeaders } from '../schemas/texts.ts';
import { termsIssue } from '../terms-mapping.ts';

export function enrollmentRoutes(deps: ApiDeps): FastifyPluginAsyncZod {
  const { db, billing, settings, links } = deps;
  const context = {
    links,
    temporalUiUrl: settings.TEMPORAL_UI_URL,
    temporalNamespace: settings.TEMPORAL_NAMESPACE,
  };

  /**
   * Keeps the contact details, then starts the Workflow: it must find them. When another request under this
   * Idempotency-Key was first, they are taken back.
   * @returns the address of the first Checkout page; null when the customer is past it
   */
  async function start(id: string, wanted: EnrollmentRequest, requestFingerprint: string) {
    const customerId = customerIdOf(wanted.customer, { enrollmentId: id, fingerprint: requestFingerprint });
    const written = await upsertCustomer(db, { id: customerId, ...wanted.customer });
    try {
      return await enroll(id, customerId, wanted, requestFingerprint);
    } catch (error) {
      if (isOfAnotherRequest(error)) {
        await takeBackDetails(db, customerId, written);
      }
      throw error;
    }
  }

  async function enroll(id: string, customerId: string, wanted: EnrollmentRequest, fingerprint: string) {
    const { customer: _, ...agreed } = wanted;
    const { checkoutSession } = await billing.enroll({
      v: 1,
      enrollmentId: id,
      customerId,
      ...agreed,
      livemode: isLiveKey(settings.STRIPE_SECRET_KEY),
      requestFingerprint: fingerprint,
    });
    return checkoutSession?.url ?? null;
  }

  /**
   * A caller has nowhere to send the customer without a session. A request may be repeated because the first one was not
   * answered, and its session is still on its way: the repeat waits for it as the first did. When that one is over, or has
   * too little time left, another is opened. Contact details were kept then, and may be newer by now.
   */
  async function withSession(
    known: EnrollmentView,
    wanted: EnrollmentRequest,
    requested: Requested,
  ): Promise<EnrollmentView> {
    if (!lacksSession(known) || (await findSessionBeingProven(db, known.id)) !== undefined) {
      return known;
    }
    const { id } = known;
    try {
      await enroll(id, known.customer_id, wanted, known.request_fingerprint);
      const view = (await findEnrollmentView(db, id)) ?? known;
      if (!lacksSession(view)) {
        return view;
      }
      const { url } = await billing.openCheckoutSession(id, requested);
      return { ...view, open_session_url: url };
    } catch (error) {
      if (!saysWhyNone(error)) {
        throw error;
      }
    }
    return (await findEnrollmentView(db, id)) ?? known;
  }

  return async (app) => {
    app.post(
      '/enrollments',
      {
        config: { scope: 'write', repeat: 'under_key' },
        schema: {
          tags: ['enrollments'],
          operationId: 'createEnrollment',
          summary: 'Enroll a customer',
          description:
            'Starts an enrollment and answers with the Checkout page to send the customer to. The same Idempotency-Key always reaches the same enrollment; with other content it is refused.',
          headers: requiredKeyHeaders,
          body: newEnrollment,
          response: {
            201: enrollmentObject.describe('Started'),
            200: enrollmentObject.describe('Started before, by the same request'),
            ...commonErrors,
            ...conflictError,
          },
        },
      },
      async (request, reply) => {
        const id = enrollmentIdOfKey(request.headers['idempotency-key']);
        nameInLog(request, { enrollment_id: id });
        const wanted = readEnrollmentRequest(request.body, settings);
        const fingerprint = fingerprintOf(wanted);
        const known = await findEnrollmentView(db, id);
        if (known !== undefined) {
          assertSameRequest(known, fingerprint);
          const view = await withSession(known, wanted, requestedIn(request, null));
          assertSetUp(view);
          return reply.code(200).send(await enrollmentObjectOf(view, context, request.apiKeyScopes));
        }
        // Only now: what was agreed once may be asked for again when its dates have passed.
        const problems = checkTerms(wanted.terms, new Date().toISOString(), settings.ALLOW_MINUTE_SCHEDULES);
        if (problems.length > 0) {
          throw invalidRequest(problems.map((problem) => termsIssue(problem, request.body.terms)));
        }
        const checkoutUrl = await start(id, wanted, fingerprint);
        const started = await findEnrollmentView(db, id);
        if (started === undefined) {
          throw new Error(`the Workflow of ${id} answered before its row was written`);
        }
        assertSameRequest(started, fingerprint);
        const answer = await enrollmentObjectOf(started, context, request.apiKeyScopes);
        return reply.code(201).send({ ...answer, checkout_url: checkoutUrl ?? answer.checkout_url });
      },
    );

    app.get(
      '/enrollments',
      {
        config: { scope: 'read' },
        schema: {
          tags: ['enrollments'],
          operationId: 'listEnrollments',
          summary: 'List enrollments, the newest first',
          querystring: enrollmentQuery,
          response: { 200: pageOf(enrollmentObject), ...commonErrors },
        },
      },
      async (request) => {
        const { limit, cursor, ...filter } = request.query;
        const views = await listEnrollmentViews(db, {
          status: filter.status,
          customerReference: filter.customer_reference,
          stripeCustomerId: filter.stripe_customer_id,
          pastDueBefore: filter.past_due_before,
          waitsFor: filter.waits_for,
          after: cursor,
          limit: limit + 1,
        });
        const answer = page(
          views,
          limit,
          (view) => enrollmentObjectOf(view, context, request.apiKeyScopes),
          (last) => encodePlace(last.created_at, last.id),
        );
        return { ...answer, data: await Promise.all(answer.data) };
      },
    );

    app.get(
      '/enrollments/:id',
      {
        config: { scope: 'read' },
        schema: {
          tags: ['enrollments'],
          operationId: 'getEnrollment',
          summary: 'Read an enrollment',
          params: enrollmentParams,
          response: { 200: enrollmentObject, ...commonErrors, ...notFoundError },
        },
      },
      async (request) => {
        const view = await findEnrollmentView(db, request.params.id);
        if (view === undefined) {
          throw notFound('enrollment', request.params.id);
        }
        return enrollmentObjectOf(view, context, request.apiKeyScopes);
      },
    );
  };
}

function lacksSession({ status, open_session_url: url }: EnrollmentView): boolean {
  return status === 'awaiting_payment_method' && url === null;
}

/** It has ended meanwhile, or is about to: its row says how. */
function saysWhyNone(error: unknown): boolean {
  const codes: string[] = ['enrollment_ended', 'cancel_pending'] satisfies RefusalCode[];
  return (
    error instanceof EnrollmentNotRunning || (error instanceof CommandRefused && codes.includes(error.code))
  );
}

/** The Workflow of this id was started by another request, or has ended. */
function isOfAnotherRequest(error: unknown): boolean {
  return (
    error instanceof EnrollmentNotRunning ||
    (error instanceof CommandRefused && error.code === 'idempotency_mismatch')
  );
}

/** What Stripe refused once is told on every repeat: the caller must mend the request and send a new key. */
function assertSetUp({ setup_refusal: refusal }: EnrollmentView): void {
  if (refusal !== null) {
    throw new CommandRefused('setup_refused', refusal);
  }
}

function assertSameRequest(known: EnrollmentView, fingerprint: string): void {
  if (known.request_fingerprint !== fingerprint) {
    throw keyMismatch(`${known.id} with another request`, 'a new enrollment');
  }
}

/**
 * The service without its API: a Worker, a database, a Stripe stand-in and the client that the API uses, on the
 * Temporal server that all tests share. One for each test file; Workflow ids and Task Queues are its own.
 */
import { randomBytes } from 'node:crypto';
import { NativeConnection, type WorkerOptions, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import type { BillingClient } from '../../api/billing-client.ts';
import { createInboxDispatcher } from '../../api/inbox-dispatcher.ts';
import { createTemporalBillingClient } from '../../api/temporal-billing-client.ts';
import { createCustomerLinks } from '../../config/customer-links.ts';
import { createLogger } from '../../config/logger.ts';
import { createStripe } from '../../config/stripe.ts';
import { askControl } from '../../dev/stand-in-control.ts';
import { startStripeStandIn } from '../../dev/stripe-stand-in/stand-in.ts';
import { customerId, enrollmentId, enrollmentWorkflowId } from '../../domain/ids.ts';
import type { Terms } from '../../domain/terms.ts';
import type { EnrollmentInput } from '../../domain/workflow-input.ts';
import { versioningOptions } from '../../worker/versioning.ts';
import { createBillingWorker } from '../../worker/worker.ts';
import { enrollmentStateQuery } from '../../workflows/messages.ts';
import { createTestDatabase } from './database.ts';
import { replayAndRecord } from './histories.ts';
import { connectTestTemporal } from './temporal.ts';
import { waitFor } from './wait.ts';
import { workflowCode } from './workflow-code.ts';

export type TestBilling = Awaited<ReturnType<typeof startBilling>>;

export const MONTHLY: Terms = {
  currency: 'jpy',
  schedule: {
    type: 'recurring',
    amountMinor: 980,
    interval: { unit: 'month', count: 1 },
    startsAt: null,
    timeZone: 'Asia/Tokyo',
    localHour: null,
    trialDays: 0,
    endsAt: null,
    maxCharges: null,
  },
  captureMethod: 'automatic',
  dunning: { retryAfterDays: [1, 3, 5, 7], afterLastTry: 'cancel' },
  lateSuccess: 'refund',
  catchUp: 'charge_all',
  setupDeadlineDays: 30,
};

export const ONCE: Terms = { ...MONTHLY, schedule: { type: 'once', amountMinor: 1200, at: null } };

/** More than a test makes: unasked, the stand-in tells of the newest thousand alone. */
const MOST_CALLS = 20_000;

export interface BillingOptions {
  virtualTime?: boolean;
  ownNamespace?: boolean;
  /** PostgreSQL counts the statements of its database: `statements.ts`. */
  countedStatements?: boolean;
  /** Of the first Workers. */
  workerOptions?: Partial<WorkerOptions>;
}

/** The Workers of one process. */
export interface WorkerTeam {
  /** Politely; safe to call twice. */
  stop(): Promise<void>;
}

export async function startBilling(options: BillingOptions = {}) {
  const namespace = options.ownNamespace ? `test${randomBytes(6).toString('hex')}` : undefined;
  // Side by side: for the first test file, all of them have yet to be made.
  const [temporal, database, standIn, { bundle }] = await Promise.all([
    connectTestTemporal({ namespace }),
    createTestDatabase({ counted: options.countedStatements }),
    startStripeStandIn({}),
    workflowCode(),
  ]);
  const taskQueue = `test-${randomBytes(6).toString('hex')}`;
  const client = options.virtualTime ? temporal.virtualTimeClient : temporal.client;
  const stripe = createStripe({
    STRIPE_SECRET_KEY: 'sk_test_0123456789',
    STRIPE_API_URL: standIn.url,
    STRIPE_TIMEOUT_MS: 20_000,
  });
  const links = createCustomerLinks({
    secrets: ['test-secret-that-is-long-enough-for-it'],
    publicUrl: 'http://127.0.0.1:3000',
    ttlDays: 400,
  });
  const teams: WorkerTeam[] = [];

  /** Workers of the same Task Queues, on other code or with other options, beside those that run. */
  async function addWorkers(
    code: WorkflowBundleWithSourceMap,
    overrides: Partial<WorkerOptions> = {},
  ): Promise<WorkerTeam> {
    // The SDK allows one Worker of a Task Queue and build on a connection.
    const connection = await NativeConnection.connect({ address: temporal.address });
    const worker = await createBillingWorker({
      connection,
      namespace: temporal.namespace,
      taskQueue,
      workflowBundle: code,
      activityDeps: { db: database.db, stripe, links, livemode: false },
      shutdownGraceMs: 1_000,
      overrides: {
        ...versioningOptions({ WORKER_DEPLOYMENT_NAME: 'test', WORKFLOW_PATCHES_OFF: [] }, code.code),
        ...overrides,
      },
    });
    const running = worker.run();
    let stopped: Promise<void> | null = null;
    const team: WorkerTeam = {
      stop() {
        stopped ??= Promise.resolve(worker.shutdown())
          .then(() => running)
          .then(() => connection.close());
        return stopped;
      },
    };
    teams.push(team);
    return team;
  }
  const workers = await addWorkers(bundle, options.workerOptions);
  const billing: BillingClient = createTemporalBillingClient({ client, taskQueue });

  /** Posts to the stand-in's control plane. */
  const control = (route: string, body?: object): Promise<unknown> =>
    askControl(standIn.url, 'POST', route, body);

  /** Calls of the Stripe API so far. */
  async function stripeCalls(): Promise<number> {
    const route = `requests?path_prefix=/v1/&limit=${MOST_CALLS}`;
    const { data } = await askControl<{ data: unknown[] }>(standIn.url, 'GET', route);
    return data.length;
  }

  const stateOf = (id: string) =>
    client.workflow.getHandle(enrollmentWorkflowId(id)).query(enrollmentStateQuery);

  const inbox = createInboxDispatcher({
    db: database.db,
    billing,
    livemode: false,
    log: createLogger({ LOG_LEVEL: 'error' }),
  });
  const delivered = new Set<string>();

  return {
    temporal,
    db: database.db,
    databaseUrl: database.url,
    standIn,
    stripe,
    billing,
    taskQueue,
    control,
    stripeCalls,
    /** The code of this tree. */
    bundle,
    /** Those that run from the start, on the code of this tree. */
    workers,
    addWorkers,

    /** Delivers every event that Stripe has not sent yet, oldest first, as its webhooks would. */
    async deliverEvents() {
      const events = await stripe.events.list({ limit: 100 }).autoPagingToArray({ limit: 1_000 });
      for (const event of events.reverse().filter(({ id }) => !delivered.has(id))) {
        delivered.add(event.id);
        inbox.reserve()?.deliver({ id: event.id, payload: JSON.parse(JSON.stringify(event)) });
        await inbox.idle();
      }
    },

    /** What the timeline tells of an enrollment, oldest first. */
    async timeline(id: string) {
      return database.db
        .selectFrom('enrollment_events')
        .select(['what', 'who', 'why'])
        .where('enrollment_id', '=', id)
        .orderBy('seq')
        .execute();
    },

    /** Every movement of money of an enrollment, oldest first. */
    async ledger(id: string) {
      return database.db
        .selectFrom('ledger_entries')
        .select(['kind', 'amount_minor'])
        .where('enrollment_id', '=', id)
        .orderBy('seq')
        .execute();
    },

    /** A fresh enrollment's input, and its row of contact details. */
    async newInput(
      terms: Terms,
      customer: { email?: string; reference?: string } = {},
    ): Promise<EnrollmentInput> {
      const suffix = BigInt(`0x${randomBytes(20).toString('hex')}`)
        .toString(36)
        .padStart(26, '0')
        .slice(-26);
      await database.db
        .insertInto('customers')
        .values({
          id: customerId(suffix),
          email: customer.email ?? null,
          reference: customer.reference ?? null,
        })
        .execute();
      return {
        v: 1,
        enrollmentId: enrollmentId(suffix),
        customerId: customerId(suffix),
        terms,
        description: 'Coffee, monthly',
        locale: 'en',
        returnUrl: null,
        metadata: {},
        livemode: false,
        requestFingerprint: suffix,
      };
    },

    /** What a customer does on the hosted page, without a browser. */
    async payOnCheckout(url: string, card = '4242424242424242', email = 'customer@example.com') {
      const answer = await fetch(url, {
        method: 'POST',
        redirect: 'manual',
        body: new URLSearchParams({
          email,
          cardNumber: card,
          cardExpiry: '12 / 40',
          cardCvc: '123',
          billingName: 'Test Customer',
        }),
      });
      return { status: answer.status, location: answer.headers.get('location'), text: await answer.text() };
    },

    /** Saves a method on an open Checkout Session, a challenge passed, and tells the Workflow. */
    async save(enrollmentId: string, checkoutSessionId: string, method: Record<string, string>) {
      await control(`checkout_sessions/${checkoutSessionId}/complete`, method);
      await billing.checkoutSessionCompleted(enrollmentId, checkoutSessionId);
    },

    /** Enrolls with a bank account instead of a card. */
    async enrolledWithAccount(terms: Terms, accountNumber: string): Promise<EnrollmentInput> {
      const account = { payment_method_type: 'us_bank_account', account_number: accountNumber };
      return this.enrolledWith(terms, account);
    },

    /** Enrolls with a method that the page would ask more about, e.g. a challenge. */
    async enrolledWith(terms: Terms, method: Record<string, string>): Promise<EnrollmentInput> {
      const input = await this.newInput(terms);
      const { checkoutSession } = await billing.enroll(input);
      await this.save(input.enrollmentId, String(checkoutSession?.id), method);
      return input;
    },

    /** An enrollment whose first charge is paid, and the instant of the second. */
    async paidOnce(terms: Terms = MONTHLY): Promise<{ enrollmentId: string; next: Date }> {
      const { enrollmentId: id } = await this.enrolled(terms);
      await this.charged(id, 1, 'succeeded');
      const next = await waitFor('the next charge', async () => {
        const row = await this.enrollmentRow(id);
        // The row is written a moment before the Workflow knows.
        const { nextChargeAt } = await stateOf(id);
        return row.next_charge_at?.toISOString() === nextChargeAt && row.next_charge_at;
      });
      return { enrollmentId: id, next };
    },

    /** Enrolls, pays on Checkout and tells the Workflow, as webhook and return page would. */
    async enrolled(terms: Terms, card?: string): Promise<EnrollmentInput> {
      const input = await this.newInput(terms);
      const answer = await billing.enroll(input);
      if (answer.checkoutSession === null) {
        throw new Error(`no session: ${JSON.stringify(answer)}`);
      }
      const paid = await this.payOnCheckout(answer.checkoutSession.url, card);
      if (paid.status !== 303) {
        throw new Error(`Checkout answered ${paid.status}: ${paid.text.slice(0, 2000)}`);
      }
      await billing.checkoutSessionCompleted(input.enrollmentId, answer.checkoutSession.id);
      return input;
    },

    enrollmentRow(id: string) {
      return database.db.selectFrom('enrollments').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
    },

    chargeRows(id: string) {
      return database.db
        .selectFrom('charges')
        .selectAll()
        .where('enrollment_id', '=', id)
        .orderBy('number')
        .execute();
    },

    /** Waits until a charge has that status. */
    charged(id: string, number: number, status: string, timeoutMs = 20_000) {
      return waitFor(
        `charge ${number} of ${id} to be ${status}`,
        async () => {
          const row = await database.db
            .selectFrom('charges')
            .selectAll()
            .where('enrollment_id', '=', id)
            .where('number', '=', number)
            .executeTakeFirst();
          if (row?.status !== status) {
            throw new Error(`it is ${row?.status}`);
          }
          return row;
        },
        { timeoutMs },
      );
    },

    /** Waits until a charge has been tried so many times. */
    attempted(id: string, number: number, attempts: number, timeoutMs = 30_000) {
      return waitFor(
        `attempt ${attempts} of charge ${number} of ${id}`,
        async () => (await this.chargeRows(id))[number - 1]?.attempts === attempts,
        { timeoutMs },
      );
    },

    /** What the Workflow knows, a moment after the rows. */
    stateOf,

    /** Waits until the Workflow, too, knows the charge in that status: its row is written a moment before. */
    known(id: string, chargeId: string, status: string) {
      return waitFor(`the Workflow to know ${chargeId} as ${status}`, async () => {
        const { charges } = await stateOf(id);
        return charges.some((charge) => charge.id === chargeId && charge.status === status);
      });
    },

    /** Waits until the Workflow has settled a charge and holds it no more: its row is written a moment before. */
    settled(id: string, chargeId: string) {
      return waitFor(`the Workflow to settle ${chargeId}`, async () => {
        const { charges } = await stateOf(id);
        return charges.every((charge) => charge.id !== chargeId);
      });
    },

    /** Waits until the Workflow has the saved method: its row is written a moment before. */
    active(id: string) {
      return waitFor(`${id} to be active`, async () => (await stateOf(id)).status === 'active');
    },

    async history(id: string) {
      return client.workflow.getHandle(enrollmentWorkflowId(id)).fetchHistory();
    },

    handle(id: string) {
      return client.workflow.getHandle(enrollmentWorkflowId(id));
    },

    /** Every history that this test made replays on the code that made it; then all is closed. */
    async stop(replayOn: WorkflowBundleWithSourceMap = bundle) {
      await Promise.all(teams.map((team) => team.stop()));
      await inbox.stop();
      await replayAndRecord(client, taskQueue, replayOn);
      await standIn.close();
      await database.drop();
      await temporal.close();
    },
  };
}

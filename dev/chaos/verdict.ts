/** What must hold after a chaos run, when all is quiet: the invariants I1 to I9, each with what contradicts it. */
import { Worker } from '@temporalio/worker';
import { type Checked, checkBooks } from '../../check-books/check.ts';
import type { NamedHistory } from '../../test/support/histories.ts';
import { AMOUNT_MINOR, type Enrolled, EXTRA_MINOR, GOOD_CARD } from './customers.ts';
import { scanForSecrets } from './secrets.ts';
import type { World } from './world.ts';

export interface Finding {
  invariant: string;
  found: string;
}

export interface Verdict {
  findings: Finding[];
  checked: Checked;
  histories: number;
  chargesPaid: number;
}

interface LedgerPayment {
  id: string;
  status: string;
  amount_received: number;
  metadata: Record<string, string>;
}

export async function judge(
  world: World,
  enrolled: readonly Enrolled[],
  run: { customers: number; periods: number; stuck: readonly string[] },
  report: (line: string) => void,
): Promise<Verdict> {
  const findings: Finding[] = [];
  const add = (invariant: string, found: string) => findings.push({ invariant, found });
  if (enrolled.length !== run.customers) {
    add('I3', `${run.customers - enrolled.length} customers never got an answer`);
  }
  for (const id of run.stuck) {
    add('I4', `${id} does not come to its end`);
  }

  for (const death of world.deaths) {
    add('I4', death);
  }

  report('comparing the three ledgers');
  const limits = { deliveryLagMs: 1_000, dueLagMs: 60_000, mostTries: 5 };
  const checked = await checkBooks(deps(world), { limits, settleMs: 2_000 });
  for (const { invariant, subject, code, found } of checked.differences) {
    add(invariant, `${code}: ${subject}: ${found}`);
  }
  const { payments } = await world.control<{ payments: LedgerPayment[] }>('GET', 'ledger');
  const paid = payments.filter(({ status }) => status === 'succeeded');
  perCharge(paid, add);
  expected(enrolled, paid, run.periods, add);
  await webhooks(world, add);
  await strangers(world, enrolled, add);

  report('replaying every history on the current code');
  const histories = await historiesOf(world);
  const replays = Worker.runReplayHistories({ workflowBundle: world.bundle }, histories);
  for await (const { workflowId, error } of replays) {
    if (error) {
      add('I6', `${workflowId}: ${error.message}`);
    }
  }
  report('looking for secrets');
  const answers = await answersOf(world, enrolled);
  for (const found of await scanForSecrets(world, histories, answers)) {
    add('I7', found);
  }
  return { findings, checked, histories: histories.length, chargesPaid: paid.length };
}

function deps({ db, stripe, client, taskQueue }: World) {
  return { db, stripe, client, taskQueue };
}

function perCharge(paid: LedgerPayment[], add: (invariant: string, found: string) => void): void {
  const seen = new Map<string, string>();
  for (const { id, metadata } of paid) {
    const charge = metadata.charge_id ?? `${id} without a charge`;
    const other = seen.get(charge);
    if (other !== undefined) {
      add('I1', `${charge} was paid twice: ${other}, ${id}`);
    }
    seen.set(charge, id);
  }
}

/** Nobody is charged too often, and nobody is forgotten. */
function expected(
  enrolled: readonly Enrolled[],
  paid: LedgerPayment[],
  periods: number,
  add: (invariant: string, found: string) => void,
): void {
  for (const { id, customer, canceled, extrasAsked, extrasAccepted } of enrolled) {
    const received = paid
      .filter(({ metadata }) => metadata.enrollment_id === id)
      .map(({ amount_received }) => amount_received);
    const count = received.filter((minor) => minor === AMOUNT_MINOR).length;
    const extras = received.filter((minor) => minor === EXTRA_MINOR).length;
    const owed = customer.captures ? 1 : periods;
    const mayEndEarly = canceled || customer.card !== GOOD_CARD;
    // The clock may jump over a month between a pause and its end: what falls due in it is not owed.
    const least = owed - customer.asks.filter(({ what }) => what === 'pause').length;
    if (count > owed || (!mayEndEarly && count < least)) {
      add('I1', `${id} was charged ${count} times for ${owed} periods`);
    }
    if (extras > extrasAsked || extras < extrasAccepted) {
      add('I1', `${id} paid ${extras} extra charges; ${extrasAccepted} of ${extrasAsked} were accepted`);
    }
    if (count + extras !== received.length) {
      add('I1', `${id} paid amounts that nobody asked for: ${received.join(', ')}`);
    }
  }
}

/** Every webhook that was answered with 2xx is in the inbox, and every row there came to an end. */
async function webhooks(world: World, add: (invariant: string, found: string) => void): Promise<void> {
  const { data } = await world.control<{ data: { event: string; state: string }[] }>(
    'GET',
    'deliveries?limit=100000',
  );
  const rows = await world.db
    .selectFrom('stripe_events')
    .select(['id', 'signalled_at', 'ignored_reason'])
    .execute();
  const known = new Set(rows.map(({ id }) => id));
  for (const { event } of data.filter(({ state, event: id }) => state === 'delivered' && !known.has(id))) {
    add('I2', `${event} was answered with 2xx and is not in the inbox`);
  }
  for (const { id } of rows.filter((row) => row.signalled_at === null && row.ignored_reason === null)) {
    add('I2', `${id} had no effect and was not ignored with a reason`);
  }
}

/** One customer's link opens nothing of another's. */
async function strangers(
  world: World,
  enrolled: readonly Enrolled[],
  add: (invariant: string, found: string) => void,
): Promise<void> {
  const charges = await world.db.selectFrom('charges').select(['id', 'enrollment_id']).limit(20).execute();
  for (const { id, enrollment_id: owner } of charges) {
    const stranger = enrolled.find((other) => other.id !== owner);
    if (stranger !== undefined) {
      const { status } = await fetch(`${stranger.customerLink}/charges/${id}/receipt`);
      if (status !== 404) {
        add('I9', `the link of ${stranger.id} answers ${status} for ${id} of ${owner}`);
      }
    }
  }
}

/** Of every run: enrollments, what came after charges, sweeps. */
async function historiesOf({ client, taskQueue }: World): Promise<NamedHistory[]> {
  const histories: NamedHistory[] = [];
  for await (const { workflowId, runId } of client.workflow.list({ query: `TaskQueue = '${taskQueue}'` })) {
    const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    histories.push({ workflowId, history });
  }
  return histories;
}

async function answersOf(world: World, enrolled: readonly Enrolled[]): Promise<string[]> {
  const routes = enrolled
    .slice(0, 10)
    .flatMap(({ id }) => [
      `/v1/enrollments/${id}`,
      `/v1/enrollments/${id}/charges`,
      `/v1/enrollments/${id}/timeline`,
      `/v1/enrollments/${id}/notifications`,
    ]);
  return Promise.all(
    routes.map(async (route) => {
      const answer = await fetch(`${world.api}${route}`, {
        headers: { authorization: `Bearer ${world.apiKey}` },
      });
      return answer.text();
    }),
  );
}

/** What must hold after a chaos run, when all is quiet: the invariants I1 to I9, each with what contradicts it. */
import { Worker } from '@temporalio/worker';
import { type Checked, checkBooks } from '../../check-books/check.ts';
import type { NamedHistory } from '../../test/support/histories.ts';
import { AMOUNT_MINOR, type Enrolled, EXTRA_MINOR, GOOD_CARD, TIME_ZONE } from './customers.ts';
import { brokenPromises, type Told, wronglyBilled } from './owed.ts';
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

interface LedgerEntry {
  type: string;
  /** What went back is negative. */
  amount: number;
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
  const { payments, entries } = await world.control<{ payments: LedgerPayment[]; entries: LedgerEntry[] }>(
    'GET',
    'ledger',
  );
  const paid = payments.filter(({ status }) => status === 'succeeded');
  perCharge(paid, add);
  await expected(world, enrolled, paid, run.periods, add);
  await promised(world, enrolled, { paid, entries }, add);
  await mails(world, add);
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
async function expected(
  { db }: World,
  enrolled: readonly Enrolled[],
  paid: LedgerPayment[],
  periods: number,
  add: (invariant: string, found: string) => void,
): Promise<void> {
  const instants = await instantsOf(db);
  for (const { id, customer, canceled, extrasAsked, extrasAccepted } of enrolled) {
    const received = paid.filter(({ metadata }) => metadata.enrollment_id === id);
    const of = (minor: number) => received.filter(({ amount_received }) => amount_received === minor);
    const agreed = of(AMOUNT_MINOR);
    const extras = of(EXTRA_MINOR).length;
    if (customer.card !== GOOD_CARD && !customer.recovers && received.length > 0) {
      add('I1', `${id} has paid with a card that is always declined`);
    }
    if (customer.captures && agreed.length !== 1) {
      add('I1', `${id} was charged ${agreed.length} times for one held amount`);
    }
    const endsEarly = canceled || customer.card !== GOOD_CARD;
    const terms = { periods, timeZone: TIME_ZONE, endsEarly };
    const paidDueAt = agreed.map(({ id: payment, metadata }) => {
      const dueAt = instants.dueAt.get(metadata.charge_id ?? '');
      return dueAt ?? `an unknown instant (${payment})`;
    });
    const startedAt = instants.startedAt.get(id) ?? null;
    const billed = { startedAt, timeline: instants.timeline.get(id) ?? [], paidDueAt };
    for (const found of customer.captures ? [] : wronglyBilled(billed, terms)) {
      add('I1', `${id} ${found}`);
    }
    if (extras > extrasAsked || extras < extrasAccepted) {
      add('I1', `${id} paid ${extras} extra charges; ${extrasAccepted} of ${extrasAsked} were accepted`);
    }
    if (agreed.length + extras !== received.length) {
      const amounts = received.map(({ amount_received }) => amount_received);
      add('I1', `${id} paid amounts that nobody asked for: ${amounts.join(', ')}`);
    }
  }
}

/** What the company was told would be done, was. */
async function promised(
  { db }: World,
  enrolled: readonly Enrolled[],
  { paid, entries }: { paid: readonly LedgerPayment[]; entries: readonly LedgerEntry[] },
  add: (invariant: string, found: string) => void,
): Promise<void> {
  const rows = await db.selectFrom('enrollments').select(['id', 'status']).execute();
  const statuses = new Map(rows.map(({ id, status }) => [id, status]));
  const taken = sumsOf(paid.map(({ amount_received: minor, metadata }) => ({ minor, metadata })));
  for (const { id, canceled, refunds } of enrolled) {
    const givenBack = sumsOf(
      entries
        .filter(({ type, metadata }) => type.includes('refund') && metadata.enrollment_id === id)
        .map(({ amount, metadata }) => ({ minor: -amount, metadata })),
    );
    const came = { canceled, status: statuses.get(id) ?? null, refunds, taken, givenBack };
    for (const found of brokenPromises(came)) {
      add('I1', `${id} ${found}`);
    }
  }
}

/** By the charge that Stripe's metadata names. */
function sumsOf(moved: readonly { minor: number; metadata: Record<string, string> }[]): Map<string, number> {
  const sums = new Map<string, number>();
  for (const { minor, metadata } of moved) {
    const chargeId = metadata.charge_id ?? 'no charge';
    sums.set(chargeId, (sums.get(chargeId) ?? 0) + minor);
  }
  return sums;
}

/** What is marked as mailed has reached the mail server; one mail may have reached it twice. */
async function mails(
  { db, received }: World,
  add: (invariant: string, found: string) => void,
): Promise<void> {
  const arrived = received();
  const marked = await db
    .selectFrom('notifications')
    .select(['id', 'mail_message_id'])
    .where('mailed_at', 'is not', null)
    .execute();
  for (const { id, mail_message_id: messageId } of marked) {
    if (messageId === null || !arrived.has(messageId)) {
      add('I8', `${id} is marked as mailed, and no mail of it has arrived`);
    }
  }
}

/** When each enrollment began, when each charge fell due, and what the timelines tell, by id. */
async function instantsOf(db: World['db']) {
  const enrollments = await db.selectFrom('enrollments').select(['id', 'started_at']).execute();
  const charges = await db.selectFrom('charges').select(['id', 'due_at']).execute();
  const events = await db
    .selectFrom('enrollment_events')
    .select(['enrollment_id', 'what', 'at'])
    .orderBy('seq')
    .execute();
  const timeline = new Map<string, Told[]>();
  for (const { enrollment_id: id, what, at } of events) {
    timeline.set(id, [...(timeline.get(id) ?? []), { what, at: at.toISOString() }]);
  }
  return {
    startedAt: new Map(enrollments.map(({ id, started_at: at }) => [id, at?.toISOString() ?? null])),
    dueAt: new Map(charges.map(({ id, due_at: at }) => [id, at.toISOString()])),
    timeline,
  };
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

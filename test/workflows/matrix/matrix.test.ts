/**
 * Every status of a charge × every command × every event, asked of the running service from outside: API and Worker as
 * processes, real Temporal and PostgreSQL, webhooks over the network, the Stripe stand-in. No cell may end in a 5xx, in a
 * stuck charge, in a second payment, in an attempt after an accepted cancel, or with rows, Workflow and Stripe telling
 * different stories.
 *
 * The suite asks every pair of status and command; `npm run rehearse` every pair of status, command and harmless event,
 * and every command around everything that truly happens at Stripe; `MATRIX=every npm run jest -- test/workflows/matrix`
 * every triple (1,700 charges).
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Charge as ChargeRow } from '../../../db/schema.ts';
import { chargeStep } from '../../../domain/charge-states.ts';
import { enrollmentWorkflowId } from '../../../domain/ids.ts';
import { atOnce } from '../../support/at-once.ts';
import { type HttpAnswer, startStack, type TestStack } from '../../support/stack.ts';
import { waitFor } from '../../support/wait.ts';
import { type Cell, cells, EXTENTS, type Extent, grouped, nameOf } from './cells.ts';
import {
  COMMAND_NAMES,
  COMMANDS,
  endAfterUntold,
  expectedAnswer,
  MOVES,
  STARTS,
  type Start,
  statusOf,
} from './expected.ts';
import { AT_ONCE, type Charge, createScene, type Host } from './scene.ts';

const ALL = cells(extent());

function extent(): Extent {
  const asked = process.env.MATRIX ?? 'suite';
  const known = EXTENTS.find((name) => name === asked);
  if (known === undefined) {
    throw new Error(`MATRIX is ${JSON.stringify(asked)}; expected ${EXTENTS.join(', ')}`);
  }
  return known;
}

interface Played {
  cell: Cell;
  charge: Charge;
  answer: HttpAnswer;
  /** Attempts before the command. */
  attempts: number;
  /** The row right after the answer. */
  after: ChargeRow | undefined;
}

interface End {
  row: ChargeRow;
  /** As the Workflow has it; undefined when it has let go of it. */
  open: string | undefined;
  payments: { status: string; amount_received: number }[];
}

let stack: TestStack;
let scene: ReturnType<typeof createScene>;
const played: Played[] = [];
const ends = new Map<string, End>();

beforeAll(async () => {
  stack = await startStack({
    settings: {
      API_RATE_LIMIT_PER_MINUTE: '1000000',
      STRIPE_REQUESTS_PER_SECOND: '1000',
      DATABASE_POOL_SIZE: '10',
    },
  });
  scene = createScene(stack);
  await play();
  await lookAtEnds();
}, 600_000);
afterAll(() => stack.stop(), 60_000);

/** Sets the scene, then plays every cell: first what we are told of, then what nobody tells us until the end. */
async function play(): Promise<void> {
  const groups = grouped(ALL);
  const hosts = await atOnce(AT_ONCE, groups, ({ start }) => scene.host(start));
  const charges = new Map<Cell, Charge>();
  const set = async (...starts: Start[]) => {
    const mine = groups.flatMap((group, index) =>
      starts.includes(group.start) ? [{ group, host: hosts[index] as Host }] : [],
    );
    const opened = await scene.charges(mine.map(({ group, host }) => ({ host, count: group.cells.length })));
    mine
      .flatMap(({ group }) => group.cells)
      .forEach((cell, index) => {
        charges.set(cell, opened[index] as Charge);
      });
    return opened;
  };
  await set(...STARTS.filter((start) => start !== 'scheduled' && start !== 'needs_attention'));
  const tried = [...charges.values()].filter(({ host }) => host.start === 'needs_attention/tried');
  await scene.whileFaulty(401, async () => {
    await set('needs_attention');
    await scene.park(tried);
  });
  await scene.whileFaulty(500, () => set('scheduled'));
  const chargeOf = (cell: Cell) => charges.get(cell) as Charge;

  // Whoever has nothing at Stripe yet is tried again by itself after a minute, so these go first.
  const inOrder = [...ALL].sort((a, b) => Number(b.start === 'scheduled') - Number(a.start === 'scheduled'));
  const told = inOrder.filter(({ event }) => event.kind !== 'untold');
  await atOnce(AT_ONCE, told, (cell) => playCell(cell, chargeOf(cell)));
  await stack.control('webhooks', { mode: 'hold' });
  const untold = inOrder.filter(({ event }) => event.kind === 'untold');
  await atOnce(AT_ONCE, untold, (cell) => playCell(cell, chargeOf(cell)));
  await stack.control('webhooks', { mode: 'deliver' });
  await stack.control('webhooks/release');
}

async function playCell(cell: Cell, charge: Charge): Promise<void> {
  const { command, event } = cell;
  if (event.kind !== 'word') {
    await scene.move(charge, event.move);
  }
  if (event.kind === 'told') {
    await scene.moved(charge, event.move);
  }
  const attempts = await attemptsOf(charge);
  const [answer] = await Promise.all([
    scene.command(charge, command),
    event.kind === 'word' ? scene.tell(charge, event.word) : null,
  ]);
  played.push({ cell, charge, answer, attempts, after: await scene.rowOf(charge) });
}

/** The row of a parked charge does not count the attempt that parked it yet. */
async function attemptsOf(charge: Charge): Promise<number> {
  const open =
    statusOf(charge.host.start) === 'needs_attention'
      ? (await scene.state(charge.host.id)).charges.find(({ id }) => id === charge.id)
      : undefined;
  return open?.attempts ?? (await scene.rowOf(charge))?.attempts ?? 0;
}

/** Waits until everything that was told is through, then reads rows, Workflows and Stripe. */
async function lookAtEnds(): Promise<void> {
  await stack.control('webhooks/settled');
  await waitFor(
    'the inbox to be empty',
    async () => {
      const { count } = await stack.db
        .selectFrom('stripe_events')
        .where('signalled_at', 'is', null)
        .where('ignored_reason', 'is', null)
        .select((eb) => eb.fn.countAll<string>().as('count'))
        .executeTakeFirstOrThrow();
      return Number(count) === 0;
    },
    { timeoutMs: 60_000, everyMs: 250 },
  );
  const hosts = new Map(played.map(({ charge }) => [charge.host.id, charge.host]));
  const states = new Map(
    await atOnce(AT_ONCE, [...hosts.keys()], async (id) => [id, await calm(id)] as const),
  );
  const { payments } = await ledger();
  const paymentsOf = (id: string) => payments.filter(({ metadata }) => metadata.charge_id === id);
  for (const { charge } of played) {
    const row = await scene.rowOf(charge);
    if (row !== undefined) {
      const open = states.get(charge.host.id)?.charges.find(({ id }) => id === charge.id)?.status;
      ends.set(charge.id, { row, open, payments: paymentsOf(charge.id) });
    }
  }
}

/** The Workflow's state once nothing of it is under way any more: asked for after that, for it may end in between. */
async function calm(id: string) {
  let before = -1;
  return waitFor(
    `${id} to be calm`,
    async () => {
      const { raw, historyLength } = await stack.temporal.client.workflow
        .getHandle(enrollmentWorkflowId(id))
        .describe();
      const busy = (raw.pendingActivities ?? []).length > 0 || raw.pendingWorkflowTask != null;
      const same = historyLength === before;
      before = historyLength;
      return same && !busy ? scene.state(id) : false;
    },
    { timeoutMs: 60_000, everyMs: 300 },
  );
}

async function ledger() {
  const answer = await fetch(`${stack.standIn.url}/_control/ledger`);
  return (await answer.json()) as {
    payments: { status: string; amount_received: number; metadata: Record<string, string> }[];
  };
}

/** What is wrong in any cell, each with its name; `find` answers null where all is well. */
function wrong(where: (cell: Cell) => boolean, find: (cell: Played, end: End) => unknown): string[] {
  return played
    .filter(({ cell }) => where(cell))
    .flatMap((one) => {
      const end = ends.get(one.charge.id);
      const found = end === undefined ? 'it has no row' : find(one, end);
      return found === null ? [] : [`${nameOf(one.cell)}: ${JSON.stringify(found)} (${one.charge.id})`];
    });
}

function isCancel({ command }: Cell): boolean {
  return command === 'cancel' || command === 'forgive';
}

describe('the tables that the service runs on', () => {
  it('say of every status and command what was written down by hand', () => {
    const differences = STARTS.flatMap((start) =>
      COMMAND_NAMES.flatMap((command) => {
        const step = chargeStep(statusOf(start), COMMANDS[command]);
        const expected = expectedAnswer(start, command);
        // Asking for a confirmation needs a PaymentIntent, which a status alone does not tell.
        const told = 'refused' in step ? step.refused.code : 'accepted';
        const written = 'refused' in expected ? expected.refused : 'accepted';
        const noIntent = command === 'authenticate' && written === 'charge_not_in_dunning';
        return told === written || noIntent ? [] : [`${start} × ${command}: ${told}, expected ${written}`];
      }),
    );
    expect(differences).toEqual([]);
  });
});

describe('every cell', () => {
  it('was played', () => {
    expect(played).toHaveLength(ALL.length);
  });

  it('is answered, never with a fault of ours', () => {
    expect(
      wrong(
        () => true,
        ({ answer }) => (answer.status < 500 ? null : answer),
      ),
    ).toEqual([]);
  });

  it('has one payment at most', () => {
    expect(
      wrong(
        () => true,
        (_, { payments }) => (payments.length <= 1 ? null : payments),
      ),
    ).toEqual([]);
  });

  it('ends with the same status in the row, in the Workflow and at Stripe', () => {
    expect(
      wrong(
        () => true,
        (_, { row, open, payments }) => {
          const settled = ['succeeded', 'canceled', 'uncollectible'].includes(row.status);
          const inWorkflow = settled ? open === undefined : open === row.status;
          const [payment] = payments;
          const atStripe =
            payment === undefined
              ? row.payment_intent_id === null
              : payment.status === (row.status === 'uncollectible' ? 'canceled' : row.status) ||
                row.status === 'needs_attention';
          return inWorkflow && atStripe
            ? null
            : { row: row.status, workflow: open ?? null, stripe: payment?.status };
        },
      ),
    ).toEqual([]);
  });

  it('takes exactly what Stripe has received, and its full amount or nothing', () => {
    expect(
      wrong(
        () => true,
        ({ charge }, { row, payments }) => {
          const received = payments[0]?.amount_received ?? 0;
          const right =
            row.captured_minor === received &&
            received === (row.status === 'succeeded' ? charge.amountMinor : 0);
          return right ? null : { captured: row.captured_minor, received, of: charge.amountMinor };
        },
      ),
    ).toEqual([]);
  });

  it('makes no attempt after an accepted cancel', () => {
    expect(
      wrong(isCancel, ({ answer, attempts }, { row }) =>
        answer.status !== 200 || row.attempts === attempts ? null : { attempts, after: row.attempts },
      ),
    ).toEqual([]);
  });

  it('gives back what succeeded although a cancel was accepted', () => {
    expect(
      wrong(isCancel, ({ answer }, { row }) =>
        answer.status !== 200 || row.refunded_minor === row.captured_minor
          ? null
          : { captured: row.captured_minor, refunded: row.refunded_minor },
      ),
    ).toEqual([]);
  });

  it('asks for one attempt at most', () => {
    expect(
      wrong(
        () => true,
        ({ attempts }, { row }) =>
          row.attempts <= attempts + 1 ? null : { before: attempts, after: row.attempts },
      ),
    ).toEqual([]);
  });
});

describe('a command while the first attempt is under way', () => {
  it('is answered by what becomes of the attempt; what was canceled is given back', async () => {
    const charges = await scene.whileFaulty(429, async () => {
      const opened = await scene.begun(await scene.host('scheduled'), COMMAND_NAMES.length);
      const answers = opened.map((charge, index) => scene.command(charge, String(COMMAND_NAMES[index])));
      await waitFor('both cancels to be accepted', async () => {
        const told = await stack.db
          .selectFrom('enrollment_events')
          .where('enrollment_id', '=', String(opened[0]?.host.id))
          .where('what', 'in', ['charge.cancel_asked', 'charge.forgive_asked'])
          .select('what')
          .execute();
        return told.length === 2;
      });
      return opened.map((charge, index) => ({ charge, answer: answers[index] as Promise<HttpAnswer> }));
    });
    const ended = await Promise.all(
      charges.map(async ({ charge, answer }, index) => {
        const { status, body } = await answer;
        const { code } = (body.error ?? {}) as { code?: string };
        const row = await waitFor(
          `${charge.id} to be paid`,
          async () => {
            const found = await scene.rowOf(charge);
            return found?.status === 'succeeded' ? found : false;
          },
          { timeoutMs: 30_000 },
        );
        return [COMMAND_NAMES[index], code ?? status, row.attempts, row.refunded_minor > 0];
      }),
    );
    expect(ended).toEqual([
      ['cancel', 200, 1, true],
      ['forgive', 200, 1, true],
      ['capture', 'charge_not_capturable', 1, false],
      ['refunds', 'charge_not_refundable', 1, false],
      ['retry', 200, 1, false],
      ['extend-dunning', 'charge_not_in_dunning', 1, false],
      ['stop-dunning', 'charge_not_in_dunning', 1, false],
      ['authenticate', 'charge_not_in_dunning', 1, false],
      ['resume', 'charge_not_parked', 1, false],
    ]);
  }, 90_000);
});

describe.each(STARTS)('a charge that is %s', (start) => {
  const answered = ({ answer }: Played) => ({
    status: answer.status,
    charge: answer.body.status,
    refused: (answer.body.error as { code?: string } | undefined)?.code,
  });

  it('answers every command as agreed while an event comes that says nothing new', () => {
    expect(
      wrong(
        (cell) => cell.start === start && cell.event.kind === 'word',
        (one, end) => {
          const expected = expectedAnswer(start, one.cell.command);
          const got = answered(one);
          // What has nothing at Stripe yet is tried again by itself after a minute.
          const row = start === 'scheduled' && one.after !== undefined ? one.after : end.row;
          if ('refused' in expected) {
            return got.status === 409 && got.refused === expected.refused && row.status === statusOf(start)
              ? null
              : { got, expected, row: row.status };
          }
          return got.status < 300 && row.status === expected.status
            ? null
            : { got, expected, row: row.status };
        },
      ),
    ).toEqual([]);
  });

  it('answers every command by what Stripe did meanwhile once we are told', () => {
    expect(
      wrong(
        (cell) => cell.start === start && cell.event.kind === 'told',
        (one, { row }) => {
          const { event, command } = one.cell;
          const now = event.kind === 'told' ? MOVES[event.move].to : start;
          const got = answered(one);
          if (command === 'refunds' && event.kind === 'told' && event.move === 'refunded in the Dashboard') {
            return got.refused === 'nothing_to_refund' ? null : got;
          }
          const expected = expectedAnswer(start, command, now);
          if ('refused' in expected) {
            return got.refused === expected.refused && row.status === now
              ? null
              : { got, expected, row: row.status };
          }
          return got.status < 300 && row.status === expected.status
            ? null
            : { got, expected, row: row.status };
        },
      ),
    ).toEqual([]);
  });

  it('ends where Stripe had brought it when nobody had told us before the command', () => {
    expect(
      wrong(
        (cell) => cell.start === start && cell.event.kind === 'untold',
        (one, { row }) => {
          const { event, command } = one.cell;
          if (event.kind !== 'untold') {
            return null;
          }
          const end = endAfterUntold(start, command, event.move);
          const givenBack = row.refunded_minor > 0;
          return end.status.includes(row.status) && end.givenBack === givenBack
            ? null
            : { got: answered(one), row: row.status, givenBack, end };
        },
      ),
    ).toEqual([]);
  });
});

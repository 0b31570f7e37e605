/**
 * What will happen in a chaos run: who enrolls when, and what breaks when. Drawn from the seed alone, so the same seed
 * gives the same plan on every machine; only the instants at which processes get to work differ.
 */
import { memberSeed, type Random, random } from '../simulate/random.ts';

export const TARGETS = ['worker', 'api', 'temporal', 'postgres'] as const;
export type Target = (typeof TARGETS)[number];

export interface StripeFault {
  kind: 'status' | 'cut' | 'delay';
  status?: number;
  when: 'before' | 'after';
  delayMs?: number;
  times: number;
  /** Requests that it meets. */
  method: 'POST' | null;
  pathPrefix: string;
  pathSuffix?: string;
}

export type Trouble = { atMs: number } & (
  | { do: 'kill'; target: Target; downMs: number }
  /** At the worst moment: Stripe has done it, and the answer is still on its way. */
  | { do: 'kill_in_flight'; target: Target; downMs: number; pathPrefix: string }
  | { do: 'fault'; fault: StripeFault }
  | {
      do: 'webhooks';
      mode: 'drop' | 'hold' | 'deliver';
      duplicate: boolean;
      shuffle: boolean;
      forMs: number;
    }
);

export const ASKS = ['charge', 'refund', 'pause'] as const;
/** Another charge; what was paid last is given back; the schedule rests and goes on. */
export type Ask = (typeof ASKS)[number];

export interface ChaosCustomer {
  index: number;
  enrollAtMs: number;
  /** What their first card does: pays, or is declined whenever it is charged. */
  card: string;
  /** Another card is saved after the first decline. */
  recovers: boolean;
  /** Canceled after this many periods; null: stays to the end. */
  cancelsAfter: number | null;
  /** The money is held, and taken by a command of the company. */
  captures: boolean;
  /** What the company asks for in which period, while everything fails. */
  asks: { period: number; what: Ask }[];
  /** Whether the customer reaches the return page after Checkout. */
  returns: boolean;
  /** When the period n begins, at the earliest. */
  periodsAtMs: number[];
  /** The company tells nothing of them: Checkout asks for their details, and their Customer is made afterwards. */
  unknown: boolean;
}

export interface Plan {
  seed: number;
  customers: ChaosCustomer[];
  troubles: Trouble[];
  durationMs: number;
}

const GOOD = '4242424242424242';
/** Attaches, and is declined whenever it is charged. */
const DECLINED = '4000000000000341';

/** The part of a run in which customers enroll. */
const ENROLLING = 0.4;

/** Real time that troubles are spread over: long enough for each to be survived before the next but one. */
function durationOf(customers: number, periods: number): number {
  return 12_000 + customers * periods * 500;
}

export function planChaos(seed: number, customers: number, periods: number): Plan {
  const durationMs = durationOf(customers, periods);
  const luck = random(seed);
  return {
    seed,
    durationMs,
    customers: Array.from({ length: customers }, (_, index) =>
      customer(random(memberSeed(seed, index)), index, periods, durationMs),
    ),
    troubles: troubles(luck, durationMs),
  };
}

function customer(luck: Random, index: number, periods: number, durationMs: number): ChaosCustomer {
  const kind = luck.pick({ pays: 45, recovers: 20, declined: 10, cancels: 15, captures: 10 });
  const enrollAtMs = Math.round(luck.between(0, durationMs * ENROLLING));
  const left = durationMs - enrollAtMs;
  return {
    index,
    enrollAtMs,
    card: kind === 'recovers' || kind === 'declined' ? DECLINED : GOOD,
    recovers: kind === 'recovers',
    cancelsAfter: kind === 'cancels' ? 1 + Math.floor(luck.between(0, Math.max(1, periods - 1))) : null,
    captures: kind === 'captures',
    asks: kind === 'pays' ? asks(luck, periods) : [],
    returns: luck.chance(0.5),
    periodsAtMs: Array.from({ length: periods }, (_, period) =>
      Math.round(enrollAtMs + (left * (period + luck.next())) / (periods + 1)),
    ),
    unknown: luck.chance(0.3),
  };
}

/** None in the last period, when the enrollment may be over. */
function asks(luck: Random, periods: number): ChaosCustomer['asks'] {
  return ASKS.filter(() => luck.chance(0.5)).map((what) => ({
    what,
    period: Math.floor(luck.between(0, Math.max(1, periods - 1))),
  }));
}

/** One of every kind, and then as many as fit. */
function troubles(luck: Random, durationMs: number): Trouble[] {
  const at = () => Math.round(luck.between(500, durationMs * 0.95));
  const soon = () => Math.round(luck.between(500, durationMs * 0.1));
  const downMs = () => Math.round(luck.between(100, 1_500));
  const certain: Trouble[] = [
    ...TARGETS.map((target): Trouble => ({ atMs: at(), do: 'kill', target, downMs: downMs() })),
    {
      atMs: at(),
      do: 'kill_in_flight',
      target: 'worker',
      downMs: downMs(),
      pathPrefix: '/v1/payment_intents',
    },
    ...(['before', 'after'] as const).flatMap((when): Trouble[] => [
      { atMs: at(), do: 'fault', fault: { ...MONEY, kind: 'cut', when, times: 2 } },
      { atMs: at(), do: 'fault', fault: { ...MONEY, kind: 'status', status: 500, when, times: 1 } },
    ]),
    // Stripe keeps a 500 under the idempotency key and repeats it for a day: the effect is there or is not.
    ...STORED.flatMap(({ pathPrefix, pathSuffix }): Trouble[] =>
      (['before', 'after'] as const).map((when) => ({
        // Such requests are rare: the fault waits for one.
        atMs: soon(),
        do: 'fault',
        fault: { method: 'POST', pathPrefix, pathSuffix, kind: 'status', status: 500, when, times: 1 },
      })),
    ),
    ...[409, 429].map(
      (status): Trouble => ({
        atMs: at(),
        do: 'fault',
        fault: { ...MONEY, kind: 'status', status, when: 'before', times: 2 },
      }),
    ),
    { atMs: at(), do: 'webhooks', mode: 'drop', duplicate: false, shuffle: false, forMs: 2_000 },
    { atMs: at(), do: 'webhooks', mode: 'hold', duplicate: false, shuffle: true, forMs: 2_500 },
    { atMs: at(), do: 'webhooks', mode: 'deliver', duplicate: true, shuffle: true, forMs: 4_000 },
  ];
  const more = Math.max(0, Math.round(durationMs / 3_000) - certain.length);
  const drawn = Array.from({ length: more }, () => anyTrouble(luck, at(), downMs()));
  return [...certain, ...drawn].sort((a, b) => a.atMs - b.atMs);
}

const STORED = [
  { pathPrefix: '/v1/payment_intents', pathSuffix: '/cancel' },
  { pathPrefix: '/v1/payment_intents', pathSuffix: '/capture' },
  { pathPrefix: '/v1/refunds', pathSuffix: '' },
];
const MONEY = { method: 'POST', pathPrefix: '/v1/payment_intents' } as const;
const ANYTHING = { method: null, pathPrefix: '/v1/' } as const;

function anyTrouble(luck: Random, atMs: number, downMs: number): Trouble {
  const kind = luck.pick({ kill: 3, kill_in_flight: 3, fault: 6, webhooks: 2 });
  const target = luck.pick({ worker: 4, api: 3, temporal: 1, postgres: 2 });
  const forMs = Math.round(luck.between(1_000, 5_000));
  switch (kind) {
    case 'kill':
      return { atMs, do: 'kill', target, downMs };
    case 'kill_in_flight': {
      const pathPrefix = luck.pick({
        '/v1/payment_intents': 5,
        '/v1/checkout/sessions': 2,
        '/v1/customers': 1,
        '/v1/payment_methods': 1,
      });
      // The others are asked for by who enrolls.
      const inTimeMs = pathPrefix === MONEY.pathPrefix ? atMs : Math.round(atMs * ENROLLING);
      return { atMs: inTimeMs, do: 'kill_in_flight', target, downMs, pathPrefix };
    }
    case 'webhooks': {
      const mode = luck.pick({ drop: 1, hold: 1, deliver: 1 });
      return { atMs, do: 'webhooks', mode, duplicate: luck.chance(0.5), shuffle: luck.chance(0.5), forMs };
    }
    case 'fault':
      return { atMs, do: 'fault', fault: anyFault(luck) };
    default:
      return kind satisfies never;
  }
}

function anyFault(luck: Random): StripeFault {
  const what = luck.pick({ cut: 4, '500': 3, '503': 1, '429': 2, '409': 1, delay: 2 });
  const when = luck.chance(0.6) ? 'after' : 'before';
  const whom = luck.chance(0.6) ? MONEY : ANYTHING;
  const times = 1 + Math.floor(luck.between(0, 4));
  switch (what) {
    case 'cut':
      return { ...whom, kind: 'cut', when, times };
    case 'delay':
      return { ...whom, kind: 'delay', when, times, delayMs: Math.round(luck.between(200, 3_000)) };
    case '409':
    case '429':
      // Stripe refuses these before it does anything.
      return { ...whom, kind: 'status', status: Number(what), when: 'before', times };
    default:
      return { ...whom, kind: 'status', status: Number(what), when, times };
  }
}

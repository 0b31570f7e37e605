/** Who spends how much processor time of a charge: figures and bars, of ours, of the bare Workflow and of job queues. */
import { beside, type Curve, type Figure, figure } from '../figures.ts';
import { middle } from '../statistics.ts';
import type { Drain } from './herd.ts';

/** The processes that a charge takes time of, under the names of their parts; of a floor or ours. */
const PARTS: Record<string, string> = {
  temporal: 'Temporal’s server',
  worker: 'Worker',
  'bare-worker': 'Worker',
  postgres: 'PostgreSQL',
  api: 'API',
  'stripe-stand-in': 'Stripe stand-in',
};

/** Milliseconds of processor for a charge, by part. */
function processorOf({ processor }: Drain, isOurs: boolean): Record<string, number> {
  const parts: Record<string, number> = {};
  for (const [name, ms] of Object.entries(processor ?? {})) {
    const part = PARTS[name];
    // The other one's Worker only keeps its connection alive.
    if (part !== undefined && name !== (isOurs ? 'bare-worker' : 'worker')) {
      parts[part] = (parts[part] ?? 0) + ms;
    }
  }
  return parts;
}

export function processorFigures({ ours, bare }: Record<'ours' | 'bare', Drain[]>): Figure[] {
  if ([...ours, ...bare].some(({ processor }) => processor === null)) {
    return [];
  }
  const [used, floor] = [
    ours.map((drain) => processorOf(drain, true)),
    bare.map((drain) => processorOf(drain, false)),
  ];
  return [
    beside('charges.processor', 'processor time of a charge, all processes', used.map(sum), 'ms', {
      what: 'bare Workflow',
      samples: floor.map(sum),
    }),
    ...[...new Set(Object.values(PARTS))].map((part) => {
      const [id, what] = [`charges.processor.${part}`, `of it ${part}`];
      const [of, floorOf] = [used.map((parts) => parts[part] ?? 0), floor.map((parts) => parts[part] ?? 0)];
      return middle(floorOf) < LEAST_TOLD_MS
        ? figure(id, what, of, 'ms')
        : beside(id, what, of, 'ms', { what: 'bare Workflow', samples: floorOf });
    }),
  ];
}

/** Of its own process, of PostgreSQL, the stand-in, and the API that hears of it; until the last job is done. */
export function peerProcessorFigures(
  drains: Record<'ours' | 'pg-boss' | 'graphile-worker', Drain[]>,
): Figure[] {
  return (['pg-boss', 'graphile-worker'] as const).flatMap((kind) => {
    const used = drains[kind].map(({ processor }) => processor);
    if ([...used, ...drains.ours.map(({ processor }) => processor)].includes(null)) {
      return [];
    }
    const parts = [kind, 'postgres', 'stripe-stand-in', 'api'];
    const samples = used.map((each) => parts.reduce((all, name) => all + (each?.[name] ?? 0), 0));
    const ours = drains.ours.map((drain) => sum(processorOf(drain, true)));
    const what = `processor time of a charge, beside ${kind} jobs`;
    return [
      beside(`charges.processor.${kind}`, what, ours, 'ms', { what: `${kind} job, all processes`, samples }),
    ];
  });
}

/** Milliseconds for a charge, of all processes that take part; null where that cannot be read. */
export function costOf(drain: Drain, whose: 'ours' | 'bare'): number | null {
  return drain.processor === null ? null : sum(processorOf(drain, whose === 'ours'));
}

function sum(parts: Record<string, number>): number {
  return Object.values(parts).reduce((all, ms) => all + ms, 0);
}

/** In the order in which they are told, whatever started first. */
function partsOf(used: Record<string, number>): [string, number][] {
  return [...new Set(Object.values(PARTS))].flatMap((part): [string, number][] =>
    used[part] === undefined ? [] : [[part, used[part]]],
  );
}

/** Below it a process was only there. */
const LEAST_TOLD_MS = 0.5;

export function processorCurves({ ours, bare }: Record<'ours' | 'bare', Drain[]>): Curve[] {
  const bars = (drain: Drain | undefined, isOurs: boolean, x: number) =>
    partsOf(drain === undefined ? {} : processorOf(drain, isOurs)).map(
      ([series, y]): Curve => ({ chart: 'processor', series, x, y }),
    );
  return [...bars(ours.at(-1), true, 0), ...bars(bare.at(-1), false, 1)];
}

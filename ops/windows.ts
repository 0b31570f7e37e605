/** The periods that the operators' page can be looked at in. Pure. */
import type { Bucket } from '../db/figure-series.ts';

export const WINDOWS = {
  '24h': { label: '24 hours', bucket: 'hour', buckets: 24, freshForMs: 10_000 },
  '7d': { label: '7 days', bucket: 'day', buckets: 7, freshForMs: 20_000 },
  '30d': { label: '30 days', bucket: 'day', buckets: 30, freshForMs: 60_000 },
  '12m': { label: '12 months', bucket: 'month', buckets: 12, freshForMs: 600_000 },
} as const satisfies Record<string, { label: string; bucket: Bucket; buckets: number; freshForMs: number }>;
export type WindowName = keyof typeof WINDOWS;

const MS = { hour: 3_600_000, day: 86_400_000 };

/**
 * The beginnings of a window's buckets, the oldest first; the last one is under way.
 * @param nowMs milliseconds since 1970
 */
export function bucketsOf(name: WindowName, nowMs: number): Date[] {
  const { bucket, buckets } = WINDOWS[name];
  const now = new Date(nowMs);
  return Array.from({ length: buckets }, (_, index) => {
    const back = buckets - 1 - index;
    if (bucket === 'month') {
      return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - back, 1));
    }
    return new Date((Math.floor(nowMs / MS[bucket]) - back) * MS[bucket]);
  });
}

/** As a bucket is called on an axis and in a table; UTC. */
export function bucketLabel(at: Date, bucket: Bucket): string {
  const iso = at.toISOString();
  return { hour: `${iso.slice(11, 13)}:00`, day: iso.slice(5, 10), month: iso.slice(0, 7) }[bucket];
}

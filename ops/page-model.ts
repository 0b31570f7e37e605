/** From figures to what the operators' page shows: words, amounts, charts, and where each number leads. Only computes. */
import type { FunnelRow, ListedCharge } from '../db/figure-series.ts';
import { isInDunning, type LedgerFigures, type MoneyFigure } from '../db/figures.ts';
import { formatMoney } from '../domain/format.ts';
import { decimalText, sumMinor } from '../domain/money.ts';
import { barChart, columnChart, type Drawing } from './charts.ts';
import { type OpsLinks, QUERIES } from './links.ts';
import type { Overview } from './overview.ts';
import { bucketLabel, WINDOWS } from './windows.ts';

const FIRST_TRY = 'Collected without a decline';
const RECOVERED = 'Recovered after a decline';
const SERIES = [
  { name: FIRST_TRY, color: 'var(--collected)' },
  { name: RECOVERED, color: 'var(--recovered)' },
];

export interface NumberShown {
  label: string;
  value: string;
  note?: string;
  /** Null: nobody said where the Temporal UI is. */
  href: string | null;
  isBad?: boolean;
}

const money = (amountMinor: number, currency: string) => formatMoney(amountMinor, currency, 'en');
const count = (n: number, one: string, many = `${one}s`) =>
  `${n.toLocaleString('en')} ${n === 1 ? one : many}`;

export async function pageModel(overview: Overview, links: OpsLinks) {
  const { window } = overview;
  return {
    window,
    windows: Object.entries(WINDOWS).map(([name, { label }]) => ({
      label,
      href: links.own(`?window=${name}`),
      is_current: name === window,
    })),
    label: WINDOWS[window].label,
    from: instantText(overview.from),
    at: instantText(overview.at),
    is_empty: overview.series.length === 0 && overview.attempts.length === 0 && overview.waiting.length === 0,
    now: nowNumbers(overview, links),
    currencies: await Promise.all(
      currenciesOf(overview).map((currency) => currencyModel(overview, currency, links)),
    ),
    funnel: await funnelModel(overview.funnel, overview, links),
    declines: await declineModel(overview, links),
    oldest: overview.oldest.map((charge) => chargeModel(charge, overview.at, links)),
    attention: overview.attention.map((charge) => chargeModel(charge, overview.at, links)),
  };
}

function nowNumbers(overview: Overview, links: OpsLinks): NumberShown[] {
  const { waiting, needAttention: attention, queues, lag, at } = overview;
  const dunning = waiting.filter(({ status }) => isInDunning(status));
  const charges = (figures: { charges: number }[]) =>
    figures.reduce((sum, figure) => sum + figure.charges, 0);
  const oldestMs = Math.min(...waiting.map(({ oldestDueAt }) => oldestDueAt.getTime()));
  return [
    {
      label: 'In dunning',
      value: count(charges(dunning), 'charge'),
      note: amounts(dunning),
      href: links.query(QUERIES.pastDue),
    },
    {
      label: 'Need attention',
      value: count(charges(attention), 'charge'),
      note: amounts(attention),
      href: links.query(QUERIES.needsAttention),
      isBad: attention.length > 0,
    },
    {
      label: 'Oldest waiting',
      value: waiting.length === 0 ? 'none' : durationText((at.getTime() - oldestMs) / 1000),
      note: waiting.length === 0 ? '' : 'since it fell due',
      href: '#oldest',
    },
    {
      label: 'Webhook lag, 24 hours',
      value: lag.medianSeconds === null ? 'no webhooks' : durationText(lag.medianSeconds),
      note:
        lag.medianSeconds === null
          ? ''
          : `median; 95 % within ${durationText(lag.p95Seconds ?? 0)}, longest ${durationText(lag.longestSeconds ?? 0)}`,
      href: null,
    },
    {
      label: 'Webhooks waiting',
      value: queues.inboxPending.toLocaleString('en'),
      note: queues.inboxPending === 0 ? '' : `the oldest for ${durationText(queues.inboxOldestSeconds)}`,
      href: links.own('/webhooks'),
      isBad: queues.inboxOldestSeconds > 300,
    },
    {
      label: 'Mails waiting',
      value: queues.mailsPending.toLocaleString('en'),
      note: queues.mailsPending === 0 ? '' : `the oldest for ${durationText(queues.mailsOldestSeconds)}`,
      href: null,
      isBad: queues.mailsOldestSeconds > 900,
    },
  ];
}

/** Each currency by itself, e.g. `$15.00 · ¥980`. */
function amounts(figures: readonly { currency: string; amountMinor: number }[]): string {
  const currencies = [...new Set(figures.map(({ currency }) => currency))].sort();
  return currencies
    .map((currency) =>
      money(
        sumMinor(figures.filter((figure) => figure.currency === currency).map((f) => f.amountMinor)),
        currency,
      ),
    )
    .join(' · ');
}

function currenciesOf({ ledger }: Overview): string[] {
  const all = [...ledger.collected, ...ledger.refunded, ...ledger.returned].map(({ currency }) => currency);
  return [...new Set(all)].sort();
}

async function currencyModel(overview: Overview, currency: string, links: OpsLinks) {
  const { window, buckets } = overview;
  const { bucket } = WINDOWS[window];
  const rows = buckets.map((at) => {
    const point = overview.series.find(
      (each) => each.currency === currency && each.at.getTime() === at.getTime(),
    );
    return {
      label: bucketLabel(at, bucket),
      charges: point?.charges ?? 0,
      collectedMinor: point?.amountMinor ?? 0,
      recoveredMinor: point?.recoveredMinor ?? 0,
    };
  });
  const sumOf = (of: keyof LedgerFigures): MoneyFigure =>
    overview.ledger[of].find((each) => each.currency === currency) ?? {
      currency,
      charges: 0,
      amountMinor: 0,
    };
  const figure = (of: 'collected' | 'recovered', label: string): NumberShown => ({
    label,
    value: money(sumOf(of).amountMinor, currency),
    note: count(sumOf(of).charges, 'charge'),
    href: links.list(of, window, { currency }),
  });
  const [refunded, returned] = [sumOf('refunded'), sumOf('returned')];
  const refunds: NumberShown = {
    label: 'Refunded',
    // Less than nothing when more came back than was refunded in the period.
    value: money(refunded.amountMinor - returned.amountMinor, currency),
    note: `${count(refunded.charges, 'refund')}${returned.charges > 0 ? `, ${returned.charges} came back` : ''}`,
    href: links.list('refunded', window, { currency }),
  };
  // For drawing alone: a bar's length may be a binary fraction, an amount may not.
  const drawn = (amountMinor: number) => Number(decimalText(amountMinor, currency));
  const bars = rows.flatMap(({ label, collectedMinor, recoveredMinor }) => [
    { label, series: FIRST_TRY, value: drawn(collectedMinor - recoveredMinor) },
    { label, series: RECOVERED, value: drawn(recoveredMinor) },
  ]);
  return {
    name: currency.toUpperCase(),
    numbers: [figure('collected', 'Collected'), figure('recovered', 'Recovered after a decline'), refunds],
    legend: SERIES.map(({ name }, index) => ({ name, style: index === 0 ? 'collected' : 'recovered' })),
    chart: await columnChart(bars, SERIES, currency.toUpperCase()),
    rows: rows.map((row) => ({
      label: row.label,
      charges: row.charges,
      collected: money(row.collectedMinor, currency),
      recovered: money(row.recoveredMinor, currency),
    })),
  };
}

async function funnelModel(rows: readonly FunnelRow[], { window }: Overview, links: OpsLinks) {
  const total = (pick: (row: FunnelRow) => number) => rows.reduce((sum, row) => sum + pick(row), 0);
  const steps = [
    { label: 'Declined', value: total((row) => row.declined), series: 'declined' },
    { label: 'Tried again', value: total((row) => row.retried), series: 'retried' },
    { label: 'Recovered', value: total((row) => row.recovered), series: 'recovered' },
    { label: 'Still open', value: total((row) => row.open), series: 'open' },
    { label: 'Given up', value: total((row) => row.givenUp), series: 'given_up' },
  ];
  const chart: Drawing | null =
    rows.length === 0
      ? null
      : await barChart(
          steps,
          ['declined', 'retried', 'recovered', 'open', 'given_up'].map((name) => ({
            name,
            color:
              name === 'recovered'
                ? 'var(--recovered)'
                : name === 'given_up'
                  ? 'var(--lost)'
                  : 'var(--dunning)',
          })),
          'charges',
        );
  return {
    chart,
    href: links.list('declined', window),
    rows: rows.map((row) => ({
      currency: row.currency.toUpperCase(),
      declined: `${row.declined} (${money(row.declinedMinor, row.currency)})`,
      retried: row.retried,
      recovered: `${row.recovered} (${money(row.recoveredMinor, row.currency)})`,
      open: `${row.open} (${money(row.openMinor, row.currency)})`,
      given_up: `${row.givenUp} (${money(row.givenUpMinor, row.currency)})`,
    })),
  };
}

/** Bars of the chart; the table has all. */
const MOST_BARS = 8;

async function declineModel({ attempts, window }: Overview, links: OpsLinks) {
  const declined = attempts.filter(({ outcome }) => outcome === 'declined');
  const all = attempts.reduce((sum, figure) => sum + figure.attempts, 0);
  const bars = declined.slice(0, MOST_BARS).map((figure) => ({
    label: figure.declineCode ?? 'other',
    value: figure.attempts,
    series: 'declines',
  }));
  return {
    attempts: all.toLocaleString('en'),
    declined: declined.reduce((sum, figure) => sum + figure.attempts, 0).toLocaleString('en'),
    chart:
      bars.length === 0
        ? null
        : await barChart(bars, [{ name: 'declines', color: 'var(--lost)' }], 'attempts'),
    rows: declined.map((figure) => ({
      code: figure.declineCode ?? 'other',
      attempts: figure.attempts,
      href:
        figure.declineCode === 'other'
          ? links.list('declined', window)
          : links.list('declined', window, { code: figure.declineCode ?? '' }),
    })),
  };
}

export function chargeModel(charge: ListedCharge, at: Date, links: OpsLinks) {
  return {
    id: charge.id,
    enrollment: charge.enrollmentId,
    href: links.workflow(charge.workflowId),
    amount: money(charge.amountMinor, charge.currency),
    status: charge.status.replaceAll('_', ' '),
    attempts: charge.attempts,
    due: instantText(charge.dueAt),
    age: durationText((at.getTime() - charge.dueAt.getTime()) / 1000),
    reason: charge.reason ?? charge.lastCode ?? '',
  };
}

/** `2026-12-01 09:00 UTC` */
export function instantText(at: Date): string {
  const iso = at.toISOString();
  return `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`;
}

/** `0.4 s`, `12 s`, `5 min`, `3 h`, `9 days`; never below 0. */
export function durationText(seconds: number): string {
  const s = Math.max(0, seconds);
  if (s < 10) {
    return `${s.toFixed(1)} s`;
  }
  if (s < 120) {
    return `${Math.round(s)} s`;
  }
  if (s < 7_200) {
    return `${Math.round(s / 60)} min`;
  }
  return s < 172_800 ? `${Math.round(s / 3_600)} h` : `${Math.floor(s / 86_400)} days`;
}

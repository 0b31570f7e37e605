/**
 * The figures of the business for Prometheus, read from the rows when somebody asks: a process that restarts forgets
 * what it counted, the ledger does not. Every API process tells the same, so dashboards take `max`, never `sum`.
 */
import type { Kysely } from 'kysely';
import type { Registry } from 'prom-client';
import {
  attentionFigures,
  isInDunning,
  type MoneyFigure,
  queueFigures,
  type RunningTotals,
  runningTotals,
  type WaitingFigure,
  waitingFigures,
} from '../db/figures.ts';
import type { Database } from '../db/schema.ts';
import { askToWrite } from '../db/unavailable.ts';
import { type FigureSource, figureSources } from './figure-source.ts';
import type { QueueBacklog } from './task-queue-backlog.ts';

export interface BusinessSources {
  db: Kysely<Database>;
  /** What waits on each Task Queue; throws when Temporal does not answer. */
  describeQueues: () => Promise<QueueBacklog[]>;
  /** Milliseconds for which an answer is told again without asking. @default 10000 */
  freshForMs?: number;
}

export function addBusinessMetrics(registry: Registry, sources: BusinessSources): void {
  const { db, describeQueues, freshForMs = 10_000 } = sources;
  const source = figureSources(registry, freshForMs);
  source('ledger', () => runningTotals(db), totals);
  source('charges', () => Promise.all([waitingFigures(db), attentionFigures(db)]), waiting);
  source('queues', () => queueFigures(db), queues);
  source(
    'writes',
    () => askToWrite(db),
    () => () => {},
  );
  source('temporal', describeQueues, taskQueues);
}

function totals(metrics: FigureSource) {
  const money = (what: string, help: string) => ({
    charges: metrics.counter(`billing_${what}_total`, `${help}, by currency`, ['currency']),
    amount: metrics.counter(`billing_${what}_amount_minor_total`, `${help}: minor units of the currency`, [
      'currency',
    ]),
  });
  const collected = money('charges_collected', 'Charges that were collected');
  const recovered = money('charges_recovered', 'Charges that were collected after a decline');
  const refunded = money('refunds', 'Refunds');
  // By itself: a counter may not fall.
  const returned = money('refunds_returned', 'Refunds that came back');
  const attempts = metrics.counter(
    'billing_charge_attempts_total',
    'Attempts to charge, by what has come of them so far; those that are not decided yet become fewer',
    ['outcome'],
  );
  const declines = metrics.counter('billing_declines_total', 'Attempts that were declined, by Stripe code', [
    'decline_code',
  ]);
  return (answer: RunningTotals) => {
    const pairs = [
      [collected, answer.collected],
      [recovered, answer.recovered],
      [refunded, answer.refunded],
      [returned, answer.returned],
    ] as const;
    for (const [counters, figures] of pairs) {
      for (const { currency, charges, amountMinor } of figures) {
        counters.charges.inc({ currency }, charges);
        counters.amount.inc({ currency }, amountMinor);
      }
    }
    for (const figure of answer.attempts) {
      attempts.inc({ outcome: figure.outcome }, figure.attempts);
      if (figure.declineCode !== null) {
        declines.inc({ decline_code: figure.declineCode }, figure.attempts);
      }
    }
  };
}

function waiting(metrics: FigureSource) {
  const charges = metrics.gauge('billing_charges_waiting', 'Charges neither collected nor given up', [
    'status',
    'currency',
  ]);
  const dunning = metrics.gauge('billing_dunning_charges', 'Charges in dunning', ['currency']);
  const owed = metrics.gauge('billing_dunning_amount_minor', 'What they owe: minor units of the currency', [
    'currency',
  ]);
  const attention = metrics.gauge('billing_needs_attention_charges', 'Charges that wait for an operator');
  const oldest = metrics.gauge(
    'billing_oldest_waiting_seconds',
    'Seconds since the oldest of them fell due',
    ['status'],
  );
  return ([figures, forOperators]: [WaitingFigure[], MoneyFigure[]]) => {
    attention.set(forOperators.reduce((sum, { charges: count }) => sum + count, 0));
    for (const { status, currency, charges: count, amountMinor } of figures) {
      charges.set({ status, currency }, count);
      if (isInDunning(status)) {
        dunning.inc({ currency }, count);
        owed.inc({ currency }, amountMinor);
      }
    }
    const newestFirst = figures.toSorted((a, b) => b.oldestDueAt.getTime() - a.oldestDueAt.getTime());
    for (const { status, oldestDueAt } of newestFirst) {
      oldest.set({ status }, Math.max(0, (Date.now() - oldestDueAt.getTime()) / 1000));
    }
  };
}

function queues(metrics: FigureSource) {
  const inbox = metrics.gauge(
    'billing_inbox_pending',
    'Webhooks that were accepted and have not reached their Workflow',
  );
  const inboxOldest = metrics.gauge(
    'billing_inbox_oldest_seconds',
    'Seconds since the oldest of them came in',
  );
  const mails = metrics.gauge('billing_mails_pending', 'Notifications whose mail is to be sent');
  const mailsOldest = metrics.gauge(
    'billing_mails_oldest_seconds',
    'Seconds since the oldest of them was made',
  );
  return (figures: Awaited<ReturnType<typeof queueFigures>>) => {
    inbox.set(figures.inboxPending);
    inboxOldest.set(figures.inboxOldestSeconds);
    mails.set(figures.mailsPending);
    mailsOldest.set(figures.mailsOldestSeconds);
  };
}

function taskQueues(metrics: FigureSource) {
  const labels: ('queue' | 'kind')[] = ['queue', 'kind'];
  const backlog = metrics.gauge('billing_task_queue_backlog', 'Tasks that wait for a Worker, about', labels);
  const age = metrics.gauge(
    'billing_task_queue_backlog_age_seconds',
    'Age of the oldest of them, about',
    labels,
  );
  const pollers = metrics.gauge('billing_task_queue_pollers', 'Pollers of the last minutes', labels);
  return (described: QueueBacklog[]) => {
    for (const { queue, kind, ...known } of described) {
      backlog.set({ queue, kind }, known.backlog);
      age.set({ queue, kind }, known.backlogAgeSeconds);
      pollers.set({ queue, kind }, known.pollers);
    }
  };
}

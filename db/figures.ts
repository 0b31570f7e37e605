/**
 * What a business counts: money from the ledger, tries from the attempts, what waits from the charges. Read by the metrics
 * and by the operators' page; writes nothing. Each query is bounded by a partial index of what waits, or reads the sums of
 * what is over and the rows of the last minutes. Currencies are never added up.
 */
import { type Kysely, sql } from 'kysely';
import { DECLINE_CODES } from '../domain/decline-codes.ts';
import { DISPUTE_TABLE } from '../domain/disputes.ts';
import { type ChargeStatus, PAST_DUE_CHARGE } from '../domain/statuses.ts';
import type { Database } from './schema.ts';
import { attempts, money, type SummedPeriod } from './summed-figures.ts';

export interface MoneyFigure {
  /** ISO 4217, lower case. */
  currency: string;
  charges: number;
  amountMinor: number;
}

export interface LedgerFigures {
  /** Payments booked in the period. */
  collected: MoneyFigure[];
  /** Those of them whose charge had been declined before. */
  recovered: MoneyFigure[];
  /** Refunds booked in the period, whatever became of them; `charges` counts the refunds. */
  refunded: MoneyFigure[];
  /** Refunds, of that period or before, that came back in it: the money is ours again. `charges` counts the refunds. */
  returned: MoneyFigure[];
}

/** Money that moved in a period, by currency; currencies in which nothing moved are left out. */
export async function ledgerFigures(db: Kysely<Database>, period: SummedPeriod): Promise<LedgerFigures> {
  const { rows } = await sql<MoneyFigure & { kind: string }>`
    select kind, currency, sum(entries)::bigint as charges, sum(amount_minor)::bigint as "amountMinor"
    from (${money(period)}) as moved
    group by kind, currency
    having sum(entries) > 0
    order by currency
  `.execute(db);
  const figures = (wanted: string, sign: 1 | -1 = 1) =>
    rows
      .filter(({ kind }) => kind === wanted)
      .map(({ currency, charges, amountMinor }) => ({ currency, charges, amountMinor: sign * amountMinor }));
  return {
    collected: figures('payment'),
    recovered: figures('recovered'),
    refunded: figures('refund', -1),
    returned: figures('refund_failed'),
  };
}

export interface AttemptFigure {
  /** `declined`, `not_made`, or the PaymentIntent's status after the attempt. */
  outcome: string;
  /** Set for declines: a code that we know, or `other`. */
  declineCode: string | null;
  attempts: number;
}

/** Attempts by what came of them, by the instant of the attempt; an outcome that is learned later counts there too. */
export async function attemptFigures(db: Kysely<Database>, period: SummedPeriod): Promise<AttemptFigure[]> {
  const { rows } = await sql<{ outcome: string; code: string; attempts: number }>`
    select outcome, code, sum(attempts)::bigint as attempts
    from (${attempts(period)}) as made
    group by outcome, code
    having sum(attempts) > 0
  `.execute(db);
  const sums = new Map<string, AttemptFigure>();
  for (const { outcome, code, attempts } of rows) {
    const declineCode = outcome === 'declined' ? knownCode(code) : null;
    const key = `${outcome}/${declineCode}`;
    const sum = sums.get(key) ?? { outcome, declineCode, attempts: 0 };
    sums.set(key, { ...sum, attempts: sum.attempts + attempts });
  }
  return [...sums.values()].sort((a, b) => b.attempts - a.attempts);
}

/** A bounded set: what a new API version may say is one of `other`. */
function knownCode(code: string): string {
  return Object.hasOwn(DECLINE_CODES, code) ? code : 'other';
}

export interface RunningTotals extends LedgerFigures {
  attempts: AttemptFigure[];
}

/** What came since the beginning, for counters. */
export async function runningTotals(db: Kysely<Database>): Promise<RunningTotals> {
  return { ...(await ledgerFigures(db, 'ever')), attempts: await attemptFigures(db, 'ever') };
}

export interface WaitingFigure extends MoneyFigure {
  status: ChargeStatus;
  oldestDueAt: Date;
}

/**
 * Charges that are neither collected nor given up, by status and currency, as they stand now; of those whose first attempt is
 * under way, the ones that have had no answer for long.
 */
export async function waitingFigures(db: Kysely<Database>): Promise<WaitingFigure[]> {
  const { rows } = await sql<WaitingFigure>`
    select status, currency, count(*) as charges, sum(amount_minor)::bigint as "amountMinor",
           min(due_at) as "oldestDueAt"
    from (select status, currency, amount_minor, due_at from charges where ${WAITING}
          union all select status, currency, amount_minor, due_at from charges where ${UNANSWERED}) as waiting
    group by status, currency
    order by status, currency
  `.execute(db);
  return rows;
}

/** Open by the index of that predicate. */
export const WAITING = sql<boolean>`status in ('requires_payment_method', 'requires_confirmation',
  'requires_action', 'requires_capture', 'processing', 'needs_attention')`;

/**
 * By the index of just those that have begun. A charge has its row from its first attempt on, and none before: what is
 * planned, held back or in a backlog is not among them.
 */
export const UNANSWERED = sql<boolean>`status = 'scheduled' and created_at < now() - interval '15 minutes'`;

export const OPEN_DISPUTE = Object.entries(DISPUTE_TABLE)
  .filter(([, { effect }]) => effect === 'open')
  .map(([status]) => status);

/** What came in after a cancel and does not go back, by the index of just that; while a dispute is open that is waited for. */
export const REFUND_REFUSED = sql<boolean>`refund_refused is not null
  and coalesce(dispute_status, '') <> all (${OPEN_DISPUTE})`;

/** Charges that wait for an operator, by currency. */
export async function attentionFigures(db: Kysely<Database>): Promise<MoneyFigure[]> {
  const { rows } = await sql<MoneyFigure>`
    select currency, count(*) as charges, sum(amount_minor)::bigint as "amountMinor"
    from (select currency, amount_minor from charges where ${WAITING} and status = 'needs_attention'
          union all select currency, amount_minor from charges where ${REFUND_REFUSED}) as attention
    group by currency
    order by currency
  `.execute(db);
  return rows;
}

/** Whether a charge is in dunning: a decline, or a customer who has to act, stands before its money. */
export function isInDunning(status: ChargeStatus): boolean {
  return PAST_DUE_CHARGE.includes(status);
}

export interface QueueFigures {
  /** Webhooks that are accepted and have not reached their Workflow. */
  inboxPending: number;
  /** Seconds since the oldest of them came in; 0 when none waits. */
  inboxOldestSeconds: number;
  /** Mails that are to be sent. */
  mailsPending: number;
  /** Seconds since the oldest notification that is not mailed; 0 when none waits. */
  mailsOldestSeconds: number;
}

/** What waits in inbox and outbox; both have an index of just that. A mail that was given up waits no more. */
export async function queueFigures(db: Kysely<Database>): Promise<QueueFigures> {
  const { rows } = await sql<QueueFigures>`
    select inbox.pending as "inboxPending", inbox.oldest as "inboxOldestSeconds",
           mails.pending as "mailsPending", mails.oldest as "mailsOldestSeconds"
    from (
      select count(*) as pending,
             coalesce(extract(epoch from now() - min(received_at)), 0)::float8 as oldest
      from stripe_events where signalled_at is null and ignored_reason is null
    ) as inbox, (
      select count(*) as pending,
             coalesce(extract(epoch from now() - min(created_at)), 0)::float8 as oldest
      from notifications where mailed_at is null and next_mail_at < '9999-12-31'
    ) as mails
  `.execute(db);
  const [figures] = rows;
  if (figures === undefined) {
    throw new Error('a query of one row answered none');
  }
  return figures;
}

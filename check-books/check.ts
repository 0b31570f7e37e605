/**
 * Checks the books of a running installation: reads the three ledgers, compares, and reads again what differs, because
 * an installation at work is always about to write something. Called by `main.ts`, by chaos runs and by tests.
 */
import { type Books, type Difference, nameOf } from './books.ts';
import { compare, type Limits, USUAL_LIMITS } from './compare.ts';
import { type CheckDeps, readAgain, readBooks } from './read-books.ts';

export interface CheckOptions {
  /** Only these enrollments; null: all. */
  only?: string[] | null;
  limits?: Limits;
  /** How long a difference is given to pass by itself, and how often. @default 3000, twice */
  settleMs?: number;
  looks?: number;
  /** Told what is being done, for a person who waits. */
  progress?: (line: string) => void;
}

export interface Checked {
  differences: Difference[];
  counted: { enrollments: number; charges: number; payments: number; workflows: number };
  /** By currency: what Stripe and the rows hold, in minor units, given back deducted. */
  collectedMinor: Record<string, { stripe: number; rows: number }>;
}

/** Changes nothing anywhere. @throws errors of Stripe, PostgreSQL or Temporal when one cannot be read */
export async function checkBooks(deps: CheckDeps, options: CheckOptions = {}): Promise<Checked> {
  const { limits = USUAL_LIMITS, settleMs = 3_000, looks = 3, progress = () => {} } = options;
  let books = await readBooks(deps, options.only ?? null, limits, progress);
  let differences = compare(books, limits);
  for (let look = 1; look < looks && differences.length > 0; look += 1) {
    progress(`Differences: ${differences.length}; looking again, something may have been under way`);
    await new Promise((resolve) => setTimeout(resolve, settleMs));
    books = await readAgain(deps, books, differences);
    const before = new Set(differences.map(nameOf));
    differences = compare(books, limits).filter((difference) => before.has(nameOf(difference)));
  }
  return { differences, ...sumsOf(books) };
}

function sumsOf({ enrollments, payments, workflows }: Books): Omit<Checked, 'differences'> {
  const collectedMinor: Checked['collectedMinor'] = {};
  const of = (currency: string) => (collectedMinor[currency] ??= { stripe: 0, rows: 0 });
  const charges = enrollments.flatMap((enrollment) => enrollment.charges);
  for (const charge of charges) {
    of(charge.currency).rows += charge.capturedMinor - charge.refundedMinor;
  }
  for (const payment of payments) {
    of(payment.currency).stripe += payment.receivedMinor - payment.refundedMinor;
  }
  const counted = {
    enrollments: enrollments.length,
    charges: charges.length,
    payments: payments.length,
    workflows: [...workflows.values()].filter(({ kind }) => kind !== 'unknown').length,
  };
  return { counted, collectedMinor };
}

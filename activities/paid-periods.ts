/**
 * What of the money for the running period is with us, before a lower amount credits any of it. Called by
 * `workflows/paid-period.ts`; asks Stripe nothing and writes nothing.
 */
import { readReceived } from '../db/received.ts';
import type { Received } from '../domain/amount-change.ts';
import type { ActivityDeps } from './deps.ts';

export interface PeriodAsked {
  enrollmentId: string;
  occurrence: number;
  /** The charge that pays for it, when it is not that of its occurrence. */
  chargeId: string | null;
  /** Charges of raises within it. */
  raises: string[];
}

export interface PeriodReceived {
  /** Null when no charge pays for it: the balance did. */
  period: Received | null;
  /** By the raise's charge; of one without a row nothing is said. */
  raises: Record<string, Received>;
}

export function createPaidPeriodActivities({ db }: ActivityDeps) {
  return {
    /** Safe to repeat. */
    async readPaidPeriod({
      enrollmentId,
      occurrence,
      chargeId,
      raises,
    }: PeriodAsked): Promise<PeriodReceived> {
      const chargeIds = [...raises, ...(chargeId === null ? [] : [chargeId])];
      const rows = await readReceived(db, { enrollmentId, occurrence, chargeIds });
      const period = rows.find((row) =>
        chargeId === null ? row.occurrence === occurrence : row.chargeId === chargeId,
      );
      const ofRaises = rows.filter((row) => raises.includes(row.chargeId));
      return {
        period: period === undefined ? null : received(period),
        raises: Object.fromEntries(ofRaises.map((row) => [row.chargeId, received(row)])),
      };
    },
  };
}

function received({ amountMinor, keptMinor }: Received): Received {
  return { amountMinor, keptMinor };
}

/**
 * Money that is held and not yet taken: how much can be captured, when somebody is reminded, when it is too
 * late. Called by the Workflow and the API; pure.
 */
import { amountStep, amountText, minimumAmount } from './money.ts';

/** Stripe lets an authorisation go after about that long when it names no instant (`capture_before`). */
export const HELD_FOR_DAYS = 7;

const HOUR_MS = 3_600_000;
const REMINDER_BEFORE_HOURS = 24;

/**
 * When a held amount is lost unless it is captured, and when somebody is reminded: a day before, and in the
 * middle of the time where it is shorter than two days.
 * @param authorizedAt ISO 8601
 * @param captureBeforeEpochS Stripe's `capture_before`; null when it named none
 * @returns ISO 8601, UTC
 */
export function captureTimes(
  authorizedAt: string,
  captureBeforeEpochS: number | null,
): { remindAt: string; expiresAt: string } {
  const fromMs = Date.parse(authorizedAt);
  const untilMs =
    captureBeforeEpochS === null ? fromMs + HELD_FOR_DAYS * 24 * HOUR_MS : captureBeforeEpochS * 1000;
  const remindMs = Math.max(untilMs - REMINDER_BEFORE_HOURS * HOUR_MS, fromMs + (untilMs - fromMs) / 2);
  return { remindAt: new Date(remindMs).toISOString(), expiresAt: new Date(untilMs).toISOString() };
}

export interface CaptureRefused {
  code: 'capture_too_large' | 'capture_amount_invalid';
  message: string;
}

/**
 * Whether an amount can be captured; what is not captured is released, since Stripe captures once. A part is a payment of
 * its own amount: below the least that Stripe charges it is refused (`amount_too_small`).
 * @param amountMinor null for all that is held
 * @returns what to capture and what is released, or why not
 */
export function planCapture(
  heldMinor: number,
  currency: string,
  amountMinor: number | null,
): { captureMinor: number; releasedMinor: number } | { refused: CaptureRefused } {
  const captureMinor = amountMinor ?? heldMinor;
  const step = amountStep(currency);
  const refuse = (code: CaptureRefused['code'], message: string) => ({ refused: { code, message } });
  if (!Number.isSafeInteger(captureMinor) || captureMinor < step || captureMinor % step !== 0) {
    const expected = step === 1 ? 'a whole number of minor units above 0' : `a multiple of ${step} above 0`;
    return refuse('capture_amount_invalid', `amount ${captureMinor} ${currency}; expected ${expected}`);
  }
  const named = (amount: number) => `${amount} (${amountText(amount, currency)})`;
  const leastMinor = Math.min(minimumAmount(currency), heldMinor);
  if (captureMinor < leastMinor) {
    return refuse(
      'capture_amount_invalid',
      `amount ${named(captureMinor)} is below the least that Stripe captures, ${named(leastMinor)}`,
    );
  }
  if (captureMinor > heldMinor) {
    return refuse(
      'capture_too_large',
      `amount ${named(captureMinor)} is more than is held, ${named(heldMinor)}`,
    );
  }
  return { captureMinor, releasedMinor: heldMinor - captureMinor };
}

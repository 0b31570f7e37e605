/**
 * All arithmetic on amounts: safe integers in the currency's minor unit, as Stripe counts them. Called by the
 * API (checks), by Activities and by Workflows; so it is plain integers, never floats for money, no Intl.
 */
import {
  CURRENCIES,
  DEFAULT_MAXIMUM_DIGITS,
  MAXIMUM_DIGITS,
  MINIMUM_MINOR,
  THREE_DECIMAL,
  WHOLE_HUNDREDS,
  ZERO_DECIMAL,
} from './currencies.ts';

/** Why an amount cannot be charged; `code` is for programs, `message` for whoever sent it. */
export interface AmountProblem {
  code:
    | 'currency_not_supported'
    | 'amount_not_an_integer'
    | 'amount_too_small'
    | 'amount_too_large'
    | 'amount_not_a_multiple';
  message: string;
}

/** Whether Stripe can charge a card in it. Lower case only, as Stripe writes currencies. */
export function isSupportedCurrency(currency: string): boolean {
  return CURRENCIES.includes(currency);
}

/**
 * How many digits of an amount stand behind the decimal point at Stripe: 0, 2 or 3. ISK and UGX have 2 here
 * although they have no cents.
 */
export function minorUnitExponent(currency: string): 0 | 2 | 3 {
  if (ZERO_DECIMAL.includes(currency)) {
    return 0;
  }
  return THREE_DECIMAL.includes(currency) ? 3 : 2;
}

/** The grain of amounts: every amount of this currency is a multiple of it (1, 10 or 100 minor units). */
export function amountStep(currency: string): 1 | 10 | 100 {
  if (THREE_DECIMAL.includes(currency)) {
    return 10;
  }
  return WHOLE_HUNDREDS.includes(currency) ? 100 : 1;
}

/** The least that one payment in this currency may be, in minor units; where Stripe states none, the grain. */
export function minimumAmount(currency: string): number {
  return MINIMUM_MINOR[currency] ?? amountStep(currency);
}

/** The most that one payment in this currency may be, in minor units. */
export function maximumAmount(currency: string): number {
  const largest = 10 ** (MAXIMUM_DIGITS[currency] ?? DEFAULT_MAXIMUM_DIGITS) - 1;
  return largest - (largest % amountStep(currency));
}

/** `1999` usd → `19.99`, `500` jpy → `500`: unambiguous digits for messages, not a text for customers. */
export function decimalText(amountMinor: number, currency: string): string {
  const exponent = minorUnitExponent(currency);
  const sign = amountMinor < 0 ? '-' : '';
  const digits = String(Math.abs(amountMinor)).padStart(exponent + 1, '0');
  const whole = digits.slice(0, digits.length - exponent);
  return exponent === 0 ? sign + digits : `${sign}${whole}.${digits.slice(-exponent)}`;
}

/** `JPY 980`, `USD 19.99`: amounts as operators read them everywhere, in the Temporal UI, messages and tables. */
export function amountText(amountMinor: number, currency: string): string {
  return `${currency.toUpperCase()} ${decimalText(amountMinor, currency)}`;
}

/**
 * Whether Stripe would take a payment of this amount. The minimum holds for an account that settles in the
 * same currency; with conversion Stripe may still answer `amount_too_small`.
 * @param amountMinor any number from outside
 * @returns null when it can be charged
 */
export function checkAmount(amountMinor: number, currency: string): AmountProblem | null {
  if (!isSupportedCurrency(currency)) {
    const expected =
      'expected a three-letter ISO 4217 code that Stripe supports, in lower case, e.g. usd, jpy';
    return {
      code: 'currency_not_supported',
      message: `currency '${currency}' is not supported; ${expected}`,
    };
  }
  if (!Number.isSafeInteger(amountMinor)) {
    const unit = `minor units of ${currency} (${decimalText(12_340, currency)} is 12340)`;
    return {
      code: 'amount_not_an_integer',
      message: `amount ${amountMinor} must be a whole number of ${unit}`,
    };
  }
  const named = (amount: number) => `${amount} (${amountText(amount, currency)})`;
  if (amountMinor < minimumAmount(currency)) {
    const message = `amount ${named(amountMinor)} is below the least that Stripe charges, ${named(minimumAmount(currency))}`;
    return { code: 'amount_too_small', message };
  }
  if (amountMinor > maximumAmount(currency)) {
    const message = `amount ${named(amountMinor)} is above the most that Stripe charges, ${named(maximumAmount(currency))}`;
    return { code: 'amount_too_large', message };
  }
  if (amountMinor % amountStep(currency) !== 0) {
    const message = `amount ${named(amountMinor)} must be a multiple of ${amountStep(currency)} in ${currency}`;
    return { code: 'amount_not_a_multiple', message };
  }
  return null;
}

/**
 * Splits a total into equal parts that add up exactly; what does not divide goes to the first parts, one grain
 * each, so no two differ by more than a grain. Whether each part is large enough to charge is for checkAmount.
 * @throws RangeError when the count is not a positive integer, or the total is not a multiple of the grain
 */
export function splitAmount(totalMinor: number, count: number, currency: string): number[] {
  const step = amountStep(currency);
  if (!Number.isSafeInteger(totalMinor) || totalMinor < 0 || totalMinor % step !== 0) {
    throw new RangeError(`total ${totalMinor} ${currency} must be a whole multiple of ${step}, zero or more`);
  }
  if (!Number.isSafeInteger(count) || count < 1) {
    throw new RangeError(`count ${count} must be a whole number, 1 or more`);
  }
  const grains = totalMinor / step;
  const each = Math.floor(grains / count);
  const larger = grains % count;
  return Array.from({ length: count }, (_, index) => (each + (index < larger ? 1 : 0)) * step);
}

/**
 * What a change of amount costs for the rest of a period that was already paid for: positive is owed, negative
 * is to the customer's credit. Counted by milliseconds and rounded to the grain in the customer's favour.
 * @param period from the charge that paid for it until the next one; `at` outside of it counts as its nearer end
 * @throws RangeError when the period has no length
 */
export function prorate(
  change: { fromMinor: number; toMinor: number; currency: string },
  period: { startsAtEpochMs: number; endsAtEpochMs: number },
  atEpochMs: number,
): number {
  const length = period.endsAtEpochMs - period.startsAtEpochMs;
  if (!(length > 0)) {
    throw new RangeError(`a period of ${length} ms cannot be divided; its end must come after its start`);
  }
  const left = Math.min(Math.max(period.endsAtEpochMs - atEpochMs, 0), length);
  const step = BigInt(amountStep(change.currency));
  // BigInt, because difference × milliseconds leaves the safe integers for amounts that Stripe takes.
  const owed = (BigInt(change.toMinor) - BigInt(change.fromMinor)) * BigInt(left);
  const grain = step * BigInt(length);
  const grains = owed / grain - (owed % grain < 0n ? 1n : 0n);
  return Number(grains * step);
}

/** Sum of amounts. @throws RangeError when it leaves the safe integers */
export function sumMinor(amountsMinor: readonly number[]): number {
  const sum = amountsMinor.reduce((total, amount) => total + amount, 0);
  if (!Number.isSafeInteger(sum)) {
    throw new RangeError(`the sum of ${amountsMinor.length} amounts is not a safe integer`);
  }
  return sum;
}

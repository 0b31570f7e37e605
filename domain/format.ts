/**
 * Amounts and instants as a person reads them, in their language. Called by pages and mails; never by Workflows,
 * because the words come from the host's Intl data. It formats and never computes.
 */
import { decimalText, minorUnitExponent } from './money.ts';

export const LOCALES = ['en', 'ja'] as const;
export type Locale = (typeof LOCALES)[number];

/** The language of a text such as `ja`, `ja-JP` or `JA`; null when we have no words in it. */
export function knownLocale(text: string): Locale | null {
  const language = text.trim().toLowerCase().split(/[-_]/, 1)[0];
  return LOCALES.find((locale) => locale === language) ?? null;
}

/**
 * An amount with its currency, e.g. `$19.99`, `¥1,980`, `ISK 500`. Never rounds: decimals that Stripe counts are
 * left out only when they are zero and the currency is not written with any.
 * @param amountMinor safe integer in the currency's minor unit, as Stripe counts it
 * @param currency ISO 4217, any case
 */
export function formatMoney(amountMinor: number, currency: string, locale: Locale): string {
  const code = currency.toLowerCase();
  const exponent = minorUnitExponent(code);
  const written = writtenDigits(currency, locale);
  const whole = amountMinor % 10 ** exponent === 0;
  const format = new Intl.NumberFormat(locale, {
    style: 'currency',
    currency,
    minimumFractionDigits: whole ? Math.min(exponent, written) : exponent,
    maximumFractionDigits: exponent,
  });
  // Handed over as a text, so that no amount passes through a binary fraction.
  return format.format(decimalText(amountMinor, code) as Intl.StringNumericLiteral);
}

/** Day and time with the zone named, e.g. `November 23, 2026 at 9:00 AM GMT+9`. @param iso ISO 8601 instant */
export function formatInstant(iso: string, locale: Locale, timeZone: string): string {
  return new Intl.DateTimeFormat(locale, {
    year: 'numeric',
    month: 'long',
    day: 'numeric',
    hour: 'numeric',
    minute: '2-digit',
    timeZone,
    timeZoneName: 'short',
  }).format(new Date(iso));
}

/** The day that an instant falls on there, e.g. `November 23, 2026`. @param iso ISO 8601 instant */
export function formatDay(iso: string, locale: Locale, timeZone: string): string {
  return new Intl.DateTimeFormat(locale, { year: 'numeric', month: 'long', day: 'numeric', timeZone }).format(
    new Date(iso),
  );
}

/** A time of day, 0 to 1439 minutes after midnight, e.g. `9:00 AM`, `9:00`. */
export function formatTimeOfDay(minutes: number, locale: Locale): string {
  return new Intl.DateTimeFormat(locale, { hour: 'numeric', minute: '2-digit', timeZone: 'UTC' }).format(
    new Date(Date.UTC(2000, 0, 1, 0, minutes)),
  );
}

/** What clocks of a zone are called in general, e.g. `Japan Standard Time`, `日本標準時`. */
export function formatTimeZone(timeZone: string, locale: Locale): string {
  if (timeZone === 'UTC' || timeZone === 'Etc/UTC') {
    return 'UTC';
  }
  const parts = new Intl.DateTimeFormat(locale, { timeZone, timeZoneName: 'longGeneric' }).formatToParts(0);
  return parts.find((part) => part.type === 'timeZoneName')?.value ?? timeZone;
}

/** A card's last month as cards print it, e.g. `04/27`. */
export function formatExpiry(month: number, year: number): string {
  return `${String(month).padStart(2, '0')}/${String(year % 100).padStart(2, '0')}`;
}

function writtenDigits(currency: string, locale: Locale): number {
  const usual = new Intl.NumberFormat(locale, { style: 'currency', currency }).resolvedOptions();
  return usual.maximumFractionDigits ?? 2;
}

// Currencies: how many decimals, and the least that can be charged. Source: Stripe's page "Supported currencies".

import { invalidParam, type StripeFailure } from '../errors.ts';

const ZERO_DECIMAL = 'bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf'.split(' ');
const THREE_DECIMAL = 'bhd jod kwd omr tnd'.split(' ');
const TWO_DECIMAL = (
  'usd aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bmd bnd bob brl bsd bwp byn bzd cad cdf chf cny cop ' +
  'crc cve czk dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gtq gyd hkd hnl htg huf idr ils inr isk jmd kes kgs ' +
  'khr kyd kzt lak lbp lkr lrd lsl mad mdl mkd mmk mnt mop mur mvr mwk mxn myr mzn nad ngn nio nok npr nzd pab pen ' +
  'pgk php pkr pln qar ron rsd rub sar sbd scr sek sgd shp sle sos srd std szl thb tjs top try ttd twd tzs uah ugx ' +
  'uyu uzs wst xcd yer zar zmw'
).split(' ');

const DECIMALS = new Map<string, number>([
  ...ZERO_DECIMAL.map((code) => [code, 0] as const),
  ...TWO_DECIMAL.map((code) => [code, 2] as const),
  ...THREE_DECIMAL.map((code) => [code, 3] as const),
]);

/** In minor units. Currencies without a line have no stated minimum of their own; Stripe converts, we ask for 1. */
const MINIMUM: Record<string, number> = {
  usd: 50,
  aud: 50,
  cad: 50,
  chf: 50,
  eur: 50,
  brl: 50,
  inr: 50,
  nzd: 50,
  sgd: 50,
  gbp: 30,
  aed: 200,
  czk: 1500,
  dkk: 250,
  hkd: 400,
  huf: 17500,
  jpy: 50,
  mxn: 1000,
  myr: 200,
  nok: 300,
  sek: 300,
  pln: 200,
  ron: 200,
  thb: 1000,
  bgn: 100,
};

const MAXIMUM_DIGITS: Record<string, number> = { idr: 12, inr: 9, jpy: 10, huf: 10, cop: 10 };

export function isCurrency(code: string): boolean {
  return DECIMALS.has(code);
}

export function maximumAmount(currency: string): number {
  return 10 ** (MAXIMUM_DIGITS[currency] ?? 8) - 1;
}

export function minimumAmount(currency: string): number {
  return MINIMUM[currency] ?? 1;
}

/** The refusal for an amount outside what the currency allows, or null. `amount` is in minor units and at least 1. */
export function amountRefusal(amount: number, currency: string, param = 'amount'): StripeFailure | null {
  if (amount < minimumAmount(currency)) {
    const least = formatAmount(minimumAmount(currency), currency);
    return invalidParam(param, `Amount must be at least ${least}`, 'amount_too_small');
  }
  if (amount > maximumAmount(currency)) {
    const most = formatAmount(maximumAmount(currency), currency);
    return invalidParam(param, `Amount must be no more than ${most}`, 'amount_too_large');
  }
  if (DECIMALS.get(currency) === 3 && amount % 10 !== 0) {
    return invalidParam(param, `Amount in ${currency} must end in 0`, 'parameter_invalid_integer');
  }
  return null;
}

/** Minor units of one currency in those of another; `rate` is what one whole unit of `from` is worth in `to`. */
export function convert(
  amount: number,
  { from, to, rate }: { from: string; to: string; rate: number },
): number {
  const decimals = (DECIMALS.get(to) ?? 2) - (DECIMALS.get(from) ?? 2);
  return Math.round(amount * rate * 10 ** decimals);
}

export function formatAmount(amount: number, currency: string, locale = 'en'): string {
  const decimals = DECIMALS.get(currency) ?? 2;
  return new Intl.NumberFormat(locale, {
    style: 'currency',
    currency: currency.toUpperCase(),
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  }).format(amount / 10 ** decimals);
}

/**
 * What Stripe says of currencies: which it takes, how it counts their minor units, and the least and the most
 * that one payment may be (its page "Supported currencies"). Data only; imported by money.ts, and through it
 * by Workflows, so it must never ask the host (Intl) anything.
 */

/** Currencies a card can be charged in, lower case as Stripe writes them. */
export const CURRENCIES: readonly string[] = (
  'usd aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bhd bif bmd bnd bob brl bsd bwp byn bzd ' +
  'cad cdf chf clp cny cop crc cve czk djf dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gnf gtq gyd ' +
  'hkd hnl htg huf idr ils inr isk jmd jod jpy kes kgs khr kmf krw kwd kyd kzt lak lbp lkr lrd lsl mad ' +
  'mdl mga mkd mmk mnt mop mur mvr mwk mxn myr mzn nad ngn nio nok npr nzd omr pab pen pgk php pkr pln ' +
  'pyg qar ron rsd rub rwf sar sbd scr sek sgd shp sle sos srd std szl thb tjs tnd top try ttd twd tzs ' +
  'uah ugx uyu uzs vnd vuv wst xaf xcd xcg xof xpf yer zar zmw'
).split(' ');

/** The amount is the number of whole units: 500 means ¥500. */
export const ZERO_DECIMAL: readonly string[] =
  'bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf'.split(' ');

/** A thousand minor units to one; Stripe's partners need the last digit to be 0. */
export const THREE_DECIMAL: readonly string[] = 'bhd jod kwd omr tnd'.split(' ');

/** Without decimals by law, yet sent to Stripe in hundredths that must be 00. */
export const WHOLE_HUNDREDS: readonly string[] = ['isk', 'ugx'];

/**
 * The least that one payment may be, in minor units. Stripe states it for currencies it settles in; for the
 * others it compares the converted amount, which nobody knows beforehand, so any positive amount passes here.
 */
export const MINIMUM_MINOR: Readonly<Record<string, number>> = {
  usd: 50,
  aed: 200,
  aud: 50,
  bgn: 100,
  brl: 50,
  cad: 50,
  chf: 50,
  czk: 15_00,
  dkk: 250,
  eur: 50,
  gbp: 30,
  hkd: 400,
  huf: 175_00,
  inr: 50,
  jpy: 50,
  mxn: 10_00,
  myr: 200,
  nok: 300,
  nzd: 50,
  pln: 200,
  ron: 200,
  sek: 300,
  sgd: 50,
  thb: 10_00,
};

/** Digits that an amount may have; eight where nothing is said. */
export const DEFAULT_MAXIMUM_DIGITS = 8;

/**
 * Where Stripe allows more than eight digits. It says so for cards in COP, HUF and JPY without a number that
 * holds for every brand; ten is what the large ones take.
 */
export const MAXIMUM_DIGITS: Readonly<Record<string, number>> = {
  idr: 12,
  inr: 9,
  cop: 10,
  huf: 10,
  jpy: 10,
};

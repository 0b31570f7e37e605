/** What the shop sells, and the terms it asks the billing service for. */

import type { Drawing } from './drawings.ts';

export type Locale = 'en' | 'ja';

export interface Product {
  sku: string;
  drawing: Drawing;
  currency: 'jpy' | 'usd';
  amountMinor: number;
  /** As the API of the billing service takes it. */
  schedule: Record<string, unknown> & { type: 'once' | 'recurring'; amount_minor: number };
  name: Record<Locale, string>;
  about: Record<Locale, string>;
  /** Follows the price: how often it is paid. */
  rhythm: Record<Locale, string>;
}

export const PRODUCTS: readonly Product[] = [
  {
    sku: 'coffee-beans',
    drawing: 'beans',
    currency: 'jpy',
    amountMinor: 1200,
    schedule: { type: 'once', amount_minor: 1200 },
    name: { en: 'Coffee beans, 200 g', ja: 'コーヒー豆 200g' },
    about: {
      en: 'Paid once. Your card is saved at Checkout and charged right after.',
      ja: '一回払いです。Checkout でカードを登録すると、すぐに請求されます。',
    },
    rhythm: { en: 'once', ja: '一回払い' },
  },
  {
    sku: 'monthly-box',
    drawing: 'box',
    currency: 'jpy',
    amountMinor: 980,
    schedule: {
      type: 'recurring',
      amount_minor: 980,
      interval: { unit: 'month', count: 1 },
      time_zone: 'Asia/Tokyo',
    },
    name: { en: 'Monthly tasting box', ja: '毎月のテイスティングボックス' },
    about: {
      en: 'A new roast every month. The first charge is made today, the next ones on the same day of each month.',
      ja: '毎月、新しい焙煎をお届けします。初回は本日、以降は毎月同じ日に請求されます。',
    },
    rhythm: { en: 'a month', ja: '毎月' },
  },
  {
    sku: 'every-minute',
    drawing: 'clock',
    currency: 'jpy',
    amountMinor: 100,
    schedule: {
      type: 'recurring',
      amount_minor: 100,
      interval: { unit: 'minute', count: 1 },
      time_zone: 'Asia/Tokyo',
      max_charges: 10,
    },
    name: { en: 'A sip every minute', ja: '一分ごとの一口' },
    about: {
      en: 'Ten charges, one a minute: to watch a schedule at work.',
      ja: '一分ごとに十回請求されます。請求スケジュールの動きを見るための商品です。',
    },
    rhythm: { en: 'a minute, ten times', ja: '一分ごと・十回' },
  },
  {
    sku: 'mug',
    drawing: 'mug',
    currency: 'usd',
    amountMinor: 2450,
    schedule: { type: 'once', amount_minor: 2450 },
    name: { en: 'Enamel mug', ja: 'ホーローのマグカップ' },
    about: {
      en: 'Paid once, in US dollars.',
      ja: '米ドルでの一回払いです。',
    },
    rhythm: { en: 'once', ja: '一回払い' },
  },
];

export function findProduct(sku: string): Product | undefined {
  return PRODUCTS.find((product) => product.sku === sku);
}

/** An amount in minor units as people write it: ¥1,200, $24.50. */
export function formatAmount(amountMinor: number, currency: string, locale: Locale): string {
  const format = new Intl.NumberFormat(locale, {
    style: 'currency',
    currency,
    currencyDisplay: 'narrowSymbol',
  });
  const digits = format.resolvedOptions().maximumFractionDigits ?? 2;
  return format.format(amountMinor / 10 ** digits);
}

/** Runs the shop until it is told to end. Started by `npm run dev`, which sets what it reads here. */
import { buildShop } from './app.ts';
import { createBillingApi } from './billing-api.ts';
import { openOrderBook } from './orders.ts';

function required(name: string): string {
  const value = process.env[name];
  if (!value) {
    throw new Error(`${name} is not set; the shop is started by npm run dev`);
  }
  return value;
}

const publicUrl = required('SHOP_URL');
const shop = buildShop({
  billing: createBillingApi(required('BILLING_API_URL'), required('BILLING_API_KEY')),
  orders: openOrderBook(process.env.SHOP_ORDERS_FILE ?? null),
  publicUrl,
  mailsUrl: process.env.MAILS_URL ?? null,
});
await shop.listen({ host: '127.0.0.1', port: Number(new URL(publicUrl).port) });
console.log(`Shop at ${publicUrl}`);

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    void shop.close().then(() => process.exit(0));
  });
}

/** The shop's own memory: which order belongs to which enrollment. One small file, replaced as a whole. */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';

export interface Order {
  /** Made when the product page is rendered; it is also the Idempotency-Key of the enrollment. */
  id: string;
  sku: string;
  locale: 'en' | 'ja';
  enrollmentId: string;
  placedAt: string;
}

export interface OrderBook {
  /** Placing the same order again changes nothing. */
  place(order: Order): void;
  find(id: string): Order | undefined;
  /** The last ones, newest first. */
  latest(count: number): Order[];
}

/** @param file where orders are kept; null: in memory */
export function openOrderBook(file: string | null): OrderBook {
  const kept = file !== null && existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Order[]) : [];
  const orders = new Map(kept.map((order) => [order.id, order]));
  return {
    place(order) {
      if (orders.has(order.id)) {
        return;
      }
      orders.set(order.id, order);
      if (file !== null) {
        writeFileSync(`${file}.new`, JSON.stringify([...orders.values()], null, 1));
        renameSync(`${file}.new`, file);
      }
    },
    find: (id) => orders.get(id),
    latest: (count) => [...orders.values()].slice(-count).reverse(),
  };
}

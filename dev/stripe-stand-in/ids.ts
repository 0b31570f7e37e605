// Ids that look like Stripe's: a prefix and random letters and digits. Nothing reads meaning from the random part.

import { randomFillSync } from 'node:crypto';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const pool = Buffer.alloc(4096);
let used = pool.length;

/** Random characters from a pool that is refilled in blocks: one system call for hundreds of ids. */
export function randomChars(length: number): string {
  let out = '';
  while (out.length < length) {
    if (used === pool.length) {
      randomFillSync(pool);
      used = 0;
    }
    const byte = pool[used++] ?? 0;
    if (byte < 248) out += ALPHABET[byte % 62]; // 248 = 4 × 62: above it the remainder would favour some letters.
  }
  return out;
}

export function newId(prefix: string, length = 24): string {
  return `${prefix}_${randomChars(length)}`;
}

export function newClientSecret(id: string): string {
  return `${id}_secret_${randomChars(25)}`;
}

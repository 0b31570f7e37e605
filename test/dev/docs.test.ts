import { readFile } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import { DRAWN } from '../../dev/docs/draw.ts';
import { DECLINE_CODES } from '../../domain/decline-codes.ts';
import { PAYMENT_INTENT_STATUSES, PAYMENT_INTENT_TABLE } from '../../domain/payment-intent.ts';

const read = (path: string) => readFile(new URL(`../../${path}`, import.meta.url), 'utf8');

describe('the drawn documents', () => {
  it.each(Object.keys(DRAWN))('%s is what `npm run docs:draw` draws', async (path) => {
    expect(await read(path)).toBe(await DRAWN[path]?.());
  });

  it('draw every step of a PaymentIntent and no other', async () => {
    const document = await read('docs/state-machines.md');
    const section = document.slice(document.indexOf('## PaymentIntent'), document.indexOf('## SetupIntent'));
    const drawn = [...section.matchAll(/^ {2}(\w+) --> (\w+)$/gm)].map(([, from, to]) => `${from} ${to}`);
    const steps = PAYMENT_INTENT_STATUSES.flatMap((from) =>
      PAYMENT_INTENT_TABLE[from].next.map((to) => `${from} ${to}`),
    );
    expect(drawn.sort()).toEqual(steps.sort());
  });

  it('have a row for every decline code', async () => {
    const document = await read('docs/declines.md');
    const missing = Object.entries(DECLINE_CODES).filter(
      ([code, row]) => !document.includes(`| \`${code}\` | \`${row.class}\` | \`${row.customerReason}\``),
    );
    expect(missing).toEqual([]);
  });
});

/** Some weeks of business, small enough to count by hand and lively enough to look at. */
import type { Kysely } from 'kysely';
import type { Database } from '../../db/schema.ts';
import { type ChargeMade, makeCharge } from './rows.ts';

const DAY_MS = 86_400_000;

export async function makeWeeksOfBusiness(db: Kysely<Database>): Promise<void> {
  const ago = (days: number, hours = 0) => new Date(Date.now() - days * DAY_MS - hours * 3_600_000);
  const charges: ChargeMade[] = [];
  for (let day = 0; day < 30; day++) {
    const many = 1 + ((day * 7) % 4);
    for (let each = 0; each < many; each++) {
      charges.push({
        currency: each % 3 === 2 ? 'usd' : 'jpy',
        amountMinor: each % 3 === 2 ? 1_999 : 980 + 100 * (day % 3),
        status: 'succeeded',
        dueAt: ago(day, each),
      });
    }
  }
  const codes = ['insufficient_funds', 'do_not_honor', 'expired_card', 'generic_decline'];
  for (let day = 1; day < 29; day += 2) {
    const code = codes[(day >> 1) % codes.length] ?? 'other';
    charges.push({
      currency: day % 4 === 1 ? 'usd' : 'jpy',
      amountMinor: day % 4 === 1 ? 2_500 : 3_000,
      status: day % 6 === 1 ? 'requires_payment_method' : day % 6 === 3 ? 'succeeded' : 'uncollectible',
      declines: day % 3 === 0 ? [code, code] : [code],
      dueAt: ago(day, 5),
    });
  }
  charges.push(
    { currency: 'eur', amountMinor: 4_200, status: 'succeeded', dueAt: ago(3), refundedMinor: 1_000 },
    { currency: 'usd', amountMinor: 700, status: 'needs_attention', dueAt: ago(2) },
    { currency: 'jpy', amountMinor: 5_000, status: 'requires_action', dueAt: ago(6) },
  );
  await Promise.all(charges.map((charge) => makeCharge(db, charge)));
  for (const [index, seconds] of [0.05, 0.08, 0.12, 0.4, 3].entries()) {
    const receivedAt = ago(0, index + 1);
    await db
      .insertInto('stripe_events')
      .values({
        id: `evt_scene_${index}`,
        type: 'checkout.session.completed',
        livemode: false,
        payload: '{}',
        stripe_created_at: receivedAt,
        next_signal_at: receivedAt,
        received_at: receivedAt,
        signalled_at: new Date(receivedAt.getTime() + seconds * 1000),
      })
      .execute();
  }
}

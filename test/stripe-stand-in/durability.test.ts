import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import Stripe from 'stripe';
import { freePort } from '../../dev/ports.ts';
import { startStripeStandIn } from '../../dev/stripe-stand-in/stand-in.ts';

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

async function dataFile(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'stand-in-'));
  folders.push(folder);
  return join(folder, 'data.db');
}

function clientOf(port: number): Stripe {
  return new Stripe('sk_test_durable', { host: '127.0.0.1', port, protocol: 'http', maxNetworkRetries: 0 });
}

/** A stand-in in a process of its own, which can be killed. */
async function spawned(file: string) {
  const port = await freePort();
  const child = spawn(process.execPath, ['dev/stripe-stand-in/main.ts'], {
    env: { ...process.env, STRIPE_STAND_IN_PORT: String(port), STRIPE_STAND_IN_DATA: file },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await new Promise((resolve) => child.stdout.once('data', resolve));
  const ended = new Promise<NodeJS.Signals | number | null>((resolve) =>
    child.once('exit', (code, signal) => resolve(signal ?? code)),
  );
  return { port, child, ended };
}

describe('a stand-in with a data file', () => {
  it('has everything that was answered after a SIGKILL, in the same order, and remembers its keys', async () => {
    const file = await dataFile();
    const first = await spawned(file);
    const stripe = clientOf(first.port);
    const customer = await stripe.customers.create({ name: 'kept' });
    const method = await stripe.paymentMethods.attach('pm_card_visa', { customer: customer.id });
    const params = {
      amount: 1099,
      currency: 'usd',
      customer: customer.id,
      payment_method: method.id,
      off_session: true,
      confirm: true,
    } as const;
    const made: string[] = [];
    let killed = false;
    const working = Array.from({ length: 8 }, async (_, worker) => {
      for (let i = 0; !killed; i++) {
        const intent = await stripe.paymentIntents
          .create(params, { idempotencyKey: `${worker}-${i}` })
          .catch((error: unknown) => (killed ? null : Promise.reject(error)));
        if (intent !== null) made.push(intent.id);
      }
    });
    while (made.length < 40) await new Promise((resolve) => setTimeout(resolve, 5));
    killed = true;
    first.child.kill('SIGKILL');
    await Promise.all(working);
    expect(await first.ended).toBe('SIGKILL');

    const second = await startStripeStandIn({ dataFile: file });
    try {
      const again = clientOf(second.port);
      const found = new Set<string>();
      for await (const intent of again.paymentIntents.list({ customer: customer.id, limit: 100 })) {
        expect(intent.status).toBe('succeeded');
        found.add(intent.id);
      }
      expect(made.filter((id) => !found.has(id))).toEqual([]);
      const replay = await again.paymentIntents.create(params, { idempotencyKey: '0-0' });
      expect(found.has(replay.id)).toBe(true);
      const events = await again.events.list({ type: 'payment_intent.succeeded', limit: 100 });
      expect(events.data.length).toBe(Math.min(100, found.size));
    } finally {
      await second.close();
    }
  }, 60_000);

  it('keeps its clock, its open sessions and what they are due for', async () => {
    const file = await dataFile();
    const first = await startStripeStandIn({ dataFile: file });
    const session = await clientOf(first.port).checkout.sessions.create({
      mode: 'setup',
      currency: 'usd',
      success_url: 'https://example.com/ok',
    });
    await fetch(`${first.url}/_control/clock`, {
      method: 'POST',
      body: JSON.stringify({ advance_seconds: 3600 }),
    });
    await first.close();
    const second = await startStripeStandIn({ dataFile: file });
    try {
      const clock: { now: number } = Object(await (await fetch(`${second.url}/_control/clock`)).json());
      expect(clock.now - session.created).toBeGreaterThanOrEqual(3599);
      await fetch(`${second.url}/_control/clock`, {
        method: 'POST',
        body: JSON.stringify({ advance_seconds: 90_000 }),
      });
      expect((await clientOf(second.port).checkout.sessions.retrieve(session.id)).status).toBe('expired');
    } finally {
      await second.close();
    }
  });

  it('sends what was queued when it was stopped', async () => {
    const file = await dataFile();
    const first = await startStripeStandIn({ dataFile: file });
    const stripe = clientOf(first.port);
    const endpoint = await startStripeStandIn(); // Any server will do: it answers 404, and the attempt is what counts.
    await stripe.webhookEndpoints.create({
      url: `${endpoint.url}/hook`,
      enabled_events: ['customer.created'],
    });
    await fetch(`${first.url}/_control/webhooks`, { method: 'POST', body: JSON.stringify({ mode: 'hold' }) });
    await stripe.customers.create();
    await first.close();
    const second = await startStripeStandIn({ dataFile: file });
    try {
      await fetch(`${second.url}/_control/webhooks/settled`, { method: 'POST' });
      const { data }: { data: { attempts: number; last_status: number }[] } = Object(
        await (await fetch(`${second.url}/_control/deliveries`)).json(),
      );
      expect(data).toMatchObject([{ attempts: 1, last_status: 404 }]);
    } finally {
      await second.close();
      await endpoint.close();
    }
  });

  it('stops politely on SIGTERM', async () => {
    const running = await spawned(await dataFile());
    running.child.kill('SIGTERM');
    expect(await running.ended).toBe(0);
  }, 30_000);
});

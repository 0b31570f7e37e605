/**
 * Bytes that 300 requests leave in the heap until the whole of it is collected, on standard output. A process of its own, run by
 * security-headers.test.ts: what V8 has learned of other tests' requests would be measured with them.
 */
import { Agent, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { sendSecurityHeaders } from '../../api/security-headers.ts';
import { createServer } from '../../api/server.ts';
import { leftAfterScavenge } from '../support/scavenge.ts';

const app = createServer({ log: pino({ level: 'silent' }), bodyLimit: 1_024, trustedProxies: [] });
sendSecurityHeaders(app, {});
app.get('/', async () => ({ status: 'ok' }));
await app.listen({ host: '127.0.0.1', port: 0 });
const { port } = app.server.address() as AddressInfo;
const agent = new Agent({ keepAlive: true, maxSockets: 1 });

function ask(): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { 'x-long': 'x'.repeat(10_000) };
    get({ port, agent, headers }, (answer) => answer.resume().on('end', resolve)).on('error', reject);
  });
}

const left = await leftAfterScavenge(async () => {
  for (let count = 0; count < 300; count += 1) {
    await ask();
  }
});
process.stdout.write(`${left}\n`);
agent.destroy();
await app.close();

/**
 * What a webhook and a read cost at least: a bare Fastify server with a route that verifies the signature and inserts
 * one row, and one that reads one row by its key. `node bench/floors/routes.ts PORT DATABASE_URL SECRET`.
 */
import Fastify from 'fastify';
import pg from 'pg';
import { Stripe } from 'stripe';

const [, , port = '0', connectionString = '', secret = ''] = process.argv;
const pool = new pg.Pool({ connectionString, max: 20 });
await pool.query('create table if not exists bare_events (id text primary key, payload jsonb not null)');

const app = Fastify();
app.removeAllContentTypeParsers();
app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
app.post('/webhook', async (request, reply) => {
  const body = request.body as Buffer;
  try {
    Stripe.webhooks.signature?.verifyHeader(body, String(request.headers['stripe-signature']), secret, 300);
  } catch {
    return reply.code(400).send({ received: false });
  }
  const text = body.toString('utf8');
  const event = JSON.parse(text) as { id: string };
  await pool.query('insert into bare_events (id, payload) values ($1, $2) on conflict do nothing', [
    event.id,
    text,
  ]);
  return { received: true };
});
app.get<{ Params: { id: string } }>('/enrollments/:id', async (request) => {
  const { rows } = await pool.query('select * from enrollments where id = $1', [request.params.id]);
  return rows[0];
});
await app.listen({ host: '127.0.0.1', port: Number(port) });
process.once('SIGTERM', () => {
  void app.close().then(() => pool.end());
});

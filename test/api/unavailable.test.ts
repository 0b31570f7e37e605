/** What is answered while PostgreSQL, Temporal or a Worker is away: what was not done may be sent again, the rest not. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BillingUnavailable } from '../../api/billing-client.ts';
import { startApi, type TestApi } from './test-api.ts';

const ENROLL = { terms: { currency: 'jpy', schedule: { type: 'on_demand' } } };

describe('a database that is away', () => {
  it('is 503 with Retry-After and without a word of the inside', async () => {
    const api = await startApi({ databaseUrl: 'postgres://nobody:hunter2@127.0.0.1:9/none' });
    try {
      const reply = await api.request('GET', '/v1/enrollments');
      expect([reply.status, reply.headers['retry-after']]).toEqual([503, '5']);
      expect(reply.text).toBe(
        '{"error":{"code":"database_unavailable","message":"the database is not available at this moment; the same request may be repeated"}}',
      );
      expect(api.logged.join('')).not.toContain('hunter2');
      // Nobody had asked yet who sends it: nothing can have been done.
      const url = `/v1/enrollments/enr_${'0'.repeat(26)}/pause`;
      const command = await api.request('POST', url, { body: {} });
      expect([command.status, command.headers['retry-after']]).toEqual([503, '5']);
    } finally {
      await api.close();
    }
  });
});

describe('billing that does not answer in time', () => {
  let api: TestApi;
  let id: string;
  beforeAll(async () => {
    api = await startApi();
    id = (await api.request('POST', '/v1/enrollments', { idempotencyKey: 'away', body: ENROLL })).body.id;
    await api.db
      .insertInto('charges')
      .values({ ...CHARGE, id: `chg_${id.slice(4)}_1`, enrollment_id: id })
      .execute();
    const away = async () => {
      throw new BillingUnavailable('no Worker', new Error('grpc'));
    };
    const names = ['cancelEnrollment', 'extendDunning', 'moveNext', 'openCheckoutSession', 'pauseEnrollment'];
    Object.assign(
      api.answers,
      Object.fromEntries([...names, 'previewCancel', 'retryCharge'].map((name) => [name, away])),
    );
  });
  afterAll(() => api.close());

  const AGAIN = 'billing is not available at this moment; the same request may be repeated';
  const LOOK =
    /; what was asked for may have been done, or be done yet: look before you ask again\. .*Idempotency-Key/;
  const ask = (method: 'GET' | 'POST', path: string, body: object | undefined, idempotencyKey?: string) =>
    api.request(method, `/v1/enrollments/${id}/${path.replace('CHARGE', `charges/chg_${id.slice(4)}_1`)}`, {
      ...(body === undefined ? {} : { body }),
      ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
    });
  const MOVED = { due_at: '2099-01-31T00:00:00Z' };

  it.each<['GET' | 'POST', string, object | undefined, string | undefined]>([
    ['GET', 'cancel-preview', undefined, undefined],
    ['POST', 'cancel', {}, undefined],
    ['POST', 'checkout-sessions', {}, undefined],
    ['POST', 'pause', {}, 'k'],
    ['POST', 'move-next', MOVED, 'k'],
    ['POST', 'CHARGE/extend-dunning', { days: 3 }, 'k'],
  ])('%s %s may be repeated: it reads, is the same twice, or has a key', async (method, path, body, key) => {
    const reply = await ask(method, path, body, key);
    expect([reply.status, reply.body.error.message, reply.headers['retry-after']]).toEqual([503, AGAIN, '5']);
  });

  it.each([
    ['pause', {}],
    ['move-next', MOVED],
    ['CHARGE/extend-dunning', { days: 3 }],
    ['CHARGE/retry', {}],
  ])('POST %s without a key is to be looked after before it is sent again', async (path, body) => {
    const reply = await ask('POST', path, body);
    expect([reply.status, reply.headers['retry-after']]).toEqual([503, undefined]);
    expect(reply.body.error).toEqual({ code: 'billing_unavailable', message: expect.stringMatching(LOOK) });
  });
});

const CHARGE = {
  number: 1,
  origin: 'api' as const,
  amount_minor: 500,
  currency: 'jpy',
  due_at: new Date(),
  status: 'requires_payment_method' as const,
  payment_intent_id: 'pi_1',
  attempts: 1,
  captured_minor: 0,
  refunded_minor: 0,
  created_at: new Date(),
  updated_at: new Date(),
};

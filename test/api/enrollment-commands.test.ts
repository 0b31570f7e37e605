import { describe, expect, it } from '@jest/globals';
import { BillingUnavailable, CommandRefused, EnrollmentNotRunning } from '../../api/billing-client.ts';
import { api, id, post, setStatus } from './enrollment-of-each-test.ts';

describe('POST /v1/enrollments/:id/cancel', () => {
  it('cancels, says who asked and why, and answers with the enrollment', async () => {
    api.answers.cancelEnrollment = async () => {
      await setStatus('canceled');
      return { status: 'canceled' };
    };
    const { status, body } = await post('cancel', { reason: 'moved away' });
    expect(status).toBe(200);
    expect(body).toMatchObject({ id, status: 'canceled', checkout_url: null });
    expect(api.asked).toEqual([
      { name: 'cancelEnrollment', args: [id, { by: `api:${api.apiKeyId}`, reason: 'moved away' }] },
    ]);
  });

  it('needs no body', async () => {
    expect((await post('cancel')).status).toBe(200);
    expect((await post('cancel', {})).status).toBe(200);
    expect(api.asked[0]?.args[1]).toMatchObject({ reason: null });
  });

  it('answers 202 while the outcome of a payment is awaited', async () => {
    api.answers.cancelEnrollment = async () => ({ status: 'canceling' });
    expect((await post('cancel')).status).toBe(202);
  });

  it('answers a repeat with the canceled enrollment, without asking Temporal', async () => {
    await setStatus('canceled');
    const { status, body } = await post('cancel');
    expect([status, body.status]).toEqual([200, 'canceled']);
    expect(api.asked).toEqual([]);
  });

  it.each(['completed', 'expired'] as const)('refuses one that is %s with 409', async (ended) => {
    await setStatus(ended);
    const { status, body } = await post('cancel');
    expect(status).toBe(409);
    expect(body.error).toEqual({
      code: 'enrollment_ended',
      message: `${id} is ${ended} since 2026-11-01T00:00:00.000Z; expected an enrollment that goes on`,
    });
    expect(api.asked).toEqual([]);
  });

  it('refuses one that ended while the command was on its way', async () => {
    api.answers.cancelEnrollment = async () => {
      await setStatus('completed');
      throw new EnrollmentNotRunning(id);
    };
    const { status, body } = await post('cancel');
    expect([status, body.error.code]).toEqual([409, 'enrollment_ended']);
  });

  it('answers 409 when no Workflow runs although the row says so', async () => {
    api.answers.cancelEnrollment = async () => {
      throw new EnrollmentNotRunning(id);
    };
    const { status, body } = await post('cancel');
    expect([status, body.error.code]).toEqual([409, 'enrollment_not_running']);
  });

  it('answers 503 when Temporal is away', async () => {
    api.answers.cancelEnrollment = async () => {
      throw new BillingUnavailable('away', new Error('grpc'));
    };
    const { status, headers, body } = await post('cancel');
    expect([status, headers['retry-after'], body.error.code]).toEqual([503, '5', 'billing_unavailable']);
  });

  it.each<[string, object | string, string]>([
    ['an unknown field', { why: 'x' }, 'why'],
    ['a reason that is no text', { reason: 5 }, 'reason'],
    ['a reason with NUL', { reason: 'a\u0000' }, 'reason'],
    ['a list', [], 'body'],
    ['null', 'null', 'body'],
  ])('refuses %s', async (_what, body, param) => {
    const reply = await post('cancel', body);
    expect([reply.status, reply.body.error.param]).toEqual([400, param]);
  });
});

describe('POST /v1/enrollments/:id/checkout-sessions', () => {
  it('answers with a live session', async () => {
    const { status, body } = await post('checkout-sessions', { reason: 'new card' });
    expect(status).toBe(200);
    expect(body).toEqual({
      object: 'checkout_session',
      id: 'cs_test_new',
      url: 'https://checkout.stripe.com/c/pay/cs_test_new',
      expires_at: expect.stringMatching(/Z$/),
    });
    expect(api.asked[0]).toMatchObject({ name: 'openCheckoutSession', args: [id, { reason: 'new card' }] });
  });

  it.each(['completed', 'canceled', 'expired'] as const)('refuses one that is %s with 409', async (ended) => {
    await setStatus(ended);
    expect((await post('checkout-sessions')).status).toBe(409);
    expect(api.asked).toEqual([]);
  });
});

describe('POST /v1/enrollments/:id/resume', () => {
  it('ends a pause, or says why not', async () => {
    expect((await post('resume')).status).toBe(200);
    expect(api.asked[0]).toMatchObject({ name: 'resumeEnrollment', args: [id, { reason: null }] });
    api.answers.resumeEnrollment = async () => {
      throw new CommandRefused('not_paused', 'the enrollment is active, expected paused');
    };
    const { status, body } = await post('resume');
    expect(status).toBe(409);
    expect(body.error).toEqual({ code: 'not_paused', message: 'the enrollment is active, expected paused' });
  });
});

describe('every command on an enrollment', () => {
  const unknown = `enr_${'0'.repeat(26)}`;

  it.each<[string, object | undefined]>([
    ['cancel', undefined],
    ['resume', undefined],
    ['checkout-sessions', undefined],
    ['charges', { amount_minor: 500 }],
    [`charges/chg_${'0'.repeat(26)}_1/resume`, undefined],
  ])('answers 404 to %s of an unknown one', async (path, body) => {
    const reply = await api.request('POST', `/v1/enrollments/${unknown}/${path}`, {
      idempotencyKey: 'k',
      ...(body === undefined ? {} : { body }),
    });
    expect([reply.status, reply.body.error.code]).toEqual([404, 'not_found']);
    expect(api.asked).toEqual([]);
  });
});

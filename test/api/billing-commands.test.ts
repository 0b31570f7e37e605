/** The routes of what can be asked of schedules and charges: what they send to the Workflow and what they answer. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { CommandRefused } from '../../api/billing-client.ts';
import { startApi, type TestApi } from './test-api.ts';

let api: TestApi;
let id: string;
let chargeId: string;

beforeAll(async () => {
  api = await startApi();
  const { body } = await api.request('POST', '/v1/enrollments', {
    idempotencyKey: 'commands',
    body: { terms: { currency: 'usd', schedule: { type: 'on_demand' }, reauthorize_holds: 2 } },
  });
  id = body.id;
  expect(body.terms).toMatchObject({
    reauthorize_holds: 2,
    after_lost_dispute: 'cancel',
    try_other_method: false,
  });
  chargeId = `chg_${id.slice(4)}_1`;
  const at = new Date();
  await api.db
    .insertInto('charges')
    .values({
      id: chargeId,
      enrollment_id: id,
      number: 1,
      origin: 'api',
      amount_minor: 500,
      currency: 'usd',
      due_at: at,
      status: 'succeeded',
      payment_intent_id: 'pi_1',
      attempts: 1,
      captured_minor: 500,
      refunded_minor: 0,
      created_at: at,
      updated_at: at,
    })
    .execute();
});
afterAll(() => api.close());
beforeEach(() => {
  api.asked.length = 0;
});

const post = (path: string, body: object, idempotencyKey?: string) =>
  api.request('POST', `/v1/enrollments/${id}/${path}`, {
    body,
    headers: { 'content-type': 'application/json' },
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
  });

const SOON = '2027-01-31T00:00:00.000Z';
const asked = { by: expect.stringMatching(/^api:/), reason: 'because' };

describe('commands of the schedule', () => {
  it.each([
    ['pause', { resume_at: SOON }, 'pauseEnrollment', { resumeAt: SOON }],
    ['cancel-at-period-end', {}, 'cancelAtPeriodEnd', {}],
    ['undo-cancel', {}, 'undoCancel', {}],
    ['skip-next', {}, 'skipNext', {}, 'skip-1'],
    ['charge-now', {}, 'chargeNow', {}, 'now-1'],
    ['move-next', { due_at: SOON }, 'moveNext', { dueAt: SOON }],
    [
      'amount',
      { amount_minor: 700, effective: 'at_once' },
      'changeAmount',
      { amountMinor: 700, effective: 'at_once' },
    ],
  ])(
    '%s is asked of the Workflow with caller and reason',
    async (path, body, name, args, ...[key]: string[]) => {
      const reply = await post(path, { ...body, reason: 'because' }, key);
      expect(reply).toMatchObject({ status: 200 });
      const keyed = key === undefined ? {} : { request: { key, what: path } };
      expect(api.asked).toEqual([{ name, args: [id, { ...asked, ...args, ...keyed }] }]);
    },
  );

  it.each(['skip-next', 'charge-now'])('%s needs a key: a repeat would be another period', async (path) => {
    const { status, body } = await post(path, {});
    expect([status, body.error.param]).toEqual([400, 'idempotency-key']);
    expect(api.asked).toEqual([]);
  });

  it('names the person that the caller names, beside the key', async () => {
    const headers = { 'content-type': 'application/json', 'billing-operator': 'hanako.s' };
    const url = `/v1/enrollments/${id}/pause`;
    const reply = await api.request('POST', url, { body: { reason: 'because' }, headers });
    expect(reply.status).toBe(200);
    const by = expect.stringMatching(/^operator:hanako\.s \(api:key_[0-9a-f]+\)$/);
    expect(api.asked).toMatchObject([{ args: [id, { by, reason: 'because' }] }]);
    const refused = await api.request('POST', url, {
      body: {},
      headers: { ...headers, 'billing-operator': 'workflow), operator:x (' },
    });
    expect(refused).toMatchObject({ status: 400, body: { error: { param: 'Billing-Operator' } } });
  });

  it('hands the key of a change of amount on, and none when there is none', async () => {
    await post('amount', { amount_minor: 700 }, 'price-2027');
    await post('amount', { amount_minor: 700 });
    const [first, second] = api.asked.map(({ args }) => args[1]);
    const what = 'amount {"amount_minor":700,"effective":"from_next"}';
    expect(first).toMatchObject({ amountMinor: 700, request: { key: 'price-2027', what } });
    expect(second).not.toHaveProperty('request');
  });

  it.each([
    ['skip-next', {}, 'schedule.skipped', null, 'charge-now'],
    ['charge-now', {}, 'schedule.charged_early', null, 'skip-next'],
    ['move-next', { due_at: SOON }, 'schedule.moved', SOON, 'skip-next'],
  ])(
    'hands the key of %s on, and answers a repeat from the timeline, also from an entry of before',
    async (path, body, what, movedTo, other) => {
      const key = `next-${path}`;
      expect(await post(path, body, key)).toMatchObject({ status: 200 });
      expect(api.asked.at(-1)?.args[1]).toMatchObject({ request: { key } });
      await api.db
        .insertInto('enrollment_events')
        .values({
          key: `${id}/command-9/${what}`,
          enrollment_id: id,
          at: new Date(),
          what,
          who: 'api:key_1',
          details: JSON.stringify({ request_key: key, moved_to: movedTo }),
        })
        .execute();
      api.asked.length = 0;
      expect(await post(path, body, key)).toMatchObject({ status: 200, body: { object: 'schedule_change' } });
      expect(await post(other, {}, key)).toMatchObject({
        status: 409,
        body: { error: { code: 'idempotency_mismatch', param: 'Idempotency-Key' } },
      });
      expect(api.asked).toEqual([]);
    },
  );

  it('answers a repeated change of amount from the timeline, and refuses its key for another change', async () => {
    await api.db
      .insertInto('enrollment_events')
      .values({
        key: `${id}/command-1/schedule.amount_changed`,
        enrollment_id: id,
        at: new Date(),
        what: 'schedule.amount_changed',
        who: 'api:key_1',
        details: JSON.stringify({
          amount_minor: 700,
          effective: 'at_once',
          balance_minor: -20,
          charge_id: chargeId,
          request_key: 'price-2028',
        }),
      })
      .execute();
    const change = { amount_minor: 700, effective: 'at_once' };
    expect(await post('amount', change, 'price-2028')).toMatchObject({
      status: 200,
      body: { object: 'schedule_change', balance_minor: -20, charge_id: chargeId },
    });
    for (const other of [
      { ...change, amount_minor: 800 },
      { ...change, effective: 'from_next' },
    ]) {
      expect(await post('amount', other, 'price-2028')).toMatchObject({
        status: 409,
        body: {
          error: {
            code: 'idempotency_mismatch',
            message: expect.stringContaining('amount {"amount_minor":700'),
          },
        },
      });
    }
    expect(api.asked).toEqual([]);
  });

  it('shows what a cancel would stop, without asking for one', async () => {
    const reply = await api.request('GET', `/v1/enrollments/${id}/cancel-preview?when=at_period_end`);
    expect(reply).toMatchObject({ status: 200, body: { object: 'cancel_preview', late_success: 'refund' } });
    expect(api.asked).toEqual([{ name: 'previewCancel', args: [id, 'at_period_end'] }]);
  });
});

describe('commands of a charge', () => {
  it.each([
    ['retry', {}, 'retryCharge', {}],
    ['stop-dunning', {}, 'stopDunning', {}],
    ['cancel', {}, 'cancelCharge', { as: 'cancel' }],
    ['forgive', {}, 'cancelCharge', { as: 'forgive' }],
    ['capture', { amount_minor: 300 }, 'captureCharge', { amountMinor: 300 }],
    ['extend-dunning', { days: 3 }, 'extendDunning', { days: 3 }],
    ['authenticate', {}, 'authenticateCharge', {}],
  ])('%s is asked of the Workflow with caller and reason', async (path, body, name, args) => {
    const reply = await post(`charges/${chargeId}/${path}`, { ...body, reason: 'because' });
    expect(reply).toMatchObject({ status: 200 });
    expect(api.asked).toEqual([{ name, args: [id, chargeId, { ...asked, ...args }] }]);
  });

  it('refunds under the caller’s key, and needs one', async () => {
    const reply = await post(
      `charges/${chargeId}/refunds`,
      { amount_minor: 200, reason: 'because' },
      'refund-1',
    );
    expect(reply).toMatchObject({ status: 200, body: { object: 'refund', id: 're_1', charge_id: chargeId } });
    expect(api.asked).toMatchObject([
      {
        name: 'refundCharge',
        args: [
          { id: chargeId, capturedMinor: 500, refunds: [] },
          { ...asked, requestKey: 'refund-1', amountMinor: 200 },
        ],
      },
    ]);
    expect((await post(`charges/${chargeId}/refunds`, {})).status).toBe(400);
    expect((await api.request('GET', `/v1/enrollments/${id}/charges/${chargeId}/refunds`)).body).toEqual({
      object: 'list',
      data: [],
    });
  });

  it('answers a repeated refund from its row, for ever, and refuses its key for another amount', async () => {
    const at = new Date();
    await api.db
      .insertInto('refunds')
      .values({
        id: 're_row',
        charge_id: chargeId,
        enrollment_id: id,
        amount_minor: 500,
        currency: 'usd',
        status: 'succeeded',
        request_key: 'refund-of-all',
        created_at: at,
        updated_at: at,
      })
      .execute();
    const route = `charges/${chargeId}/refunds`;
    for (const body of [{ amount_minor: 500 }, {}]) {
      expect(await post(route, body, 'refund-of-all')).toMatchObject({
        status: 200,
        body: { id: 're_row', amount_minor: 500, status: 'succeeded' },
      });
    }
    expect(await post(route, { amount_minor: 200 }, 'refund-of-all')).toMatchObject({
      status: 409,
      body: { error: { code: 'idempotency_mismatch', message: expect.stringContaining('re_row of 500') } },
    });
    expect(api.asked).toEqual([]);
    await api.db.deleteFrom('refunds').where('id', '=', 're_row').execute();
  });

  it('refuses the key of a refund under way for another amount, and for all that is left after a part', async () => {
    const route = `charges/${chargeId}/refunds`;
    const mismatch = {
      status: 409,
      body: { error: { code: 'idempotency_mismatch', param: 'Idempotency-Key' } },
    };
    const made = { refundId: 're_part', status: 'succeeded', amountMinor: 300 };
    const at = new Date();
    // The Workflow answers whoever asks under one key with what it made for the first.
    api.answers.refundCharge = async () => {
      await api.db
        .insertInto('refunds')
        .values({
          id: made.refundId,
          charge_id: chargeId,
          enrollment_id: id,
          amount_minor: made.amountMinor,
          currency: 'usd',
          status: made.status,
          request_key: 'part',
          asked_for_all: false,
          created_at: at,
          updated_at: at,
        })
        .onConflict((conflict) => conflict.column('id').doNothing())
        .execute();
      return made;
    };
    const forgotten = () => api.db.deleteFrom('refunds').where('id', '=', 're_part').execute();
    for (const body of [{ amount_minor: 500 }, {}]) {
      expect(await post(route, body, 'part')).toMatchObject(mismatch);
      expect(await post(route, body, 'part')).toMatchObject(mismatch);
      await forgotten();
    }
    expect(await post(route, { amount_minor: 300 }, 'part')).toMatchObject({
      status: 200,
      body: { id: 're_part', amount_minor: 300 },
    });
    expect(api.asked).toHaveLength(3);
    await forgotten();
    delete api.answers.refundCharge;
  });

  it('answers 409 with the code of the table when the Workflow refuses, 404 for a charge of nobody', async () => {
    api.answers.captureCharge = async () => {
      throw new CommandRefused('charge_not_capturable', 'expected requires_capture');
    };
    expect(await post(`charges/${chargeId}/capture`, {})).toMatchObject({
      status: 409,
      body: { error: { code: 'charge_not_capturable' } },
    });
    expect((await post(`charges/chg_${id.slice(4)}_9/capture`, {})).status).toBe(404);
  });
});

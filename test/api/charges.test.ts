import { describe, expect, it } from '@jest/globals';
import { CommandRefused } from '../../api/billing-client.ts';
import { command, existingEnrollment } from '../../api/enrollment-commands.ts';
import type { ChargeStatus } from '../../domain/statuses.ts';
import { newKey } from './enrolling.ts';
import { api, id, post, setStatus } from './enrollment-of-each-test.ts';

async function addCharge(number: number, status: ChargeStatus, enrollment = id) {
  const at = new Date();
  const chargeId = `chg_${enrollment.slice(4)}_${number}`;
  await api.db
    .insertInto('charges')
    .values({
      id: chargeId,
      enrollment_id: enrollment,
      number,
      origin: 'api',
      amount_minor: 500,
      currency: 'usd',
      due_at: at,
      status,
      attempts: 1,
      captured_minor: 0,
      refunded_minor: 0,
      created_at: at,
      updated_at: at,
    })
    .execute();
  return chargeId;
}

describe('POST /v1/enrollments/:id/charges', () => {
  it('asks for the charge and answers 202, also before its row is written', async () => {
    const { status, body } = await post('charges', { amount_minor: 500, description: 'Ride' }, 'ride-1');
    expect(status).toBe(202);
    expect(body).toMatchObject({
      object: 'charge',
      id: `chg_${id.slice(4)}_7`,
      enrollment_id: id,
      number: 7,
      origin: 'api',
      status: 'scheduled',
      amount_minor: 500,
      currency: 'usd',
      description: 'Ride',
      attempts: 0,
    });
    expect(api.asked).toEqual([
      {
        name: 'createCharge',
        args: [
          id,
          {
            by: `api:${api.apiKeyId}`,
            reason: null,
            requestKey: 'ride-1',
            amountMinor: 500,
            description: 'Ride',
          },
        ],
      },
    ]);
  });

  it('answers with the row once it is there', async () => {
    const chargeId = await addCharge(7, 'succeeded');
    const { body } = await post('charges', { amount_minor: 500 }, 'ride-1');
    expect(body).toMatchObject({ id: chargeId, status: 'succeeded', attempts: 1 });
  });

  it('refuses the key for another amount', async () => {
    await addCharge(7, 'succeeded');
    const { status, body } = await post('charges', { amount_minor: 501 }, 'ride-1');
    expect([status, body.error.code]).toEqual([409, 'idempotency_mismatch']);
  });

  it('answers from the row without asking the Workflow, also after the end', async () => {
    const chargeId = await addCharge(7, 'succeeded');
    await api.db.updateTable('charges').set({ request_key: 'ride-9' }).where('id', '=', chargeId).execute();
    for (const status of ['active', 'canceled'] as const) {
      await setStatus(status);
      const answer = await post('charges', { amount_minor: 500 }, 'ride-9');
      expect([answer.status, answer.body.id]).toEqual([202, chargeId]);
    }
    for (const other of [{ amount_minor: 501 }, { amount_minor: 500, description: 'Another' }]) {
      const { status, body } = await post('charges', other, 'ride-9');
      expect([status, body.error.code]).toEqual([409, 'idempotency_mismatch']);
    }
    expect(api.asked).toEqual([]);
  });

  it('needs an Idempotency-Key', async () => {
    const { status, body } = await post('charges', { amount_minor: 500 });
    expect([status, body.error.param]).toEqual([400, 'idempotency-key']);
  });

  it('holds the amount to the limits of the currency', async () => {
    const { status, body } = await post('charges', { amount_minor: 49 }, 'ride-2');
    expect(status).toBe(400);
    expect(body.error.message).toContain(
      '49 (USD 0.49) is below the least that Stripe charges, 50 (USD 0.50)',
    );
    expect(api.asked).toEqual([]);
  });

  it('tells the refusal of the Workflow', async () => {
    api.answers.createCharge = async () => {
      throw new CommandRefused('enrollment_not_started', 'the enrollment awaits its payment method');
    };
    const { status, body } = await post('charges', { amount_minor: 500 }, 'ride-3');
    expect([status, body.error.code]).toEqual([409, 'enrollment_not_started']);
    expect(api.asked).toHaveLength(1);
  });

  it('is asked again while the row says that it has started and the Workflow does not know it yet', async () => {
    await setStatus('active');
    let behind = 3;
    api.answers.createCharge = async () => {
      behind -= 1;
      if (behind > 0) {
        throw new CommandRefused('enrollment_not_started', 'the enrollment awaits its payment method');
      }
      return { chargeId: `chg_${id.slice(4)}_7` };
    };
    expect(await post('charges', { amount_minor: 500 }, 'ride-4')).toMatchObject({
      status: 202,
      body: { id: `chg_${id.slice(4)}_7` },
    });
    expect(new Set(api.asked.map(({ args }) => JSON.stringify(args))).size).toBe(1);
    expect(api.asked).toHaveLength(3);
  });

  it('is 503 and may be repeated when the Workflow stays behind; another refusal is told at once', async () => {
    await setStatus('active');
    const view = await existingEnrollment(api.db, id);
    const tries = async (code: string) => {
      let count = 0;
      const refused = command(
        api.db,
        view,
        async () => {
          count += 1;
          throw new CommandRefused(code, 'no');
        },
        { waitsMs: [1, 1] },
      );
      const error = await refused.catch((thrown: unknown) => thrown);
      return { error, count };
    };
    expect(await tries('enrollment_not_started')).toMatchObject({
      error: { statusCode: 503, code: 'enrollment_starting', headers: { 'retry-after': '1' } },
      count: 3,
    });
    expect(await tries('enrollment_paused')).toMatchObject({
      error: { code: 'enrollment_paused' },
      count: 1,
    });
  });

  it('is refused for its end when that comes while it is asked again', async () => {
    await setStatus('active');
    api.answers.createCharge = async () => {
      await setStatus('canceled');
      throw new CommandRefused('enrollment_not_started', 'the enrollment awaits its payment method');
    };
    const { status, body } = await post('charges', { amount_minor: 500 }, 'ride-5');
    expect([status, body.error.code]).toEqual([409, 'enrollment_ended']);
  });
});

describe('a command of a charge whose row tells more than its Workflow knows', () => {
  const settled = new CommandRefused('charge_settled', 'it is settled');
  const notYet = new CommandRefused('charge_not_capturable', 'capture is refused: the charge is scheduled');

  it('is asked again until the Workflow knows it, too', async () => {
    const chargeId = await addCharge(1, 'requires_capture');
    let behind = 3;
    api.answers.captureCharge = async () => {
      behind -= 1;
      if (behind > 0) {
        throw notYet;
      }
      return { chargeId, status: 'succeeded' };
    };
    expect((await post(`charges/${chargeId}/capture`, {})).status).toBe(200);
    expect(api.asked).toHaveLength(3);
    expect(new Set(api.asked.map(({ args }) => JSON.stringify(args))).size).toBe(1);
  });

  it.each([
    ['stays behind', 'capture', 'requires_capture', null, { code: 'charge_busy' }, 3],
    ['is right, by its row', 'capture', 'requires_payment_method', null, notYet, 1],
    ['has parked its refund', 'resume', 'succeeded', 'no: it is disputed', { code: 'charge_busy' }, 3],
    ['has nothing parked', 'resume', 'succeeded', null, notYet, 1],
    ['has settled it', 'cancel', 'needs_attention', null, settled, 1],
  ] as const)('when the Workflow %s: %s', async (_what, asks, status, refundRefused, told, tries) => {
    const chargeId = await addCharge(1, status);
    await api.db
      .updateTable('charges')
      .set({ refund_refused: refundRefused })
      .where('id', '=', chargeId)
      .execute();
    let count = 0;
    const refused = command(
      api.db,
      await existingEnrollment(api.db, id),
      async () => {
        count += 1;
        throw told === settled ? settled : notYet;
      },
      { ofCharge: { id: chargeId, asks }, waitsMs: [1, 1] },
    );
    await expect(refused).rejects.toMatchObject(told);
    expect(count).toBe(tries);
  });
});

describe('every command of a charge that its status may refuse for now', () => {
  it.each([
    ['capture', 'captureCharge', 'requires_capture', 'charge_not_capturable', {}],
    ['stop-dunning', 'stopDunning', 'requires_payment_method', 'charge_not_in_dunning', {}],
    ['extend-dunning', 'extendDunning', 'requires_action', 'charge_not_in_dunning', { days: 2 }],
    ['retry', 'retryCharge', 'requires_payment_method', 'charge_in_progress', {}],
    ['forgive', 'cancelCharge', 'requires_payment_method', 'charge_in_progress', {}],
    ['resume', 'resumeCharge', 'needs_attention', 'charge_not_parked', {}],
  ] as const)('%s goes by the row as well', async (path, asked, status, code, body) => {
    const chargeId = await addCharge(1, status);
    let isBehind = true;
    Object.assign(api.answers, {
      [asked]: async () => {
        if (isBehind) {
          isBehind = false;
          throw new CommandRefused(code, 'no');
        }
        return { chargeId, status, giveUpAt: null };
      },
    });
    expect((await post(`charges/${chargeId}/${path}`, body)).status).toBeLessThan(300);
    expect(api.asked.map(({ name }) => name)).toEqual([asked, asked]);
  });
});

describe('GET /v1/enrollments/:id/charges/:chargeId', () => {
  it('asks the Workflow only for a number that may be one of the next', async () => {
    await addCharge(3, 'succeeded');
    const asked = async (number: string) => {
      api.asked.length = 0;
      const read = await api.request('GET', `/v1/enrollments/${id}/charges/chg_${id.slice(4)}_${number}`);
      expect([number, read.status]).toEqual([number, number === '3' ? 200 : 404]);
      return api.asked.map(({ name }) => name);
    };
    expect(await asked('3')).toEqual([]);
    expect(await asked('4')).toEqual(['untriedCharge']);
    for (const number of ['0', '04', '999999999']) {
      expect([number, await asked(number)]).toEqual([number, []]);
    }
  });
});

describe('GET /v1/enrollments/:id/charges', () => {
  it('walks all charges from new to old', async () => {
    for (const number of [1, 2, 3, 4, 5]) {
      await addCharge(number, 'succeeded');
    }
    const seen: number[] = [];
    let cursor = '';
    do {
      const { status, body } = await api.request('GET', `/v1/enrollments/${id}/charges?limit=2${cursor}`);
      expect(status).toBe(200);
      seen.push(...body.data.map(({ number }: { number: number }) => number));
      cursor = body.next_cursor === null ? '' : `&cursor=${body.next_cursor}`;
      if (seen.length === 2) {
        await addCharge(6, 'succeeded');
      }
    } while (cursor !== '');
    expect(seen).toEqual([5, 4, 3, 2, 1]);
  });

  it('takes any number for a cursor, also beyond those that a charge can have', async () => {
    for (const cursor of ['0', '1', '2147483648', '999999999999999']) {
      const { status, body } = await api.request('GET', `/v1/enrollments/${id}/charges?cursor=${cursor}`);
      expect([cursor, status, body.data]).toEqual([cursor, 200, []]);
    }
  });

  it('refuses the cursor of another list', async () => {
    const cursor = `1764547200000_${id}`;
    const { status, body } = await api.request('GET', `/v1/enrollments/${id}/charges?cursor=${cursor}`);
    expect([status, body.error.param]).toEqual([400, 'cursor']);
  });
});

describe('POST /v1/enrollments/:id/charges/:chargeId/resume', () => {
  it('resumes a charge that needs attention', async () => {
    const chargeId = await addCharge(1, 'needs_attention');
    const { status, body } = await post(`charges/${chargeId}/resume`, { reason: 'key mended' });
    expect([status, body.id]).toEqual([202, chargeId]);
    expect(api.asked).toMatchObject([
      { name: 'resumeCharge', args: [id, chargeId, { reason: 'key mended' }] },
    ]);
  });

  it('tells the refusal of the Workflow', async () => {
    const chargeId = await addCharge(1, 'succeeded');
    api.answers.resumeCharge = async () => {
      throw new CommandRefused('charge_not_parked', 'it needs nobody');
    };
    expect((await post(`charges/${chargeId}/resume`)).status).toBe(409);
  });

  it('answers 404 for a charge that does not exist or belongs to another enrollment', async () => {
    const foreign = await api.request('POST', '/v1/enrollments', {
      idempotencyKey: newKey(),
      body: { terms: { currency: 'usd', schedule: { type: 'on_demand' } } },
    });
    const foreignCharge = await addCharge(1, 'needs_attention', foreign.body.id);
    api.asked.length = 0;
    const theirs = await post(`charges/${foreignCharge}/resume`);
    expect([theirs.status, theirs.body.error.code]).toEqual([404, 'not_found']);
    expect(api.asked).toEqual([]);
    api.answers.resumeCharge = async () => {
      throw new CommandRefused('charge_unknown', 'settled or not of this enrollment');
    };
    const none = await post(`charges/chg_${id.slice(4)}_99/resume`);
    expect([none.status, none.body.error.code]).toEqual([404, 'not_found']);
    const settled = await post(`charges/${await addCharge(1, 'succeeded')}/resume`);
    expect([settled.status, settled.body.error.code]).toEqual([409, 'charge_unknown']);
  });
});

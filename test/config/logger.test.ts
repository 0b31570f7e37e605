import { Writable } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import pg from 'pg';
import type { Logger } from 'pino';
import Stripe from 'stripe';
import { createLogger, redact } from '../../config/logger.ts';

/** Everything that a logger wrote, parsed: a line that is no JSON fails the test. */
function logged(write: (log: Logger) => void): Record<string, unknown>[] {
  const lines: string[] = [];
  const destination = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk));
      done();
    },
  });
  write(createLogger({ LOG_LEVEL: 'info' }, destination));
  return lines.map((line) => JSON.parse(line));
}

const SECRETS = [
  'sk_test_51HabcDEF',
  'rk_live_51HabcDEF',
  'whsec_dGVzdA==',
  'dbk_0123456789abcdef',
  'seti_1AbC_secret_XyZ',
  'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJlbnIifQ.c2lnbmF0dXJl',
  'jane.doe+shop@example.co.jp',
];

describe('createLogger', () => {
  it('writes one JSON object a line, with level and time in words', () => {
    const [line] = logged((log) => log.info({ enrollment_id: 'enr_1' }, 'charged'));
    expect(line).toEqual({
      level: 'info',
      time: expect.stringMatching(/^\d{4}-.*Z$/),
      enrollment_id: 'enr_1',
      msg: 'charged',
    });
  });

  it.each(SECRETS)('writes %s nowhere: not in messages, fields, errors or deep objects', (secret) => {
    const lines = logged((log) => {
      log.warn(`it was ${secret}, they said "${secret}"`);
      log.warn({ a: { b: { c: [secret] } } }, 'deep');
      log.error({ err: new Error(`failed with ${secret}`, { cause: new Error(secret) }) }, 'error');
      log.child({ bound: secret }).info('child');
    });
    expect(lines).toHaveLength(4);
    expect(JSON.stringify(lines)).not.toContain(secret);
  });

  it.each(SECRETS)('writes %s nowhere after a line break, a tab or in JSON that is quoted', (secret) => {
    const lines = logged((log) => {
      log.info(`first\n${secret}`);
      log.info({ stack: `Error\r\n\t${secret}\n    at x`, body: JSON.stringify({ said: `\n${secret}` }) });
      log.info({ [secret]: true });
    });
    expect(lines).toHaveLength(3);
    expect(JSON.stringify(lines)).not.toContain(secret);
    expect(lines[0]?.msg).toMatch(/^first\n/);
  });

  it("writes what an error says, also under the name that Temporal's SDK gives it", () => {
    const broken = new TypeError('a planted bug');
    const lines = logged((log) => {
      log.warn({ error: broken }, 'Workflow failed');
      log.warn({ error: 'a text' }, 'Workflow failed');
    });
    expect(lines[0]).toMatchObject({ error: { type: 'TypeError', message: 'a planted bug' } });
    expect(lines[1]).toMatchObject({ error: 'a text' });
  });

  it('writes nothing secret of the errors of Stripe, PostgreSQL and HTTP clients', () => {
    const stripe = Stripe.errors.StripeError.generate({
      type: 'invalid_request_error',
      message: 'Invalid API Key provided: sk_test_51HabcDEF',
      headers: { 'set-cookie': 'sid=opaque-1' },
    } as never);
    const postgres = Object.assign(new pg.DatabaseError('no such user\njane@example.com', 10, 'error'), {
      detail: 'host=db user=billing password=hunter2',
    });
    const http = Object.assign(new Error('refused', { cause: stripe }), {
      config: { headers: { Authorization: 'Basic b3BhcXVlLTI6b3BhcXVl' } },
      response: { headers: { 'Set-Cookie': ['sid=opaque-3'] }, rawHeaders: ['Authorization', 'opaque-4'] },
    });
    const lines = logged((log) => {
      for (const err of [stripe, postgres, http]) {
        log.error({ err, raw: { ...err } }, 'failed');
      }
    });
    expect(lines).toHaveLength(3);
    const written = JSON.stringify(lines);
    for (const secret of ['51HabcDEF', 'opaque', 'jane@', 'hunter2', 'b3BhcXVl']) {
      expect(written).not.toContain(secret);
    }
  });

  it('writes no credentials of headers', () => {
    const headers = { authorization: 'Bearer opaque', 'stripe-signature': 't=1,v1=abc', cookie: 'a=b' };
    const lines = JSON.stringify(logged((log) => log.info({ headers, req: { headers } })));
    expect(lines).not.toContain('opaque');
    expect(lines).not.toContain('v1=abc');
    expect(lines).not.toContain('a=b');
  });

  it('writes no password of a connection string', () => {
    const lines = JSON.stringify(logged((log) => log.info('postgres://billing:hunter2@db.internal/x')));
    expect(lines).toContain('postgres://billing:[redacted]@');
    expect(lines).not.toContain('hunter2');
  });
});

describe('redact', () => {
  it('hides the token of a customer link and keeps the rest of the address', () => {
    expect(redact('GET /c/abcDEF-123_xyz.sig/return?session_id=cs_test_1')).toBe(
      'GET /c/[redacted]/return?session_id=cs_test_1',
    );
  });

  it('leaves ids alone, which are needed to find things', () => {
    const text = 'enr_0123456789 chg_0123456789_1 pi_3Abc cus_123 evt_1 seti_1 /v1/enrollments';
    expect(redact(text)).toBe(text);
  });
});

import { describe, expect, it } from '@jest/globals';
import { captureTimes, planCapture } from '../../domain/capture.ts';

describe('captureTimes', () => {
  const authorizedAt = '2027-01-10T00:00:00.000Z';

  it('takes seven days when Stripe names no instant, and reminds a day before', () => {
    expect(captureTimes(authorizedAt, null)).toEqual({
      remindAt: '2027-01-16T00:00:00.000Z',
      expiresAt: '2027-01-17T00:00:00.000Z',
    });
  });

  it('takes the instant that Stripe names, and reminds half-way when the time is short', () => {
    const limitedTo = (instant: string) => captureTimes(authorizedAt, Date.parse(instant) / 1000);
    expect(limitedTo('2027-01-14T18:00:00Z')).toEqual({
      remindAt: '2027-01-13T18:00:00.000Z',
      expiresAt: '2027-01-14T18:00:00.000Z',
    });
    expect(limitedTo('2027-01-11T12:00:00Z').remindAt).toBe('2027-01-10T18:00:00.000Z');
  });
});

describe('planCapture', () => {
  it('captures all, or a part and releases the rest', () => {
    expect(planCapture(1000, 'usd', null)).toEqual({ captureMinor: 1000, releasedMinor: 0 });
    expect(planCapture(1000, 'usd', 50)).toEqual({ captureMinor: 50, releasedMinor: 950 });
    expect(planCapture(1000, 'usd', 1000)).toEqual({ captureMinor: 1000, releasedMinor: 0 });
  });

  it('refuses more than is held', () => {
    expect(planCapture(1000, 'jpy', 1001)).toEqual({
      refused: {
        code: 'capture_too_large',
        message: 'amount 1001 (JPY 1001) is more than is held, 1000 (JPY 1000)',
      },
    });
  });

  it.each([
    [0, 'usd'],
    [-5, 'usd'],
    [1.5, 'usd'],
    [15, 'kwd'],
    [49, 'usd'],
  ])('refuses %d %s', (amount, currency) => {
    expect(planCapture(1000, currency, amount)).toMatchObject({
      refused: { code: 'capture_amount_invalid' },
    });
  });

  it('takes all that is held, however little', () => {
    expect(planCapture(30, 'usd', null)).toEqual({ captureMinor: 30, releasedMinor: 0 });
    expect(planCapture(30, 'usd', 30)).toEqual({ captureMinor: 30, releasedMinor: 0 });
  });
});

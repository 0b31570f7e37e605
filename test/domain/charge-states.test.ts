import { describe, expect, it } from '@jest/globals';
import {
  CHARGE_COMMANDS,
  CHARGE_EVENTS,
  CHARGE_STATUSES,
  CHARGE_TABLE,
  type ChargeCommand,
  type ChargeEvent,
  chargeAfterReading,
  chargeStep,
} from '../../domain/charge-states.ts';
import { mayFollow, PAYMENT_INTENT_STATUSES } from '../../domain/payment-intent.ts';
import { type ChargeStatus, SETTLED_CHARGE } from '../../domain/statuses.ts';

const STATUSES = [
  'scheduled',
  'requires_payment_method',
  'requires_confirmation',
  'requires_action',
  'requires_capture',
  'processing',
  'succeeded',
  'canceled',
  'uncollectible',
  'needs_attention',
] as const;

/**
 * The whole grid, in the order of STATUSES: `.` changes nothing, `?` Stripe's answer decides, a word is the new
 * status, and refusals: `S` settled, `W` in progress, `H` held, `C` not capturable, `R` not refundable, `D` not
 * in dunning, `K` not parked.
 */
const GRID: Record<ChargeCommand | ChargeEvent, string> = {
  cancel: 'canceled canceled canceled canceled canceled ? S S S ?',
  capture: 'C C C C ? W C C C C',
  refund: 'R R R R R R . R R R',
  retry: '? ? ? ? H W S S S ?',
  extend_dunning: 'D . . . D D D D D D',
  stop_dunning: 'D uncollectible uncollectible uncollectible D D D D D D',
  forgive: 'canceled canceled canceled canceled canceled W S S S ?',
  resume: 'K K K K K K K K K ?',
  dunning_is_over: '. uncollectible uncollectible uncollectible . . . . . .',
  defect_found:
    'needs_attention needs_attention needs_attention needs_attention needs_attention needs_attention . . . .',
};

const REFUSALS: Record<string, string> = {
  S: 'charge_settled',
  W: 'charge_in_progress',
  H: 'charge_held',
  C: 'charge_not_capturable',
  R: 'charge_not_refundable',
  D: 'charge_not_in_dunning',
  K: 'charge_not_parked',
};

const steps = [...CHARGE_COMMANDS, ...CHARGE_EVENTS];
const cells = steps.flatMap((step) => {
  const row = GRID[step].split(' ');
  return STATUSES.map((status, column) => [status, step, row[column] ?? 'missing'] as const);
});

describe('chargeStep', () => {
  it('has a row for every command and event, and a cell for every status', () => {
    expect(Object.keys(CHARGE_TABLE).sort()).toEqual([...steps].sort());
    expect([...STATUSES]).toEqual([...CHARGE_STATUSES]);
  });

  it.each(cells)('%s × %s: %s', (status, step, expected) => {
    const result = chargeStep(status, step);
    const code = REFUSALS[expected];
    if (code) {
      expect(result).toMatchObject({ refused: { code } });
    } else {
      const words: Record<string, ChargeStatus | 'by_stripe'> = { '.': status, '?': 'by_stripe' };
      expect(result).toEqual({ status: words[expected] ?? expected });
    }
  });

  it('says what was asked, what the charge is, and what was expected', () => {
    expect(chargeStep('succeeded', 'capture')).toEqual({
      refused: {
        code: 'charge_not_capturable',
        message: 'capture is refused: the charge is succeeded; expected requires_capture',
      },
    });
  });

  it('never moves a settled charge', () => {
    for (const status of SETTLED_CHARGE) {
      for (const step of steps) {
        const result = chargeStep(status, step);
        expect('refused' in result || result.status === status).toBe(true);
      }
    }
  });
});

describe('chargeAfterReading', () => {
  it.each(PAYMENT_INTENT_STATUSES)(
    'takes %s over for a charge that had no PaymentIntent, or was parked',
    (seen) => {
      expect(chargeAfterReading('scheduled', seen)).toBe(seen);
      expect(chargeAfterReading('needs_attention', seen)).toBe(seen);
      expect(chargeAfterReading('uncollectible', seen)).toBe('uncollectible');
    },
  );

  it('takes what is newer and drops what can only be older', () => {
    for (const known of PAYMENT_INTENT_STATUSES) {
      for (const seen of PAYMENT_INTENT_STATUSES) {
        expect(chargeAfterReading(known, seen)).toBe(mayFollow(known, seen) ? seen : known);
      }
    }
  });
});

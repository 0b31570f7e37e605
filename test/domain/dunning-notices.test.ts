import { describe, expect, it } from '@jest/globals';
import type { DunningDecision } from '../../domain/dunning.ts';
import { noticeAfterDecline } from '../../domain/dunning-notices.ts';

const retry: DunningDecision = { kind: 'retry', afterDays: 1, isLast: false, reason: '' };
const lastRetry: DunningDecision = { ...retry, isLast: true };
const ask: DunningDecision = { kind: 'ask_customer', giveUpAfterDays: 3, reason: '' };
const authenticate: DunningDecision = { kind: 'authenticate', giveUpAfterDays: 3, reason: '' };
const giveUp: DunningDecision = { kind: 'give_up', enrollment: 'cancel', reason: '' };

describe('noticeAfterDecline', () => {
  it.each<[string, DunningDecision, DunningDecision['kind'] | null, string | null]>([
    ['the first failure', retry, null, 'charge_failed'],
    ['the first failure, even when the last try follows', lastRetry, null, 'charge_failed'],
    ['nothing between the first and the last try', retry, 'retry', null],
    ['that only the last try is left', lastRetry, 'retry', 'last_try_ahead'],
    ['that another card is needed at once', ask, null, 'charge_failed'],
    ['that another card is needed after all', ask, 'retry', 'charge_failed'],
    ['nothing when it was asked for already', ask, 'ask_customer', null],
    ['that the bank wants a confirmation', authenticate, null, 'authentication_required'],
    ['that the bank wants a confirmation after all', authenticate, 'ask_customer', 'authentication_required'],
    ['nothing when that was told already', authenticate, 'authenticate', null],
    ['that it is over', giveUp, 'retry', 'charge_given_up'],
    ['that it is over at the first failure', giveUp, null, 'charge_given_up'],
    ['nothing while another method is tried', { kind: 'try_other_method', reason: '' }, null, null],
    ['the first failure, after another method was tried', retry, 'try_other_method', 'charge_failed'],
    ['nothing while an earlier payment is looked for', { kind: 'look_first', reason: '' }, null, null],
  ])('tells %s', (_, decision, earlier, expected) => {
    expect(noticeAfterDecline(decision, { decision: earlier, sameCard: true })).toBe(expected);
  });

  it('tells again when it was another card', () => {
    const otherCard = { decision: 'ask_customer' as const, sameCard: false };
    expect(noticeAfterDecline(ask, otherCard)).toBe('charge_failed');
  });
});

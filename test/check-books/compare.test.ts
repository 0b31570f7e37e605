/** Every kind of difference between the ledgers is found in books that are wrong in one place, and none in good ones. */
import { describe, expect, it } from '@jest/globals';
import type { Books, ChargeRow, WorkflowFacts } from '../../check-books/books.ts';
import { compare } from '../../check-books/compare.ts';
import {
  books,
  CHARGE,
  challenged,
  charge,
  declined,
  ENROLLMENT,
  LONG_AGO,
  NOW,
  open,
  payment,
  running,
} from './books.ts';

describe('compare', () => {
  it('finds nothing in books that agree', () => {
    expect(compare(books({}))).toEqual([]);
  });

  it('finds nothing where a charge was refunded, by somebody or by the Workflow itself', () => {
    const givenBack = { refundedMinor: 980, ledgerRefundedMinor: 980 };
    const payments = [payment({ refundedMinor: 980 })];
    expect(compare(books({ payments, charges: [charge(givenBack)] }))).toEqual([]);
    const late = [charge({ ...givenBack, lateRefundMinor: 980 })];
    const workflow = running({}, { amountCollectedMinor: 0 });
    expect(compare(books({ payments, charges: late, workflow }))).toEqual([]);
  });

  const cases: [string, string, Books][] = [
    ['I1', 'charged_twice', books({ payments: [payment(), payment({ id: 'pi_2' })] })],
    [
      'I1',
      'second_payment_open',
      books({ payments: [payment(), payment({ id: 'pi_2', status: 'requires_capture', receivedMinor: 0 })] }),
    ],
    ['I1', 'payment_missing', books({ payments: [] })],
    ['I1', 'amounts_differ', books({ payments: [payment({ amountMinor: 981 })] })],
    ['I1', 'payment_not_recorded', books({ charges: [charge({ capturedMinor: 0, ledgerPaidMinor: 0 })] })],
    ['I1', 'payment_not_recorded', books({ payments: [payment({ refundedMinor: 980 })] })],
    [
      'I1',
      'payment_status_differs',
      books({ payments: [payment({ status: 'canceled', receivedMinor: 0 })] }),
    ],
    ['I1', 'payment_without_charge', books({ charges: [] })],
    ['I1', 'ledger_differs', books({ charges: [charge({ ledgerPaidMinor: 1960 })] })],
    ['I1', 'sums_differ', books({ workflow: running({}, { amountCollectedMinor: 0 }) })],
    ['I3', 'workflow_missing', books({ workflow: { kind: 'unknown' } })],
    ['I3', 'enrollment_without_row', books({ more: { withoutRow: ['enr_other'] } })],
    [
      'I4',
      'workflow_task_fails',
      books({ workflow: running({ problems: ['category=WorkflowTaskFailed'] }) }),
    ],
    [
      'I4',
      'workflow_silent',
      books({ workflow: { kind: 'silent', searchAttribute: 'active', problems: [], error: 'no poller' } }),
    ],
    [
      'I4',
      'workflow_failed',
      books({
        workflow: { kind: 'closed', how: 'FAILED', closedAt: NOW, searchAttribute: 'active', result: null },
      }),
    ],
    [
      'I4',
      'activity_retries',
      books({
        workflow: running({ retrying: [{ activity: 'collectCharge', attempt: 50, lastFailure: 'no' }] }),
      }),
    ],
    ['I4', 'charge_overdue', books({ workflow: running({}, { nextChargeAt: LONG_AGO }) })],
    ['I4', 'charge_not_followed', books({ charges: [charge(), challenged()] })],
    [
      'I4',
      'needs_attention',
      books({
        payments: [],
        charges: [
          charge({
            status: 'needs_attention',
            paymentIntentId: null,
            capturedMinor: 0,
            ledgerPaidMinor: 0,
            notices: [],
            attempts: [],
          }),
        ],
        workflow: running(
          {},
          { charges: open('needs_attention'), chargesSucceeded: 0, amountCollectedMinor: 0 },
        ),
      }),
    ],
    ['I4', 'refund_refused', books({ charges: [charge({ refundRefused: 'charge_disputed: …' })] })],
    ['I5', 'status_differs', books({ status: 'past_due' })],
    ['I5', 'plan_differs', books({ nextChargeAt: null })],
    ['I5', 'plan_differs', books({ nextChargeAt: LONG_AGO, cancelAt: NOW })],
    ['I5', 'plan_differs', books({ cancelAt: '2026-12-23T12:00:00.000Z' })],
    ['I5', 'plan_differs', books({ workflow: running({}, { pausedUntil: NOW }) })],
    ['I5', 'plan_differs', books({ pausedUntil: NOW, workflow: running({}, { pausedUntil: null }) })],
    ['I5', 'disputes_differ', books({ workflow: running({}, { disputed: true }) })],
    ['I5', 'search_attribute_differs', books({ workflow: running({ searchAttribute: 'past_due' }) })],
    [
      'I5',
      'end_differs',
      books({
        workflow: {
          kind: 'closed',
          how: 'COMPLETED',
          closedAt: NOW,
          searchAttribute: 'completed',
          result: { status: 'completed', chargesSucceeded: 1, amountCollectedMinor: 980 },
        },
      }),
    ],
    ['I8', 'success_told_wrongly', books({ charges: [charge({ notices: [] })] })],
    [
      'I8',
      'success_told_wrongly',
      books({
        charges: [
          charge({
            notices: [
              { kind: 'charge_succeeded', attempt: 1 },
              { kind: 'charge_recovered', attempt: 1 },
            ],
          }),
        ],
      }),
    ],
    [
      'I8',
      'failure_told_of_success',
      books({
        charges: [
          charge({
            notices: [
              { kind: 'charge_succeeded', attempt: 1 },
              { kind: 'charge_failed', attempt: 1 },
            ],
          }),
        ],
      }),
    ],
    [
      'I8',
      'failure_not_told',
      books({
        charges: [charge({ attempts: [declined, { attempt: 2, outcome: 'succeeded', decision: null }] })],
      }),
    ],
  ];
  it.each(cases)('%s: finds %s, once, and says what to do', (invariant, code, wrong) => {
    const found = compare(wrong).filter((difference) => difference.code === code);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({ invariant });
    expect(found[0]?.action.length).toBeGreaterThan(10);
  });

  it('has an open charge read by its Workflow, and writes one that the Workflow has settled', () => {
    const behind = [charge({ status: 'processing', capturedMinor: 0, ledgerPaidMinor: 0, notices: [] })];
    const asOpen = running({}, { charges: open('processing'), chargesSucceeded: 0, amountCollectedMinor: 0 });
    expect(compare(books({ charges: behind, workflow: asOpen }))[0]?.repair).toMatchObject({
      do: 'tell_workflow',
    });
    expect(compare(books({ charges: behind }))[0]?.repair).toMatchObject({ do: 'write_payment' });
  });

  it('I4: calls nothing overdue while a dispute is open, which holds back all that is due', () => {
    const withDispute = (status: string) => [charge({ disputes: [{ id: 'du_1', status, movedBy: [] }] })];
    const overdue = (status: string) =>
      compare(
        books({
          charges: withDispute(status),
          nextChargeAt: LONG_AGO,
          workflow: running({}, { nextChargeAt: LONG_AGO }),
        }),
      ).map(({ code }) => code);
    expect(overdue('needs_response')).toEqual([]);
    expect(overdue('won')).toEqual(['charge_overdue']);
    const inDunning = challenged({ status: 'requires_payment_method', nextAttemptAt: LONG_AGO });
    const workflow = running({}, { charges: open('requires_payment_method', inDunning.id) });
    const retryLate = (status: string) =>
      compare(books({ charges: [...withDispute(status), inDunning], workflow })).map(({ code }) => code);
    expect(retryLate('under_review')).toEqual([]);
    expect(retryLate('won')).toEqual(['attempt_overdue']);
  });

  it('I4: finds what is open in the rows and followed by nobody, also after the end', () => {
    const codes = (change: Parameters<typeof books>[0]) =>
      compare(books({ charges: [charge(), challenged()], ...change })).map(({ code }) => code);
    const ended: WorkflowFacts = {
      kind: 'closed',
      how: 'COMPLETED',
      closedAt: NOW,
      searchAttribute: 'completed',
      result: { status: 'completed', chargesSucceeded: 1, amountCollectedMinor: 980 },
    };
    expect(codes({ workflow: running({}, { charges: open('requires_action', `${CHARGE}0`) }) })).toEqual([]);
    expect(codes({})).toEqual(['charge_not_followed']);
    expect(codes({ status: 'completed', workflow: ended })).toEqual(['charge_not_followed']);
    expect(codes({ status: 'completed', workflow: { kind: 'unknown' } })).toEqual(['charge_not_followed']);
    const silent: WorkflowFacts = { kind: 'silent', searchAttribute: 'active', problems: [], error: 'none' };
    expect(codes({ workflow: silent })).toEqual(['workflow_silent']);
  });

  it('asks for no plan in the row that the Workflow does not know yet, and for none while it is paused', () => {
    const first = running({}, { nextChargeAt: null, charges: open('scheduled', `${CHARGE}0`) });
    expect(compare(books({ workflow: first }))).toEqual([]);
    const paused = running({ searchAttribute: 'paused' }, { status: 'paused' });
    expect(compare(books({ status: 'paused', nextChargeAt: null, workflow: paused }))).toEqual([]);
    const [found] = compare(books({ nextChargeAt: null }));
    expect(found?.repair).toMatchObject({ do: 'write_enrollment', seen: 'active', seenNextChargeAt: null });
  });

  it('has the Workflow told of a dispute that it does not know of, or that has ended, where it says what it knows', () => {
    const found = (status: string, disputed?: boolean) => {
      const charges = [charge({ disputes: [{ id: 'du_1', status, movedBy: [] }] })];
      const workflow = running({}, disputed === undefined ? {} : { disputed });
      return compare(books({ charges, workflow })).map(({ code, repair }) => [code, repair]);
    };
    const differs = ['disputes_differ', { do: 'tell_disputes', enrollmentId: ENROLLMENT }];
    expect(found('needs_response', false)).toEqual([differs]);
    expect(found('won', true)).toEqual([differs]);
    expect([found('needs_response', true), found('won', false), found('lost', false)]).toEqual([[], [], []]);
    // A Worker of before.
    expect([found('needs_response'), found('won')]).toEqual([[], []]);
  });

  it('asks a Worker of before for no end of a pause', () => {
    const paused = running({ searchAttribute: 'paused' }, { status: 'paused' });
    const row = { status: 'paused' as const, nextChargeAt: null, pausedUntil: NOW };
    expect(compare(books({ ...row, workflow: paused }))).toEqual([]);
  });

  it('has a dispute that the rows know otherwise, or that moved money the ledger has not, read', () => {
    const withDispute = (
      disputes: ChargeRow['disputes'],
      change: Partial<Books['disputes'][number]> = {},
    ) => {
      const dispute = { id: 'du_1', paymentIntentId: 'pi_1', status: 'won', movedBy: ['txn_1', 'txn_2'] };
      return compare(
        books({ charges: [charge({ disputes })], more: { disputes: [{ ...dispute, ...change }] } }),
      );
    };
    const row = { id: 'du_1', status: 'won', movedBy: ['txn_2', 'txn_1'] };
    expect(withDispute([row])).toEqual([]);
    const look = {
      invariant: 'I1',
      code: 'dispute_not_recorded',
      subject: 'du_1',
      repair: { do: 'read_aftermath', chargeId: CHARGE },
    };
    expect(withDispute([])).toMatchObject([look]);
    expect(withDispute([{ ...row, status: 'needs_response' }])).toMatchObject([look]);
    expect(withDispute([{ ...row, movedBy: ['txn_1'] }])).toMatchObject([look]);
    const [unknownEntry] = withDispute([row], { movedBy: ['txn_1'] });
    expect(unknownEntry).toMatchObject({ code: 'dispute_not_recorded' });
    expect(unknownEntry).not.toHaveProperty('repair');
    expect(withDispute([], { paymentIntentId: 'pi_of_others' })).toEqual([]);
  });

  it('writes nothing of a charge whose Workflow does not answer: it may hold it open', () => {
    const workflow: WorkflowFacts = {
      kind: 'silent',
      searchAttribute: 'active',
      problems: [],
      error: 'none',
    };
    const behind = [charge({ status: 'processing', capturedMinor: 0, ledgerPaidMinor: 0, notices: [] })];
    for (const charges of [behind, []]) {
      const found = compare(books({ charges, workflow })).filter(({ invariant }) => invariant === 'I1');
      expect(found).toHaveLength(1);
      expect(found[0]).not.toHaveProperty('repair');
      expect(found[0]?.action).toContain('does not answer');
    }
  });

  it('offers to write an end, and never to change one', () => {
    const ended = (status: string): WorkflowFacts => ({
      kind: 'closed',
      how: 'COMPLETED',
      closedAt: NOW,
      searchAttribute: status,
      result: { status, chargesSucceeded: 1, amountCollectedMinor: 980 },
    });
    const repairOf = (change: Parameters<typeof books>[0]) => compare(books(change))[0]?.repair;
    expect(repairOf({ status: 'active', workflow: ended('completed') })).toMatchObject({
      do: 'write_enrollment',
      seen: 'active',
    });
    expect(repairOf({ status: 'canceled', workflow: ended('completed') })).toBeUndefined();
    expect(compare(books({ status: 'canceled' }))).toMatchObject([{ code: 'status_differs' }]);
    expect(repairOf({ status: 'canceled' })).toBeUndefined();
  });

  it('has refunds that alone differ, in the row or in the ledger, read by the aftermath Workflow', () => {
    const look = { do: 'read_aftermath', chargeId: CHARGE };
    const givenBack = compare(books({ payments: [payment({ refundedMinor: 980 })] }));
    expect(givenBack).toMatchObject([{ code: 'payment_not_recorded', repair: look }]);
    const payments = [payment({ refundedMinor: 0 })];
    const cameBack = [charge({ refundedMinor: 0, ledgerRefundedMinor: 980 })];
    expect(compare(books({ payments, charges: cameBack }))).toMatchObject([
      { code: 'ledger_differs', repair: look },
    ]);
    const unbooked = compare(books({ charges: [charge({ ledgerPaidMinor: 0 })] }));
    expect(unbooked.find(({ code }) => code === 'ledger_differs')).not.toHaveProperty('repair');
  });

  it('leaves another payment of a charge alone that is canceled', () => {
    const canceled = payment({ id: 'pi_2', status: 'canceled', receivedMinor: 0 });
    expect(compare(books({ payments: [payment(), canceled] }))).toEqual([]);
  });

  it('I8: asks for no message about a decline after which another saved method has paid at once', () => {
    const attempts = [
      { ...declined, decision: 'try_other_method' },
      { attempt: 2, outcome: 'succeeded', decision: null },
    ];
    const notices = [{ kind: 'charge_recovered', attempt: 2 }];
    expect(compare(books({ charges: [charge({ attempts, notices })] }))).toEqual([]);
  });

  it('never offers to repair a charge that was paid twice', () => {
    const twice = compare(books({ payments: [payment(), payment({ id: 'pi_2' })] }));
    expect(twice.find(({ code }) => code === 'charged_twice')).not.toHaveProperty('repair');
  });

  it('I2: reports webhooks that were accepted and not delivered in time, and those that never came', () => {
    const pending = { id: 'evt_1', type: 'payment_intent.succeeded', attempts: 4, lastError: 'no Temporal' };
    const late = compare(books({ more: { pendingEvents: [{ ...pending, receivedAt: LONG_AGO }] } }));
    expect(late).toMatchObject([
      { invariant: 'I2', code: 'webhook_not_delivered', repair: { do: 'deliver_event' } },
    ]);
    // A refund of another product's on this account is asked about for ten minutes.
    const asked = { ...pending, type: 'refund.created', receivedAt: '2026-11-23T11:49:00.000Z' };
    expect(compare(books({ more: { pendingEvents: [asked] } }))).toEqual([]);
    const missed = compare(
      books({
        more: { missedEvents: [{ id: 'evt_2', type: 'checkout.session.completed', createdAt: LONG_AGO }] },
      }),
    );
    expect(missed).toMatchObject([{ invariant: 'I2', code: 'webhook_missed', repair: { do: 'take_event' } }]);
  });

  it('says of a lost Workflow what was paid, when the next charge is due and what is still open at Stripe', () => {
    const lost = (change: Parameters<typeof books>[0]) =>
      compare(books({ workflow: { kind: 'unknown' }, ...change }))[0];
    const paid = lost({ nextChargeAt: '2026-12-23T12:00:00.000Z' });
    expect(paid).not.toHaveProperty('repair');
    expect(paid?.action).toContain('starts at 2026-12-23T12:00:00.000Z');
    expect(paid?.action).toContain('leaves out what is paid (1 so far)');
    expect(paid?.action).not.toContain('what is open');
    const challenged = { receivedMinor: 0, status: 'requires_action' as const };
    const waits = lost({
      payments: [payment(challenged)],
      charges: [charge({ status: 'requires_action', capturedMinor: 0, ledgerPaidMinor: 0, notices: [] })],
    });
    expect(waits?.action).toContain('what is open (pi_1)');
    const unpaid = lost({ status: 'awaiting_payment_method', payments: [], charges: [] });
    expect(unpaid?.action).toContain('repeat POST /v1/enrollments');
  });

  it('leaves an ended enrollment alone that Temporal has forgotten', () => {
    expect(compare(books({ status: 'completed', workflow: { kind: 'unknown' } }))).toEqual([]);
  });
});

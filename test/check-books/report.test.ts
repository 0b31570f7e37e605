import { describe, expect, it } from '@jest/globals';
import type { Difference } from '../../check-books/books.ts';
import { report } from '../../check-books/report.ts';

const one: Difference = {
  invariant: 'I3',
  code: 'workflow_missing',
  enrollmentId: 'enr_1',
  subject: 'enr_1',
  found: 'it is gone',
  action: 'look for it',
};
const checked = (differences: Difference[], number: number) => ({
  differences,
  counted: { enrollments: number, charges: number, payments: number, workflows: number },
  collectedMinor: { jpy: { stripe: 980, rows: 0 } },
});

describe('report', () => {
  it('counts in singular and plural', () => {
    const said = report(checked([one], 1), [], false);
    expect(said).toContain('1 enrollment, 1 charge, 1 PaymentIntent, 1 Workflow.');
    expect(said).toContain('The books differ in 1 place.');
    expect(report(checked([one, one], 2), ['done'], true)).toContain(
      'The books differ in 2 places after 1 repair.',
    );
  });

  it('names what was found and what to do, and that --repair would do it', () => {
    const event = { ...one, repair: { do: 'take_event' as const, eventId: 'evt_1' } };
    const said = report(checked([event, one], 2), [], false).split('\n');
    expect(said).toContain('I3 workflow_missing: enr_1');
    expect(said).toContain('  What to do: look for it');
    expect(said).toContain('  What to do [--repair]: look for it');
    expect(said.at(-1)).toBe('The books differ in 2 places. 1 can be repaired with --repair.');
  });
});

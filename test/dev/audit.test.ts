import { describe, expect, it } from '@jest/globals';
import { verdictOf } from '../../dev/audit.ts';

describe('npm run audit', () => {
  it('tells a finding from none', () => {
    expect(verdictOf('npm warn x\n{"auditReportVersion":2,"vulnerabilities":{}}')).toEqual({ kind: 'none' });
    const found = '{"vulnerabilities":{"left-pad":{"severity":"high"}}}';
    expect(verdictOf(found)).toEqual({ kind: 'found', packages: ['left-pad (high)'] });
  });

  it.each([
    '{"message":"405 Method Not Allowed","error":{"summary":"","detail":""}}',
    'npm error audit endpoint returned an error',
    '',
  ])('does not take %j for either', (output) => {
    expect(verdictOf(output).kind).toBe('could_not_ask');
  });
});

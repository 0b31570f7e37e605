import { describe, expect, it } from '@jest/globals';
import { CONTRACTS } from '../../dev/conformance/cases/index.ts';
import { readExtract } from '../../dev/conformance/openapi.ts';
import { runCase } from '../../dev/conformance/run-case.ts';
import { createValidator } from '../../dev/conformance/validator.ts';

const validator = createValidator(await readExtract());

describe('contract cases, with every request and answer validated against the extract of Stripe’s description', () => {
  it.each(CONTRACTS.map((contract) => [contract.name, contract] as const))('%s', async (_, contract) => {
    const result = await runCase(contract, validator, null);
    expect(result.kind === 'failed' ? result.reasons : []).toEqual([]);
    expect(result.kind).toBe('passed');
  });
});

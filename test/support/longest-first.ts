/**
 * The order of the test files: those that take longest begin first, so that none of them is left for the end, alone on
 * one worker. Jest remembers how long a file took the last time; in a new clone it knows only how large it is.
 */
import { createRequire } from 'node:module';
import path from 'node:path';

// Its types tell of what `require` answers; an import gets something else.
const { default: TestSequencer } = createRequire(import.meta.url)(
  '@jest/test-sequencer',
) as typeof import('@jest/test-sequencer');

/** What takes longer than ten seconds, the longest first. */
export const LONGEST_FIRST: readonly string[] = [
  'test/e2e/ends-of-processes.test.ts',
  'test/web/browser.test.ts',
  'test/dev/chaos/chaos.test.ts',
  'test/workflows/model/model.test.ts',
  'test/workflows/matrix/matrix.test.ts',
  'test/ops/browser.test.ts',
  'test/workflows/matrix/enrollments.test.ts',
  'test/workflows/budgets.test.ts',
  'test/workflows/years.test.ts',
  'test/e2e/on-session.test.ts',
  'test/workflows/years-carried.test.ts',
  'test/dev/up.test.ts',
  'test/workflows/faults.test.ts',
  'test/workflows/budgets-of-dunning.test.ts',
  'test/workflows/stored-answers.test.ts',
  'test/workflows/held-back.test.ts',
  'test/workflows/disputed-dunning.test.ts',
  'test/workflows/cancel-preview.test.ts',
  'test/workflows/balance-returned.test.ts',
  'test/e2e/commands-at-once.test.ts',
  'test/workflows/bank-debits.test.ts',
  'test/workflows/disputes.test.ts',
  'test/workflows/encryption.test.ts',
  'test/api/inbox-dispatcher.test.ts',
  'test/db/plans.test.ts',
  'test/cli/settings.test.ts',
];

type Tests = Parameters<InstanceType<typeof TestSequencer>['sort']>[0];
type Test = Tests[number];

export default class LongestFirst extends TestSequencer {
  /** What failed the last time, then the named files, then all others as Jest orders them. */
  override async sort(tests: Tests): Promise<Tests> {
    const usual = await super.sort(tests);
    return [...usual].sort((one, other) => this.#place(one) - this.#place(other));
  }

  #place(test: Test): number {
    const [status] = this._getCache(test)[test.path] ?? [];
    if (status === FAILED) {
      return -1;
    }
    const file = path.relative(test.context.config.rootDir, test.path);
    const place = LONGEST_FIRST.indexOf(file.replaceAll(path.sep, '/'));
    return place === -1 ? LONGEST_FIRST.length : place;
  }
}

/** As Jest keeps it. */
const FAILED = 0;

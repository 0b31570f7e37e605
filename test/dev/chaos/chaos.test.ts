/** One small chaos run with a fixed seed; longer ones: `npm run chaos -- --seed N --customers 40 --periods 6`. */
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';

const run = promisify(execFile);

describe('npm run chaos', () => {
  it('holds I1 to I9 under SIGKILL of every part, lost and doubled webhooks and failing Stripe calls', async () => {
    const project = path.resolve(import.meta.dirname, '../../..');
    const flags = ['--seed', '7', '--customers', '4', '--periods', '2'];
    // Rejected, with all that was printed, when it does not end with 0.
    const { stdout: output } = await run(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', path.join(project, 'dev/chaos/main.ts'), ...flags],
      { cwd: project, timeout: 200_000 },
    );
    expect(output).toContain('Verdict: all invariants hold.');
    for (const target of ['worker', 'api', 'temporal', 'postgres']) {
      expect(output).toContain(`SIGKILL ${target}`);
    }
  }, 210_000);
});

/** One small chaos run with a fixed seed; longer ones: `npm run chaos -- --seed N --customers 40 --periods 6`. */
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { run } from '../../../dev/processes.ts';

describe('npm run chaos', () => {
  it('holds I1 to I9 under SIGKILL of every part, lost and doubled webhooks and failing Stripe calls', async () => {
    const project = path.resolve(import.meta.dirname, '../../..');
    const flags = ['--seed', '7', '--customers', '4', '--periods', '2'];
    const { ok, output } = await run(
      {
        name: 'chaos',
        command: process.execPath,
        args: ['--disable-warning=ExperimentalWarning', path.join(project, 'dev/chaos/main.ts'), ...flags],
        cwd: project,
      },
      200_000,
    );
    expect(output).toContain('Verdict: all invariants hold.');
    expect(ok).toBe(true);
    for (const target of ['worker', 'api', 'temporal', 'postgres']) {
      expect(output).toContain(`SIGKILL ${target}`);
    }
  }, 210_000);
});

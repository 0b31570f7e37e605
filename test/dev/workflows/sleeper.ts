/** A Workflow that does nothing but wait, to test the tests' own means against. */
import { defineUpdate, setHandler, sleep } from '@temporalio/workflow';

export const greetUpdate = defineUpdate<string, [string]>('greet');

/** Waits that many days, one timer for each; answers the days that its own clock saw pass. */
export async function sleeperWorkflow(days: number): Promise<number> {
  setHandler(greetUpdate, (name) => `hello ${name}`);
  const startedAtMs = Date.now();
  for (let day = 0; day < days; day += 1) {
    await sleep('1 day');
  }
  return Math.round((Date.now() - startedAtMs) / 86_400_000);
}

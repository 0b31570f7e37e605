// Runs one contract case: against a stand-in of its own, or against the real test mode.

import { startStripeStandIn } from '../stripe-stand-in/stand-in.ts';
import { type Contract, createContext, Skipped } from './context.ts';
import type { Validator } from './validator.ts';

export type CaseResult =
  | { kind: 'passed' }
  | { kind: 'skipped'; reason: string }
  | { kind: 'failed'; reasons: string[] };

/** @param realKey an `sk_test_` key runs the case against the real Stripe; null against a fresh stand-in */
export async function runCase(
  contract: Contract,
  validator: Validator,
  realKey: string | null,
): Promise<CaseResult> {
  const standIn = realKey === null ? await startStripeStandIn() : null;
  const problems: string[] = [];
  const target = { key: realKey ?? 'sk_test_conformance', standIn: standIn?.url ?? null, validator };
  try {
    await contract.run(createContext(target, problems));
  } catch (error) {
    if (error instanceof Skipped) return { kind: 'skipped', reason: error.message };
    problems.unshift(error instanceof Error ? (error.stack ?? error.message) : String(error));
  } finally {
    await standIn?.close();
  }
  return problems.length === 0 ? { kind: 'passed' } : { kind: 'failed', reasons: [...new Set(problems)] };
}

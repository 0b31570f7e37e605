/** Commands that are made once under their idempotency key, and what to do when there is no answer, or none that can be read. */
import { randomUUID } from 'node:crypto';
import type { z } from 'zod';
import { type BillingApi, UNREADABLE } from './api.ts';
import { CommandFailure, EXIT } from './failure.ts';

export const KEY_OPTION = ['--idempotency-key <key>', 'a repeat with the same key is made once'] as const;

/** @param given the person's key; undefined: a new one, which a failure names. @throws CommandFailure */
export async function postOnce<T>(
  api: BillingApi,
  schema: z.ZodType<T>,
  route: string,
  body: object,
  given: string | undefined,
): Promise<T> {
  const idempotencyKey = given ?? `cli-${randomUUID()}`;
  return api.post(schema, route, { body, idempotencyKey }).catch((error: unknown) => {
    throw underKey(error, idempotencyKey);
  });
}

/** Without an answer it may have been made, and under another key a repeat would be made once more. */
function underKey(error: unknown, idempotencyKey: string): unknown {
  if (!(error instanceof CommandFailure)) {
    return error;
  }
  if (error.exitCode !== EXIT.unavailable && error.details.code !== UNREADABLE) {
    return error;
  }
  const { exitCode, message, details } = error;
  const again = `It may have been made: repeat it with --idempotency-key ${idempotencyKey}, then it is made once.`;
  return new CommandFailure(exitCode, `${message} ${again}`, { ...details, idempotency_key: idempotencyKey });
}

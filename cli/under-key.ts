/** What to do about a command with an idempotency key that got no answer, or none that can be read. */
import { UNREADABLE } from './api.ts';
import { CommandFailure, EXIT } from './failure.ts';

/** Without an answer it may have been made, and under another key a repeat would be made once more. */
export function underKey(error: unknown, idempotencyKey: string): unknown {
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

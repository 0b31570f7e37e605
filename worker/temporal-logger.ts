/** Temporal's log lines in our logger, so that a process writes one kind of line. Used by `worker/main.ts`. */
import { DefaultLogger, type LogLevel } from '@temporalio/worker';
import type { Logger } from 'pino';

const LEVELS: Record<LogLevel, 'trace' | 'debug' | 'info' | 'warn' | 'error'> = {
  TRACE: 'trace',
  DEBUG: 'debug',
  INFO: 'info',
  WARN: 'warn',
  ERROR: 'error',
};

export function temporalLogger(log: Logger): DefaultLogger {
  const child = log.child({ component: 'temporal' });
  return new DefaultLogger('INFO', ({ level, message, meta }) => child[LEVELS[level]](meta ?? {}, message));
}

/**
 * Where log lines go: gathered for a moment, and written behind the back of whoever logs. Made by `config/logger.ts`, once
 * for the process. Nothing that happens to the log ends the process, or keeps it from ending.
 *
 * `pino.destination` does both: a full disk is an error that nobody catches, and what it cannot write when the process
 * ends, because the reader has gone before it, say, it tries again for ever.
 */
import { write, writeSync } from 'node:fs';

export interface LogOutput {
  write(line: string): void;
  /** Writes what is left, for a process that ends. What cannot be written is lost. */
  flushSync(): void;
}

/** Characters that are worth a write of their own; fewer wait for others. */
const WORTH_A_WRITE = 4_096;
const LATER_MS = 200;
/** Beyond it, lines that nobody takes are dropped instead of filling the memory. */
const MOST_KEPT = 16 * 1024 * 1024;
/** How long a reader that is behind is waited for at the end. */
const LAST_WORDS_MS = 2_000;

/** @param fd file, pipe or terminal that is open already */
export function createLogOutput(fd: number): LogOutput {
  let waiting = '';
  /** Handed over to be written: what of it is not yet. */
  let unwritten = Buffer.alloc(0);
  let isWriting = false;
  /** The last write failed: the next one is made later, however much waits. */
  let failed = false;
  let isReaderGone = false;
  let timer: NodeJS.Timeout | undefined;

  function send(): void {
    clearTimeout(timer);
    timer = undefined;
    if (isWriting) {
      return;
    }
    if (unwritten.length === 0) {
      unwritten = Buffer.from(waiting);
      waiting = '';
    }
    isWriting = true;
    write(fd, unwritten, (error, written) => {
      isWriting = false;
      failed = error !== null;
      isReaderGone = error?.code === 'EPIPE';
      unwritten = failed ? unwritten : unwritten.subarray(written);
      sendMore();
    });
  }

  function sendMore(): void {
    if (isReaderGone) {
      waiting = '';
      unwritten = Buffer.alloc(0);
    } else if (!failed && (unwritten.length > 0 || waiting.length >= WORTH_A_WRITE)) {
      send();
    } else if (unwritten.length > 0 || waiting.length > 0) {
      // What is left when the process ends meanwhile is written by `flushSync`.
      timer ??= setTimeout(send, LATER_MS).unref();
    }
  }

  return {
    write(line) {
      if (waiting.length + unwritten.length + line.length <= MOST_KEPT) {
        waiting += line;
        if (!isWriting) {
          sendMore();
        }
      }
    },
    flushSync() {
      // What is being written at this moment is with the system already.
      let left = Buffer.concat([isWriting ? Buffer.alloc(0) : unwritten, Buffer.from(waiting)]);
      waiting = '';
      unwritten = isWriting ? unwritten : Buffer.alloc(0);
      const giveUpAtMs = performance.now() + LAST_WORDS_MS;
      while (left.length > 0 && !isReaderGone) {
        try {
          left = left.subarray(writeSync(fd, left));
        } catch (error) {
          if (!isBehind(error) || performance.now() > giveUpAtMs) {
            return;
          }
          pause(10);
        }
      }
    },
  };
}

/** A pipe that takes no more until somebody has read. */
function isBehind(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EAGAIN';
}

/** Holds up the whole process, which is ending. */
function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

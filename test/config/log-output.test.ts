import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createLogOutput } from '../../config/log-output.ts';
import { waitFor } from '../support/wait.ts';

const { O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;
/** Many times what a pipe holds. */
const LINES = Array.from({ length: 20_000 }, (_, index) => `{"line":${index},"msg":"a line of a log"}\n`);

let folder: string;
let reader: number;
let writer: number;
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'log-output-'));
  const pipe = path.join(folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
  reader = openSync(pipe, O_RDONLY | O_NONBLOCK);
  writer = openSync(pipe, O_WRONLY | O_NONBLOCK);
});
afterEach(() => {
  closeSync(writer);
  rmSync(folder, { recursive: true });
});

/** What can be read at this moment. */
function read(): string {
  const buffer = Buffer.alloc(1_000_000);
  try {
    return buffer.toString('utf8', 0, readSync(reader, buffer));
  } catch {
    return '';
  }
}

describe('createLogOutput', () => {
  it('keeps what the pipe cannot take, and writes it in its order when there is room again', async () => {
    const output = createLogOutput(writer);
    LINES.forEach(output.write);
    let text = '';
    await waitFor('every line', () => {
      text += read();
      return text.length >= LINES.join('').length;
    });
    expect(text).toBe(LINES.join(''));
    closeSync(reader);
  });

  it('writes what is left when the process ends', () => {
    const output = createLogOutput(writer);
    LINES.slice(0, 10).forEach(output.write);
    expect(read()).toBe('');
    output.flushSync();
    expect(read()).toBe(LINES.slice(0, 10).join(''));
    closeSync(reader);
  });

  it('gives up what nobody reads any more when the process ends', () => {
    const output = createLogOutput(writer);
    closeSync(reader);
    LINES.slice(0, 10).forEach(output.write);
    output.flushSync();
  });

  it('waits for a reader that is behind at the end, but not for ever', () => {
    const output = createLogOutput(writer);
    LINES.forEach(output.write);
    const startedMs = performance.now();
    output.flushSync();
    expect(performance.now() - startedMs).toBeLessThan(10_000);
    closeSync(reader);
  });
});

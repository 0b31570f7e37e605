#!/usr/bin/env node
/**
 * `npx durable-billing`: runs `cli/main.ts` on a Node that reads TypeScript. On an older one it starts the Node that comes
 * with the project, with the same arguments, streams and signals. Plain JavaScript, so that every Node can read it.
 */
import { spawn } from 'node:child_process';
import module, { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));

if (process.features.typescript) {
  process.removeAllListeners('warning');
  // Half of a short command's time would be spent on compiling it.
  module.enableCompileCache();
  await import('./main.ts');
} else {
  const child = spawn(
    packagedNode(),
    ['--disable-warning=ExperimentalWarning', MAIN, ...process.argv.slice(2)],
    {
      stdio: 'inherit',
      env: { NODE_COMPILE_CACHE: path.join(os.tmpdir(), 'node-compile-cache'), ...process.env },
    },
  );
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => child.kill(signal));
  }
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? (signal === null ? 1 : 130);
  });
}

function packagedNode() {
  try {
    return createRequire(import.meta.url).resolve('node/bin/node');
  } catch {
    console.error(
      `durable-billing needs Node 24, this is ${process.version}. Install it, or run npm ci, which brings it.`,
    );
    process.exit(2);
  }
}

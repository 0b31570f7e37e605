#!/usr/bin/env node
/**
 * `npx durable-billing`: runs `cli/main.ts` on a Node that reads TypeScript. On an older one it starts the Node that comes
 * with the project, with the same arguments, streams and signals. Plain JavaScript, so that every Node can read it.
 */
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));

if (process.features.typescript) {
  process.removeAllListeners('warning');
  await import('./main.ts');
} else {
  const child = spawn(
    packagedNode(),
    ['--disable-warning=ExperimentalWarning', MAIN, ...process.argv.slice(2)],
    {
      stdio: 'inherit',
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

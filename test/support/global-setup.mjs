/**
 * Jest runs this once before all test files: see `test-servers.ts`. It is not TypeScript because Jest would
 * first `require` it, and modules that wait at their top level do not survive the attempt.
 */
import path from 'node:path';
import { startTestServers } from './test-servers.ts';

/** What the many processes of the tests compile, they compile once. */
const COMPILED = path.resolve(import.meta.dirname, '../../.durable-billing/cache/compiled');

export default async function setup() {
  const servers = await startTestServers();
  globalThis.testServers = servers;
  // Inherited by Jest's worker processes, and by what they start.
  process.env.NODE_COMPILE_CACHE ??= COMPILED;
  process.env.TEST_SERVERS_URL = servers.url;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.once(signal, () => {
      void servers.stop().finally(() => process.exit(1));
    });
  }
}

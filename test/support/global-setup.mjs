/**
 * Jest runs this once before all test files: see `test-servers.ts`. It is not TypeScript because Jest would
 * first `require` it, and modules that wait at their top level do not survive the attempt.
 */
import { startTestServers } from './test-servers.ts';

export default async function setup() {
  const servers = await startTestServers();
  globalThis.testServers = servers;
  // Inherited by Jest's worker processes.
  process.env.TEST_SERVERS_URL = servers.url;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.once(signal, () => {
      void servers.stop().finally(() => process.exit(1));
    });
  }
}

/** Starts the bare Fastify server of `routes.ts` once for a stage. */

import { freePort } from '../../dev/ports.ts';
import type { Stage } from '../stage/stage.ts';

const servers = new WeakMap<Stage, Promise<string>>();

/** @returns its address */
export function bareServer(stage: Stage): Promise<string> {
  const server = servers.get(stage) ?? start(stage);
  servers.set(stage, server);
  return server;
}

async function start(stage: Stage): Promise<string> {
  const { STRIPE_WEBHOOK_SECRET = '' } = await stage.settings();
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  await stage.helper(
    'bare-server',
    'bench/floors/routes.ts',
    {},
    async () => (await fetch(url)).status === 404,
    [String(port), stage.addresses.postgres, STRIPE_WEBHOOK_SECRET],
  );
  return url;
}

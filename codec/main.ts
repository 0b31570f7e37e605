/** The process of the codec endpoint: settings, the database for API keys, the server, and a clean end on SIGTERM. */

import { takeNoArguments } from '../config/command-line.ts';
import { readCodecSettings } from '../config/env.ts';
import { createLogger } from '../config/logger.ts';
import { createPayloadCodec, readPayloadKeys } from '../config/payload-codec.ts';
import { openDatabase } from '../db/database.ts';
import { buildCodec } from './app.ts';

takeNoArguments(
  'npm run start:codec',
  'Runs the endpoint that shows encrypted histories, until SIGTERM or SIGINT.',
);
const settings = readCodecSettings(process.env);
const log = createLogger(settings);
const db = openDatabase({
  url: settings.DATABASE_URL,
  poolSize: 4,
  preparedStatements: settings.DATABASE_PREPARED_STATEMENTS,
  applicationName: 'durable-billing-codec',
  onConnectionLost: (error) => log.warn({ err: error }, 'a database connection was lost'),
});
const codec = createPayloadCodec(readPayloadKeys(settings.PAYLOAD_ENCRYPTION_KEYS) ?? []);
const app = await buildCodec({ settings, db, codec, log });

let stopping = false;
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  // For good: it may come twice, as npm passes on what a terminal has sent to both, and the second would end the process.
  process.on(signal, () => stopping || void stop(signal));
}
try {
  await app.listen({ host: settings.CODEC_HOST, port: settings.CODEC_PORT });
} catch (error) {
  log.fatal({ err: error }, `cannot listen on ${settings.CODEC_HOST}:${settings.CODEC_PORT}`);
  process.exit(1);
}
log.info(
  { address: app.listeningOrigin, origins: settings.CODEC_ALLOWED_ORIGINS },
  'the codec endpoint is ready',
);

async function stop(signal: string): Promise<void> {
  stopping = true;
  await app.close();
  await db.destroy();
  log.info({ signal }, 'the codec endpoint has stopped');
}

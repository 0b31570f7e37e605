import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { settingsSchema } from '../../config/env.ts';

const read = (file: string) => readFileSync(new URL(file, import.meta.url), 'utf8');

/** What `.env.example` must say, in the order of the schema: meaning, then the default, or an empty required value. */
function expectedExample(): string {
  const head =
    '# Every setting of the service, with its default. Copy to .env, and fill in what has no value: npm run start:api,\n' +
    '# start:worker, start:codec, migrate and webhook-endpoint read that file, and so does the command line. What the\n' +
    '# environment says comes before it. Docker Compose reads another .env: deploy/compose.env.example.\n' +
    '# A test compares this file with config/env.ts.\n';
  const settings = Object.entries(settingsSchema.shape).map(([name, schema]) => {
    const absent = schema.safeParse(undefined);
    const line = absent.success ? `#${name}=${absent.data ?? ''}` : `${name}=`;
    const note = absent.success ? '' : ' (required)';
    return `# ${schema.description}${note}\n${line}\n`;
  });
  return [head, ...settings].join('\n');
}

describe('.env.example', () => {
  it('is read by what it names, once it is copied to .env, and by nothing that is for development', () => {
    const { scripts } = JSON.parse(read('../../package.json')) as { scripts: Record<string, string> };
    const reading = Object.entries(scripts).filter(([, line]) => line.includes('--env-file'));
    expect(reading.map(([name]) => name).sort()).toEqual([
      'migrate',
      'start:api',
      'start:codec',
      'start:worker',
      'webhook-endpoint',
    ]);
    for (const [name, line] of reading) {
      expect([name, line]).toEqual([
        name,
        expect.stringMatching(/^(exec )?node --env-file-if-exists=\.env /),
      ]);
    }
  });

  it('is read as Node reads such files: what has no value is missing, what has one is as it is written', () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'env-'));
    try {
      const filled = expectedExample()
        .replaceAll(/^#([A-Z_]+=.+)$/gm, '$1')
        .replace('DATABASE_URL=', 'DATABASE_URL=postgres://127.0.0.1/billing');
      writeFileSync(path.join(folder, '.env'), filled);
      const script =
        'console.log(JSON.stringify([process.env.DATABASE_URL, process.env.MAIL_FROM, process.env.MAIL_URL]))';
      const args = ['--env-file-if-exists=.env', '--eval', script];
      const told = execFileSync(process.execPath, args, { cwd: folder, env: {}, encoding: 'utf8' });
      const from = 'Billing <billing@example.com>';
      expect(JSON.parse(told)).toEqual(['postgres://127.0.0.1/billing', from, '']);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('lists every setting of config/env.ts with its meaning and default', () => {
    expect(read('../../.env.example')).toBe(expectedExample());
  });

  it('gives no secret a value', () => {
    const required = Object.entries(settingsSchema.shape)
      .filter(([, schema]) => !schema.safeParse(undefined).success)
      .map(([name]) => name);
    expect(required).toEqual([
      'CUSTOMER_LINK_SECRETS',
      'DATABASE_URL',
      'STRIPE_SECRET_KEY',
      'STRIPE_WEBHOOK_SECRET',
      'MAIL_URL',
    ]);
  });
});

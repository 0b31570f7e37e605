import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { settingsSchema } from '../../config/env.ts';

/** What `.env.example` must say, in the order of the schema: meaning, then the default, or an empty required value. */
function expectedExample(): string {
  const head =
    '# Every setting of the service, with its default. Copy to .env, and fill in what has no value.\n' +
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
  it('lists every setting of config/env.ts with its meaning and default', () => {
    const path = new URL('../../.env.example', import.meta.url);
    expect(readFileSync(path, 'utf8')).toBe(expectedExample());
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

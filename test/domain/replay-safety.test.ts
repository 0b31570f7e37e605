/** Workflow code is replayed, so what it may import must not ask the host: no packages, no time zones, no locale. */
import { readdir, readFile } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';

const DOMAIN = new URL('../../domain/', import.meta.url);

/** For Activities and the API only; their opening lines say so. */
const HOST_DEPENDENT = [
  'calendar.ts',
  'cancel-schedule.ts',
  'format.ts',
  'local-time.ts',
  'retry-time.ts',
  'schedule.ts',
  'terms-check.ts',
];

const files = await readdir(DOMAIN);

describe('domain code that Workflows may import', () => {
  it('is everything but the files that are named here, all of which exist', () => {
    expect(HOST_DEPENDENT.filter((file) => !files.includes(file))).toEqual([]);
  });

  it.each(files.filter((file) => !HOST_DEPENDENT.includes(file)))(
    '%s asks nothing of the host',
    async (file) => {
      const source = await readFile(new URL(file, DOMAIN), 'utf8');
      const code = source.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
      const imported = [...code.matchAll(/^(?:import|export) (?!type )[^;]*?from '([^']+)'/gm)].map(
        ([, from]) => from,
      );
      expect(imported.filter((from) => !from?.startsWith('./'))).toEqual([]);
      expect(imported.filter((from) => HOST_DEPENDENT.includes(from?.slice(2) ?? ''))).toEqual([]);
      expect(code).not.toMatch(/\bIntl\b|\bprocess\.|\bDate\.now\b|new Date\(\)|toLocale|Math\.random/);
    },
  );
});

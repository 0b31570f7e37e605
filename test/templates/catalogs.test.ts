import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CUSTOMER_REASONS, NOTIFICATION_KINDS } from '../../domain/notifications.ts';
import { ENROLLMENT_STATUSES } from '../../domain/statuses.ts';
import { loadCatalogs } from '../../templates/catalogs.ts';
import { PROBLEMS } from '../../web/page-problem.ts';

const ROOT = join(import.meta.dirname, '../..');
const catalogs = loadCatalogs();

/** Names of ICU arguments as they stand in a text. */
function argumentsIn(text: string): string[] {
  return [...new Set([...text.matchAll(/\{(\w+)(?=[,}])/g)].map((match) => match[1] ?? ''))].sort();
}

function textsOf(locale: string): Record<string, string> {
  return JSON.parse(readFileSync(join(ROOT, `templates/locales/${locale}.json`), 'utf8'));
}

describe('catalogs', () => {
  it('have the same keys in English and Japanese', () => {
    expect(catalogs.keys('ja').sort()).toEqual(catalogs.keys('en').sort());
  });

  it('never leave out what the other language tells', () => {
    const [en, ja] = [textsOf('en'), textsOf('ja')];
    const differing = Object.keys(en).filter(
      (key) => String(argumentsIn(en[key] ?? '')) !== String(argumentsIn(ja[key] ?? '')),
    );
    expect(differing).toEqual([]);
  });

  it('have a text in Japanese script wherever there is one in English', () => {
    const ja = textsOf('ja');
    const untranslated = Object.keys(ja).filter((key) => !/[\u3040-\u30ff\u4e00-\u9fff]/.test(ja[key] ?? ''));
    expect(untranslated).toEqual([]);
  });

  it('word every kind of notification, every reason and every state', () => {
    const keys = catalogs.keys('en');
    for (const kind of NOTIFICATION_KINDS) {
      expect(keys).toEqual(
        expect.arrayContaining(
          ['subject', 'title', 'body', 'action'].map((part) => `notice.${kind}.${part}`),
        ),
      );
    }
    expect(keys).toEqual(expect.arrayContaining(CUSTOMER_REASONS.map((reason) => `reason.${reason}`)));
    expect(keys).toEqual(expect.arrayContaining(ENROLLMENT_STATUSES.map((status) => `enrollment.${status}`)));
    const problems = Object.keys(PROBLEMS).flatMap((kind) => [`error.${kind}.title`, `error.${kind}.text`]);
    expect(keys).toEqual(expect.arrayContaining(problems));
  });

  it('hold no sentence that nothing says', () => {
    const files = ['web', 'templates'].flatMap((folder) =>
      readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
        .filter((name) => /\.(ts|liquid)$/.test(name))
        .map((name) => readFileSync(join(ROOT, folder, name), 'utf8')),
    );
    const source = files.join('\n');
    // Keys are written out, or end in what a table or a union says: `charge.${…}`, `try.${key}.title`.
    const said = catalogs.keys('en').filter((key) => {
      const prefixes = key.split('.').map((_, index, parts) => parts.slice(0, index + 1).join('.'));
      const stems = [
        ...prefixes.map((prefix) => `${prefix}.\${`),
        ...prefixes.map((prefix) => `${prefix}_\${`),
      ];
      return (
        source.includes(`'${key}'`) ||
        stems.some((stem) => source.includes(stem)) ||
        (/_[a-z]+$/.test(key) && source.includes(`${key.replace(/_[a-z_]+$/, '')}_\${`)) ||
        source.includes(`'${key.replace(/\.(title|text)$/, '')}'`)
      );
    });
    expect(catalogs.keys('en').filter((key) => !said.includes(key))).toEqual([]);
  });

  it('never speak of fraud, theft or loss to a customer', () => {
    const told = Object.values({ ...textsOf('en'), ...Object.values(textsOf('ja')) }).join('\n');
    expect(told).not.toMatch(/fraud|stolen|\blost card|theft|suspicious|不正|盗難|紛失/i);
  });

  it('refuse an unknown key and a missing argument instead of showing a gap', () => {
    expect(() => catalogs.say('en', 'no.such.key')).toThrow("no message 'no.such.key'");
    expect(() => catalogs.say('en', 'next.on_demand')).toThrow(/merchant/);
  });
});

describe('overrides of a company', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'catalogs-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  function withOverride(texts: object) {
    writeFileSync(join(folder, 'en.json'), JSON.stringify(texts));
    return loadCatalogs(folder);
  }

  it('replace one sentence and leave the others and the other language', () => {
    const replaced = withOverride({ 'notice.next_charge': 'See you on {date}!' });
    expect(replaced.say('en', 'notice.next_charge', { date: 'May 1' })).toBe('See you on May 1!');
    expect(replaced.say('en', 'charge.paid')).toBe('Paid');
    expect(replaced.say('ja', 'charge.paid')).toBe('支払い済み');
  });

  it.each([
    [{ 'notice.next_chrage': 'x' }, "'notice.next_chrage' is not a message of ours"],
    [{ 'notice.next_charge': 'On {day}' }, 'asks for {day}; it gets: date, merchant'],
    [
      { 'charge.paid': '{count, plural, one {x} other {{amount}}}' },
      'asks for {count}, {amount}; it gets: merchant',
    ],
    [{ 'notice.next_charge': 'On {date' }, "'notice.next_charge' is not an ICU message"],
  ])('stop the start when they are wrong: %j', (texts, message) => {
    expect(() => withOverride(texts)).toThrow(message);
  });
});

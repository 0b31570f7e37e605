/**
 * Every sentence that customers read, by language and key, as ICU messages. Loaded once at start by the renderer.
 * A company's own wording replaces ours key by key; a mistake in it stops the start and never reaches a customer.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { IntlMessageFormat } from 'intl-messageformat';
import { LOCALES, type Locale } from '../domain/format.ts';

export type MessageArguments = Record<string, string | number>;

export interface Catalogs {
  /** The sentence. @throws Error for an unknown key or a missing argument: both are defects of the caller. */
  say(locale: Locale, key: string, args?: MessageArguments): string;
  keys(locale: Locale): string[];
}

const BUILT_IN = join(import.meta.dirname, 'locales');

/**
 * @param overridesDir folder that may hold `en.json` and `ja.json` with any of the keys
 * @throws Error naming file and key when a message does not parse, is unknown, or asks for arguments that the
 * message it replaces does not get
 */
export function loadCatalogs(overridesDir?: string): Catalogs {
  const catalogs = Object.fromEntries(
    LOCALES.map((locale) => [locale, loadCatalog(locale, overridesDir)]),
  ) as Record<Locale, Map<string, IntlMessageFormat>>;
  return {
    say(locale, key, args) {
      const message = catalogs[locale].get(key);
      if (message === undefined) {
        throw new Error(`no message '${key}' in ${locale}`);
      }
      return String(message.format(args));
    },
    keys: (locale) => [...catalogs[locale].keys()],
  };
}

function loadCatalog(locale: Locale, overridesDir: string | undefined): Map<string, IntlMessageFormat> {
  const messages = readMessages(join(BUILT_IN, `${locale}.json`), locale);
  const overrides = overridesDir === undefined ? null : join(overridesDir, `${locale}.json`);
  if (overrides === null || !existsSync(overrides)) {
    return messages;
  }
  for (const [key, message] of readMessages(overrides, locale)) {
    const replaced = messages.get(key);
    if (replaced === undefined) {
      throw new Error(`${overrides}: '${key}' is not a message of ours`);
    }
    // Every sentence may name the company.
    const known = argumentsOf(replaced).add('merchant');
    const unknown = [...argumentsOf(message)].filter((name) => !known.has(name));
    if (unknown.length > 0) {
      throw new Error(
        `${overrides}: '${key}' asks for {${unknown.join('}, {')}}; it gets: ${[...known].join(', ')}`,
      );
    }
    messages.set(key, message);
  }
  return messages;
}

function readMessages(path: string, locale: Locale): Map<string, IntlMessageFormat> {
  const texts: unknown = JSON.parse(readFileSync(path, 'utf8'));
  if (typeof texts !== 'object' || texts === null) {
    throw new Error(`${path}: expected one JSON object of texts`);
  }
  return new Map(
    Object.entries(texts).map(([key, text]) => {
      try {
        // Tags stay plain text: markup is the templates' business, and values are escaped there.
        return [key, new IntlMessageFormat(String(text), locale, undefined, { ignoreTag: true })];
      } catch (error) {
        throw new Error(`${path}: '${key}' is not an ICU message`, { cause: error });
      }
    }),
  );
}

/** Names of all arguments, those inside of plural and select branches too. */
function argumentsOf(message: IntlMessageFormat): Set<string> {
  const names = new Set<string>();
  const visit = (elements: ReturnType<IntlMessageFormat['getAst']>) => {
    for (const element of elements) {
      if (element.type !== LITERAL && element.type !== POUND) {
        names.add(element.value);
      }
      if ('options' in element) {
        for (const option of Object.values(element.options)) {
          visit(option.value);
        }
      }
    }
  };
  visit(message.getAst());
  return names;
}

// The parser's own numbers; its enum is not exported by intl-messageformat.
const LITERAL = 0;
const POUND = 7;

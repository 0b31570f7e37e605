// The words of the customer's pages in each language. English is what every other language falls back to.

import { EN, type Words } from './words-en.ts';
import { JA } from './words-ja.ts';

export type Language = 'en' | 'ja';

const BY_LANGUAGE: Record<Language, Words> = { en: EN, ja: JA };

export function wordsOf(language: Language): Words {
  return BY_LANGUAGE[language];
}

/** @param locale the session's: a language, or `auto`/null to follow the browser's Accept-Language */
export function languageOf(locale: string | null, acceptLanguage: string | undefined): Language {
  if (locale !== null && locale !== 'auto') return locale.startsWith('ja') ? 'ja' : 'en';
  for (const wish of (acceptLanguage ?? '').split(',')) {
    const tag = wish.trim().toLowerCase();
    if (tag.startsWith('ja')) return 'ja';
    if (tag.startsWith('en')) return 'en';
  }
  return 'en';
}

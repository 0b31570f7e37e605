/**
 * Turns templates and messages into pages and mails. Built once per process by the API and the Worker. HTML is
 * escaped by default, whoever wrote the value; text mails are not, since nothing interprets them.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Liquid } from 'liquidjs';
import { formatDay, formatInstant, formatMoney, knownLocale, type Locale } from '../domain/format.ts';
import { loadCatalogs, type MessageArguments } from './catalogs.ts';

/** One sentence of the catalog of a language; `merchant` is always known to it. */
export type Say = (key: string, args?: MessageArguments) => string;

export interface Renderer {
  readonly merchantName: string;
  sayIn(locale: Locale): Say;
  /** @param template path below the templates folder, e.g. `pages/account.liquid` */
  html(template: string, locale: Locale, model: object): Promise<string>;
  text(template: string, locale: Locale, model: object): Promise<string>;
  /** Whether there is such a template, ours or the company's. */
  has(template: string): boolean;
  /** A file that is served as it is, e.g. `pages/customer.css`. */
  file(path: string): string;
}

/**
 * @param options.templatesDir the company's folder, laid out as ours (`pages/`, `mails/`, `locales/`); a file in
 * it replaces the built-in one of the same name, a message of its catalogs the one of the same key
 * @throws Error when a catalog or a template of that folder is wrong
 */
export function createRenderer(options: {
  merchantName: string;
  templatesDir?: string | undefined;
}): Renderer {
  const { merchantName, templatesDir } = options;
  const roots = [...(templatesDir === undefined ? [] : [templatesDir]), import.meta.dirname];
  const catalogs = loadCatalogs(templatesDir === undefined ? undefined : join(templatesDir, 'locales'));
  const sayIn =
    (locale: Locale): Say =>
    (key, args) =>
      catalogs.say(locale, key, { merchant: merchantName, ...args });

  const engines = {
    html: engineFor(roots, sayIn, { outputEscape: 'escape' }),
    text: engineFor(roots, sayIn, {}),
  };
  for (const template of templatesDir === undefined ? [] : templatesIn(templatesDir)) {
    engines.html.parseFileSync(template);
  }
  const render = async (engine: Liquid, template: string, locale: Locale, model: object): Promise<string> =>
    String(await engine.renderFile(template, model, { globals: { locale, merchant: merchantName } }));
  const find = (path: string) => roots.map((root) => join(root, path)).find((file) => existsSync(file));

  return {
    merchantName,
    sayIn,
    html: (template, locale, model) => render(engines.html, template, locale, model),
    text: (template, locale, model) => render(engines.text, template, locale, model),
    has: (template) => find(template) !== undefined,
    file(path) {
      const found = find(path);
      if (found === undefined) {
        throw new Error(`there is no file '${path}' in ${roots.join(' or ')}`);
      }
      return readFileSync(found, 'utf8');
    },
  };
}

/** Every template of the company's, as a path below its folder. */
function templatesIn(folder: string): string[] {
  if (!existsSync(folder)) {
    throw new Error(`the folder of templates '${folder}' does not exist`);
  }
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) =>
    path.endsWith('.liquid'),
  );
}

function engineFor(
  roots: string[],
  sayIn: (locale: Locale) => Say,
  escaping: { outputEscape?: 'escape' },
): Liquid {
  const engine = new Liquid({
    root: roots,
    cache: true,
    strictFilters: true,
    strictVariables: true,
    lenientIf: true,
    ...escaping,
  });
  /** `{{ 'next.heading' | t }}`, `{{ 'problem.due' | t: date: day }}` */
  engine.registerFilter('t', function (key: string, ...args: [name: string, value: string | number][]) {
    return sayIn(localeOf(this.context.globals))(key, Object.fromEntries(args));
  });
  engine.registerFilter('money', function (amountMinor: number, currency: string) {
    return formatMoney(amountMinor, currency, localeOf(this.context.globals));
  });
  engine.registerFilter('instant', function (iso: string, timeZone: string) {
    return formatInstant(iso, localeOf(this.context.globals), timeZone);
  });
  engine.registerFilter('day', function (iso: string, timeZone: string) {
    return formatDay(iso, localeOf(this.context.globals), timeZone);
  });
  return engine;
}

function localeOf(globals: object): Locale {
  return ('locale' in globals ? knownLocale(String(globals.locale)) : null) ?? 'en';
}

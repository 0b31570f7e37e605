/** Sends one page: the template inside of the common layout, in the visitor's language. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { LOCALES, type Locale } from '../domain/format.ts';
import type { Site } from './site.ts';

export interface Page {
  /** Name of the template, e.g. `account`. */
  template: string;
  title: string;
  model: object;
  /** Address of the stream that tells of changes, and the stamp of what is shown now. */
  live?: { href: string; stamp: string; isWaiting: boolean };
  /** Seconds after which the page asks again for itself. */
  reloadAfterS?: number;
  /** Where a page that only passes on leads to. */
  forwardTo?: string;
}

export async function sendPage(
  site: Site,
  request: FastifyRequest,
  reply: FastifyReply,
  locale: Locale,
  page: Page,
): Promise<FastifyReply> {
  const { live = null, reloadAfterS = null, forwardTo = null } = page;
  const html = await site.renderer.html(`pages/${page.template}.liquid`, locale, {
    title: page.title,
    css: site.assets.css.href,
    js: site.assets.js.href,
    // What a form answered has no address of its own that another language could be asked of.
    languages: request.method === 'GET' ? languagesOf(site, request, locale) : [],
    live,
    reload_after_s: reloadAfterS ?? (live?.isWaiting ? WAITING_RELOAD_S : null),
    forward_to: forwardTo,
    ...page.model,
  });
  return reply.type('text/html; charset=utf-8').send(html);
}

/** Without script, a page on which something is under way asks again that often. */
const WAITING_RELOAD_S = 5;

function languagesOf(site: Site, request: FastifyRequest, current: Locale) {
  const search = new URLSearchParams(request.url.split('?')[1] ?? '');
  return LOCALES.map((locale) => {
    search.set('lang', locale);
    return {
      locale,
      name: site.renderer.sayIn(locale)('language.name'),
      // Relative to the page itself, wherever a proxy serves it.
      href: `?${search}`,
      is_current: locale === current,
    };
  });
}

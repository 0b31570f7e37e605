/** What keeps the pages safe: headers that allow nothing but what they use, and buttons that work from them only. */
import type { FastifyRequest } from 'fastify';
import type { HelmetOptions } from 'helmet';
import { PageProblem } from './page-problem.ts';
import type { Site } from './site.ts';

/** The token is in the address: it must not travel on in a Referer, nor stay in a cache or a search engine. */
export const PAGE_HEADERS = {
  'cache-control': 'no-store',
  'x-robots-tag': 'noindex, nofollow',
  'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=()',
};

export function helmetOptions(site: Site): HelmetOptions {
  return {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        'default-src': ["'none'"],
        'style-src': ["'self'"],
        'script-src': ["'self'"],
        'connect-src': ["'self'"],
        'img-src': ["'self'", 'data:'],
        'form-action': ["'self'", ...site.checkoutOrigins],
        'base-uri': ["'none'"],
        'frame-ancestors': ["'none'"],
      },
    },
    referrerPolicy: { policy: 'no-referrer' },
    frameguard: { action: 'deny' },
  };
}

/**
 * Refuses a form that another site sent. Whoever knows the address may do what it allows, so this is the second
 * lock: browsers say where a form comes from (Fetch Metadata, or Origin; `null` under our Referrer-Policy).
 * @throws PageProblem `foreign_origin`
 */
export function requireOwnPage(site: Site, request: FastifyRequest): void {
  const fetchSite = request.headers['sec-fetch-site'];
  const { origin } = request.headers;
  const isOwn =
    fetchSite === undefined
      ? origin === undefined || origin === 'null' || origin === new URL(site.settings.PUBLIC_URL).origin
      : fetchSite === 'same-origin';
  if (!isOwn) {
    throw new PageProblem('foreign_origin');
  }
}

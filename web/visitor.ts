/** Who looks at a page: the enrollment that the link names, the language, and the addresses of its pages. */
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { type CustomerEnrollment, findCustomerEnrollment } from '../db/customer-view.ts';
import { knownLocale, type Locale } from '../domain/format.ts';
import type { Say } from '../templates/renderer.ts';
import { PageProblem } from './page-problem.ts';
import type { Site } from './site.ts';

export interface Visitor {
  enrollment: CustomerEnrollment;
  locale: Locale;
  say: Say;
  /** Address of a page of this customer, e.g. `href('/account')`; keeps the language that was chosen. */
  href(path: string, query?: Record<string, string>): string;
}

/** Ours have about 190 characters; the router must let them through, see `customerPages`. */
export const LONGEST_TOKEN = 500;

/** A charge's id, e.g. `chg_…_3`. */
export const CHARGE_ID = /^chg_\w{1,80}$/;

const params = z.object({ token: z.string().min(1).max(LONGEST_TOKEN) });
const query = z.object({ lang: z.string().max(20).optional().catch(undefined) });

/** @throws PageProblem `not_found`, the same whatever was wrong with the link */
export async function visitorOf(site: Site, request: FastifyRequest): Promise<Visitor> {
  const parsed = params.safeParse(request.params);
  const enrollmentId = parsed.success ? await site.links.read(parsed.data.token) : null;
  const enrollment = enrollmentId === null ? undefined : await findCustomerEnrollment(site.db, enrollmentId);
  if (!parsed.success || enrollment === undefined) {
    throw new PageProblem('not_found');
  }
  const own = knownLocale(enrollment.locale) ?? 'en';
  const locale = chosenLocale(request) ?? own;
  const home = `${site.basePath}/c/${parsed.data.token}`;
  return {
    enrollment,
    locale,
    say: site.renderer.sayIn(locale),
    href(path, more = {}) {
      const search = new URLSearchParams({ ...more, ...(locale === own ? {} : { lang: locale }) });
      return `${home}${path}${search.size > 0 ? `?${search}` : ''}`;
    },
  };
}

/** The language for whoever has no valid link: as chosen, else as the browser asks for. */
export function strangerLocale(request: FastifyRequest): Locale {
  const asked = (request.headers['accept-language'] ?? '')
    .split(',')
    .map((part) => part.split(';', 1)[0] ?? '');
  return chosenLocale(request) ?? asked.map(knownLocale).find((locale) => locale !== null) ?? 'en';
}

function chosenLocale(request: FastifyRequest): Locale | null {
  const { lang } = query.catch({ lang: undefined }).parse(request.query);
  return lang === undefined ? null : knownLocale(lang);
}

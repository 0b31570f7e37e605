/**
 * Everything below `/c/`: the pages that a customer reaches by their link. Registered by the API's app. The token in
 * the address is the only credential; no cookie is set, and no page says more than its link allows.
 */
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { sendSecurityHeaders } from '../api/security-headers.ts';
import { accountRoutes } from './account.ts';
import { cancelRoutes } from './cancel.ts';
import { chargeActionRoutes } from './charge-actions.ts';
import { checkoutRoutes } from './checkout.ts';
import { eventRoutes } from './events.ts';
import { noticeRoutes } from './notices.ts';
import { sendPage } from './page.ts';
import { type PageProblem, pageProblemOf } from './page-problem.ts';
import { receiptRoutes } from './receipt.ts';
import { returnRoutes } from './return.ts';
import { helmetOptions, PAGE_HEADERS } from './security.ts';
import { type CustomerPagesOptions, createSite, type Site } from './site.ts';
import { LONGEST_TOKEN, strangerLocale } from './visitor.ts';

export type { CustomerPagesOptions } from './site.ts';

const RETRY_AFTER_S = 10;
const YEAR_S = 31_536_000;

/**
 * @throws Error when the app's router cuts long parameters off (`routerOptions.maxParamLength`), since every
 * customer link would then be an unknown address; and when the company's templates are wrong
 */
export const customerPages: FastifyPluginAsync<CustomerPagesOptions> = async (app, options) => {
  const longest = app.initialConfig.routerOptions?.maxParamLength ?? app.initialConfig.maxParamLength ?? 100;
  if (longest < LONGEST_TOKEN) {
    throw new Error(`routerOptions.maxParamLength is ${longest}; customer links need ${LONGEST_TOKEN}`);
  }
  const site = createSite(options);
  await app.register(async (pages) => addPages(pages, site), { prefix: '/c' });
};

async function addPages(pages: FastifyInstance, site: Site): Promise<void> {
  sendSecurityHeaders(pages, helmetOptions(site));
  pages.addHook('onRequest', async (_request, reply) => void reply.headers(PAGE_HEADERS));
  // Ends the open streams, which would keep the server from closing.
  pages.addHook('preClose', async () => site.feed.close());
  // Our forms hold a choice at most; the address says the rest.
  pages.removeContentTypeParser('application/x-www-form-urlencoded');
  pages.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string', bodyLimit: 1_024 },
    (_request, body, done) => done(null, Object.fromEntries(new URLSearchParams(String(body)))),
  );

  pages.setErrorHandler(async (error: Error, request, reply) => {
    const problem = pageProblemOf(error, request.method === 'POST');
    if (problem.statusCode >= 500) {
      request.log.error({ err: error }, 'a customer page could not be shown');
    }
    try {
      return await sendProblem(site, request, reply, problem);
    } catch (renderError) {
      // A template of the company's is broken: never show how.
      request.log.error({ err: renderError }, 'the page that tells of a problem could not be rendered');
      return reply.type('text/plain; charset=utf-8').send('Something went wrong. Please try again later.');
    }
  });
  pages.setNotFoundHandler((request, reply) =>
    sendProblem(site, request, reply, pageProblemOf(Object.assign(new Error(), { statusCode: 404 }), false)),
  );

  assetRoute(pages, '/assets/customer.css', 'text/css; charset=utf-8', site.assets.css.content);
  assetRoute(pages, '/assets/customer.js', 'text/javascript; charset=utf-8', site.assets.js.content);
  checkoutRoutes(pages, site);
  accountRoutes(pages, site);
  returnRoutes(pages, site);
  chargeActionRoutes(pages, site);
  cancelRoutes(pages, site);
  noticeRoutes(pages, site);
  receiptRoutes(pages, site);
  eventRoutes(pages, site);
}

function assetRoute(pages: FastifyInstance, path: string, type: string, content: string): void {
  pages.get(path, async (_request, reply) =>
    reply.header('cache-control', `public, max-age=${YEAR_S}, immutable`).type(type).send(content),
  );
}

async function sendProblem(
  site: Site,
  request: FastifyRequest,
  reply: FastifyReply,
  problem: PageProblem,
): Promise<FastifyReply> {
  const locale = strangerLocale(request);
  const say = site.renderer.sayIn(locale);
  const triesAgain = problem.kind === 'unavailable';
  if (problem.statusCode === 503 || problem.statusCode === 429) {
    reply.header('retry-after', String(RETRY_AFTER_S));
  }
  reply.code(problem.statusCode);
  return sendPage(site, request, reply, locale, {
    template: 'problem',
    title: say(`error.${problem.kind}.title`),
    model: { text: say(`error.${problem.kind}.text`), retry_href: retryAddress(request, problem) },
    ...(triesAgain ? { reloadAfterS: RETRY_AFTER_S } : {}),
  });
}

/** Where "try again" leads; null where a repeat would only say the same. */
function retryAddress(request: FastifyRequest, { kind, statusCode }: PageProblem): string | null {
  if (statusCode < 500 && statusCode !== 429 && kind !== 'foreign_origin') {
    return null;
  }
  if (request.method === 'GET') {
    return '';
  }
  // A form's answer leads back to the account page: relative, since the token is all that a link holds.
  const below = request.url.split('?', 1)[0]?.split('/c/', 2)[1]?.split('/') ?? [];
  return `${'../'.repeat(Math.max(0, below.length - 2))}account`;
}

/**
 * `/ops`: the figures of the business for operators without Grafana. Registered by the API's app. Only reads; no script
 * runs in the browser, and nothing is loaded from elsewhere.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import cookie from '@fastify/cookie';
import formbody from '@fastify/formbody';
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import type { Kysely } from 'kysely';
import { Liquid } from 'liquidjs';
import { z } from 'zod';
import { sendSecurityHeaders } from '../api/security-headers.ts';
import type { Settings } from '../config/env.ts';
import { redact } from '../config/logger.ts';
import { chargesBehind, type ListedCharge } from '../db/figure-series.ts';
import { listStripeEvents } from '../db/inbox-operations.ts';
import type { Database } from '../db/schema.ts';
import { isDatabaseUnavailable } from '../db/unavailable.ts';
import { createLinks } from './links.ts';
import { createOverviews, periodOf } from './overview.ts';
import { chargeModel, instantText, pageModel } from './page-model.ts';
import { createSessions } from './session.ts';
import { WINDOWS, type WindowName } from './windows.ts';

export interface OperatorPagesOptions {
  db: Kysely<Database>;
  settings: Pick<
    Settings,
    'CUSTOMER_LINK_SECRETS' | 'PUBLIC_URL' | 'TEMPORAL_UI_URL' | 'TEMPORAL_NAMESPACE' | 'MERCHANT_NAME'
  >;
}

/** Rows of a list. */
const MOST_LISTED = 100;
/** A key has 192 random bits; this keeps a loop of guesses from costing us anything. */
const SIGN_INS_A_MINUTE = 20;
const YEAR_S = 31_536_000;

const windowName = z.enum(Object.keys(WINDOWS) as [WindowName, ...WindowName[]]).catch('30d');
const overviewQuery = z.object({ window: windowName });
const listQuery = z.object({
  window: windowName,
  of: z.enum(['collected', 'recovered', 'refunded', 'declined']).catch('collected'),
  currency: z
    .string()
    .regex(/^[a-z]{3}$/)
    .optional()
    .catch(undefined),
  code: z
    .string()
    .regex(/^\w{1,60}$/)
    .optional()
    .catch(undefined),
});
const signInBody = z.object({ key: z.string().max(200).catch('') }).catch({ key: '' });

export const operatorPages: FastifyPluginAsync<OperatorPagesOptions> = async (app, options) => {
  const { db, settings } = options;
  const links = createLinks(settings);
  const sessions = createSessions(db, settings);
  const overviewOf = createOverviews(db);
  const engine = new Liquid({
    root: join(import.meta.dirname, 'templates'),
    extname: '.liquid',
    cache: true,
    strictFilters: true,
    strictVariables: true,
    lenientIf: true,
    outputEscape: 'escape',
  });
  const css = readFileSync(join(import.meta.dirname, 'ops.css'), 'utf8');
  const version = createHash('sha256').update(css).digest('base64url').slice(0, 12);

  const send = async (reply: FastifyReply, template: string, title: string, model: object) => {
    const html: unknown = await engine.renderFile(template, {
      title,
      merchant: settings.MERCHANT_NAME,
      css: links.own(`/ops.css?v=${version}`),
      home: links.own(''),
      sign_in_href: links.own('/sign-in'),
      sign_out_href: links.own('/sign-out'),
      is_signed_in: true,
      ...model,
    });
    return reply.type('text/html; charset=utf-8').send(String(html));
  };

  await app.register(
    async (pages) => {
      // For people: not in the document of the API.
      pages.addHook('onRoute', (route) => {
        route.schema = { ...route.schema, hide: true };
      });
      sendSecurityHeaders(pages, HEADERS);
      await pages.register(cookie);
      await pages.register(formbody, { bodyLimit: 2_048 });
      pages.addHook('onRequest', async (_request, reply) => void reply.header('cache-control', 'no-store'));
      pages.setErrorHandler(async (error: Error & { statusCode?: number }, request, reply) => {
        const away = isDatabaseUnavailable(error) || error.statusCode === 503 || error.statusCode === 429;
        const status = away ? (error.statusCode ?? 503) : (error.statusCode ?? 500);
        if (status >= 500) {
          request.log.error({ err: error }, "the operators' page could not be shown");
        }
        reply.code(status);
        return send(reply, 'problem', away ? 'Not at this moment' : 'That did not work', {
          is_signed_in: false,
          text: away
            ? 'The database does not answer, or you asked too often. Try again in a moment.'
            : (REFUSED[status] ??
              (status < 500
                ? 'That request was not understood. Go back, and try again.'
                : 'The page could not be made; the log of the API says why.')),
        });
      });
      pages.get('/ops.css', async (_request, reply) =>
        reply
          .header('cache-control', `public, max-age=${YEAR_S}, immutable`)
          .type('text/css; charset=utf-8')
          .send(css),
      );
      signInRoutes(pages);
      await pages.register(async (guarded) => {
        guarded.addHook('preHandler', async (request, reply) => {
          const scopes = await sessions.scopesOf(request);
          if (scopes === null) {
            return reply.redirect(links.own('/sign-in'), 303);
          }
          const { scope } = request.routeOptions.config;
          if (scope !== undefined && !scopes.includes(scope)) {
            return send(reply.code(403), 'problem', 'Not with this API key', {
              text: `This page needs an API key with the scope ${scope}. Sign out, and sign in with one.`,
            });
          }
        });
        figureRoutes(guarded);
      });
    },
    { prefix: '/ops' },
  );

  function signInRoutes(pages: FastifyInstance): void {
    const limited = { config: { requestsPerMinute: SIGN_INS_A_MINUTE } };
    const form = (reply: FastifyReply, isRefused: boolean) =>
      send(reply.code(isRefused ? 401 : 200), 'sign-in', 'Sign in', {
        is_signed_in: false,
        is_refused: isRefused,
      });
    pages.get('/sign-in', async (_request, reply) => form(reply, false));
    pages.post('/sign-in', limited, async (request, reply) => {
      const { key } = signInBody.parse(request.body);
      if (!isOwnForm(request, settings.PUBLIC_URL) || !(await sessions.signIn(reply, key.trim()))) {
        return form(reply, true);
      }
      return reply.redirect(links.own(''), 303);
    });
    pages.post('/sign-out', async (request, reply) => {
      if (isOwnForm(request, settings.PUBLIC_URL)) {
        sessions.signOut(reply);
      }
      return reply.redirect(links.own('/sign-in'), 303);
    });
  }

  function figureRoutes(pages: FastifyInstance): void {
    pages.get('/', async (request, reply) => {
      const { window } = overviewQuery.parse(request.query);
      const overview = await overviewOf(window);
      return send(reply, 'overview', 'Figures', { page: await pageModel(overview, links) });
    });

    pages.get('/charges', async (request, reply) => {
      const asked = listQuery.parse(request.query);
      const charges = await behind(asked);
      const at = new Date();
      return send(reply, 'charges', titleOf(asked), {
        back: links.own(`?window=${asked.window}`),
        is_limited: charges.length === MOST_LISTED,
        charges: charges.map((charge) => chargeModel(charge, at, links)),
      });
    });

    // As the API asks for it, besides `read` for all pages.
    pages.get('/webhooks', { config: { scope: 'webhooks' } }, async (_request, reply) => {
      const events = await listStripeEvents(db, { state: 'pending', limit: MOST_LISTED });
      return send(reply, 'webhooks', 'Webhooks that wait', {
        back: links.own(''),
        events: events.map((event) => ({
          id: event.id,
          type: event.type,
          received: instantText(event.received_at),
          attempts: event.signal_attempts,
          error: redact(event.last_error ?? ''),
        })),
      });
    });
  }

  function behind(asked: z.output<typeof listQuery>): Promise<ListedCharge[]> {
    const period = periodOf(asked.window, Date.now());
    const { of, currency, code } = asked;
    if (of === 'declined') {
      return chargesBehind(db, period, { of, code: code ?? null }, MOST_LISTED);
    }
    return currency === undefined
      ? Promise.resolve([])
      : chargesBehind(db, period, { of, currency }, MOST_LISTED);
  }
};

/** What a person reads whose request was refused. */
const REFUSED: Readonly<Record<number, string>> = {
  404: 'There is nothing at this address.',
  413: 'What was sent is too long to be an API key. Go back, and paste the key alone.',
  415: 'The sign-in takes a form. Open the page in a browser, and sign in there.',
};

const HEADERS = {
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      'default-src': ["'none'"],
      'style-src': ["'self'"],
      'img-src': ["'self'", 'data:'],
      'form-action': ["'self'"],
      'base-uri': ["'none'"],
      'frame-ancestors': ["'none'"],
    },
  },
  referrerPolicy: { policy: 'same-origin' },
} as const;

/**
 * Browsers say where a form comes from; another site's is not taken. On plain http they leave Fetch Metadata out and
 * send the Origin alone, which our Referrer-Policy lets them send to ourselves.
 */
function isOwnForm({ headers }: FastifyRequest, publicUrl: string): boolean {
  const site = headers['sec-fetch-site'];
  return site === undefined
    ? headers.origin === undefined || headers.origin === new URL(publicUrl).origin
    : site === 'same-origin';
}

function titleOf({ of, currency, code, window }: z.output<typeof listQuery>): string {
  const what = code ?? currency?.toUpperCase();
  return `${of[0]?.toUpperCase()}${of.slice(1)}${what === undefined ? '' : ` (${what})`}, ${WINDOWS[window].label}`;
}

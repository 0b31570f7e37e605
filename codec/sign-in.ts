/**
 * A page where an operator gives the API key to the browser, for a Temporal UI without a login of its own: it can send
 * cookies to the codec endpoint, and no header of our choice. The cookie goes nowhere else, no script can read it, and
 * the key is checked on every use, so that a revoked one opens nothing.
 */
import { createHash } from 'node:crypto';
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { keyFor } from '../api/auth.ts';
import { HttpProblem } from '../api/problems.ts';
import type { CodecDeps } from './app.ts';

export const COOKIE = 'billing_codec_key';
const PATH = '/codec';
/** A working day. */
const LIFETIME_S = 8 * 3_600;

/** Of a form with a key, whatever it comes as: what is to be opened may be far larger, from those who have a key. */
export const FORM_LIMIT = 1_024;

const form = z.object({ key: z.string().trim().max(200) });

export function signInRoutes({ db, settings }: CodecDeps): FastifyPluginAsync {
  return async (app) => {
    app.get('/sign-in', async (_request, reply) => show(reply, 200, SIGN_IN));

    app.post('/sign-in', { bodyLimit: FORM_LIMIT }, async (request, reply) => {
      requireOwnPage(request);
      const given = form.safeParse(request.body);
      try {
        await keyFor(db, `Bearer ${given.success ? given.data.key : ''}`, 'payloads');
      } catch (error) {
        if (error instanceof HttpProblem && error.statusCode < 500) {
          const why = error.statusCode === 403 ? NO_SCOPE : NO_KEY;
          return show(reply, error.statusCode, `${why}${SIGN_IN}`);
        }
        throw error;
      }
      reply.setCookie(COOKIE, given.data?.key ?? '', { ...cookieOptions(request), maxAge: LIFETIME_S });
      return show(reply, 200, signedIn(settings.TEMPORAL_NAMESPACE));
    });

    app.post('/sign-out', { bodyLimit: FORM_LIMIT }, async (request, reply) => {
      requireOwnPage(request);
      reply.clearCookie(COOKIE, cookieOptions(request));
      return show(reply, 200, `<p>Signed out.</p>${SIGN_IN}`);
    });
  };
}

/** Strict: sent only where codec endpoint and Temporal UI are of one site. Plain HTTP is for one machine alone. */
function cookieOptions(request: FastifyRequest) {
  const local = ['localhost', '127.0.0.1', '[::1]'].includes(request.hostname.replace(/:\d+$/, ''));
  return { path: PATH, httpOnly: true, sameSite: 'strict', secure: !local } as const;
}

/** Nobody else's page may sign a browser in or out. @throws HttpProblem 403 */
function requireOwnPage(request: FastifyRequest): void {
  const site = request.headers['sec-fetch-site'];
  const { origin, host } = request.headers;
  const own =
    site === undefined ? origin === undefined || URL.parse(origin)?.host === host : site === 'same-origin';
  if (!own) {
    throw new HttpProblem(403, 'foreign_origin', 'the form was sent by another site');
  }
}

function show(reply: FastifyReply, status: number, body: string): FastifyReply {
  return reply
    .code(status)
    .type('text/html; charset=utf-8')
    .send(
      `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Codec endpoint</title><meta name="viewport" content="width=device-width, initial-scale=1"><style>${STYLE}</style></head><body><main><h1>Codec endpoint</h1>${body}</main></body></html>`,
    );
}

const STYLE =
  ':root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}body{margin:0}main{max-width:34rem;margin:0 auto;padding:2rem 1.25rem}label{display:block;font-weight:600}input{font:inherit;width:100%;box-sizing:border-box;padding:.6rem;margin:.25rem 0 1rem}button{font:inherit;padding:.6rem 1.2rem}[role=alert]{border-left:4px solid #c4320a;padding-left:.75rem}';
export const SIGN_IN_STYLE_HASH = `sha256-${createHash('sha256').update(STYLE).digest('base64')}`;

const SIGN_IN =
  '<p>With an API key that has the scope <code>payloads</code>, the Temporal UI in this browser shows what is encrypted in histories. Each look is recorded with the key’s id.</p><form method="post" action="sign-in"><label for="key">API key</label><input id="key" name="key" type="password" autocomplete="off" required><button>Sign in</button></form>';
const NO_KEY = '<p role="alert">That is no API key, or it was revoked or has expired.</p>';
const NO_SCOPE = '<p role="alert">That API key lacks the scope <code>payloads</code>.</p>';

function signedIn(namespace: string): string {
  const hours = LIFETIME_S / 3_600;
  return `<p>Signed in for ${hours} hours. In the Temporal UI, Namespace <code>${escaped(namespace)}</code>, set the codec endpoint to this address up to <code>/codec</code>, and choose to include cross-origin credentials.</p><form method="post" action="sign-out"><button>Sign out</button></form>`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

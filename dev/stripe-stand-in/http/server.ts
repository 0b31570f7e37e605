// The HTTP server: reads requests, hands them to the part they are for, writes answers. No rule of Stripe's is here.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { answerControl } from '../control/serve.ts';
import { answerDashboard } from '../dashboard/serve.ts';
import { answerPage } from '../pages/serve.ts';
import type { StandIn } from '../state.ts';
import { answerApi } from './faulty.ts';

const MAX_BODY_BYTES = 1_000_000;
const PAGE_HEADERS = {
  'Content-Type': 'text/html; charset=utf-8',
  'Cache-Control': 'no-store',
  'Content-Security-Policy':
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; frame-ancestors 'none'",
  'Referrer-Policy': 'same-origin',
  'X-Content-Type-Options': 'nosniff',
};

export function createHttpServer(standIn: StandIn): Server {
  const server = createServer((request, response) => {
    answer(standIn, request, response).catch((error: unknown) => {
      standIn.report(error);
      if (!response.headersSent) response.writeHead(500).end();
      else response.destroy();
    });
  });
  // Longer than clients keep idle connections, so that they close first and no request meets a closing socket.
  server.keepAliveTimeout = 75_000;
  return server;
}

async function answer(standIn: StandIn, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const target = request.url ?? '/';
  const at = target.indexOf('?');
  const path = at < 0 ? target : target.slice(0, at);
  const query = at < 0 ? '' : target.slice(at + 1);
  const method = request.method ?? 'GET';
  const body = method === 'GET' ? '' : await readBody(request);
  if (body === null) {
    response.writeHead(413, { Connection: 'close' }).end();
    return;
  }
  const baseUrl = `http://${request.headers.host ?? 'localhost'}`;

  if (path.startsWith('/v1/') || path.startsWith('/v2/')) {
    const answered = await answerApi(standIn, {
      method,
      path,
      query,
      body,
      authorization: request.headers.authorization,
      idempotencyKey: header(request, 'idempotency-key'),
      version: header(request, 'stripe-version'),
      account: header(request, 'stripe-account'),
      contentType: header(request, 'content-type'),
      baseUrl,
    });
    await standIn.db.committed();
    if (answered === 'cut') {
      request.socket.destroy();
      return;
    }
    response.writeHead(answered.status, {
      ...answered.headers,
      'Content-Length': Buffer.byteLength(answered.body),
    });
    response.end(answered.body);
    return;
  }
  const loopback = isLoopback(request.socket.remoteAddress);
  const control = { method, path, query, body, baseUrl, loopback, foreign: isForeign(request) };
  if (path.startsWith('/_control/')) {
    const answered = await answerControl(standIn, control);
    await standIn.db.committed();
    response.writeHead(answered.status, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify(answered.body, null, 2));
    return;
  }
  const acceptLanguage = header(request, 'accept-language');
  const page =
    answerPage(standIn, { method, path, body, acceptLanguage, baseUrl }) ??
    (await answerDashboard(standIn, control));
  await standIn.db.committed();
  if (page === null) response.writeHead(404, { 'Content-Type': 'text/plain' }).end('Not found\n');
  else if ('redirect' in page) {
    response.writeHead(303, { Location: page.redirect, 'Cache-Control': 'no-store' }).end();
  } else response.writeHead(page.status, PAGE_HEADERS).end(page.html.text);
}

function header(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === 'string' ? value : undefined;
}

/** Another site's page must not press our buttons through the developer's browser, nor under a name of its own. */
function isForeign(request: IncomingMessage): boolean {
  const { origin, host = '' } = request.headers;
  if (origin === undefined) return false;
  return origin !== `http://${host}` || !/^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/.test(host);
}

function isLoopback(address: string | undefined): boolean {
  return address !== undefined && (/^(::ffff:)?127\./.test(address) || address === '::1');
}

/** null when it is larger than anything Stripe takes. */
async function readBody(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
    size += bytes.length;
    if (size > MAX_BODY_BYTES) return null;
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}

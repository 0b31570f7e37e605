/**
 * `POST /codec/decode` and `/codec/encode`, Temporal's remote codec protocol. Each use leaves a line that says who, how
 * many and under which keys, and nothing of what was opened.
 */
import type { FastifyPluginAsync, FastifyRequest } from 'fastify';
import { keyFor } from '../api/auth.ts';
import { HttpProblem } from '../api/problems.ts';
import type { CodecDeps } from './app.ts';
import { decodeEach, encodeAll, payloadsBody } from './payloads.ts';
import { COOKIE } from './sign-in.ts';

export function codecRoutes(deps: CodecDeps): FastifyPluginAsync {
  const { settings, db, codec } = deps;
  // Whatever the level of the log: who looked is always written.
  const audit = deps.log.child({ audit: true }, { level: 'info' });

  function written(request: FastifyRequest, what: string, fields: Record<string, unknown>): void {
    audit.info(
      {
        request_id: request.id,
        api_key_id: request.apiKeyId,
        remote_address: request.ip,
        origin: request.headers.origin ?? null,
        ...fields,
      },
      what,
    );
  }

  return async (app) => {
    app.addHook('onRequest', async (request) => {
      const { authorization, origin } = request.headers;
      refuseOrigin(origin, settings.CODEC_ALLOWED_ORIGINS);
      refuseNamespace(request.headers['x-namespace'], settings.TEMPORAL_NAMESPACE);
      // A browser says where it comes from whenever it sends a cookie along; without that the cookie is not believed.
      const signedIn = origin === undefined ? undefined : request.cookies[COOKIE];
      const given = authorization ?? (signedIn === undefined ? undefined : `Bearer ${signedIn}`);
      request.apiKeyId = (await keyFor(db, given, 'payloads')).id;
    });

    app.post('/decode', { schema: { body: payloadsBody } }, async (request) => {
      const { payloads } = payloadsBody.parse(request.body);
      const decoded = await decodeEach(codec, payloads);
      written(request, 'payloads were opened', {
        payloads: payloads.length,
        opened: decoded.opened,
        key_ids: decoded.keyIds,
        problems: decoded.problems,
      });
      return { payloads: decoded.payloads };
    });

    app.post('/encode', { schema: { body: payloadsBody } }, async (request) => {
      if (!settings.CODEC_ALLOW_ENCODE) {
        throw new HttpProblem(
          403,
          'encode_refused',
          'this endpoint only opens payloads; CODEC_ALLOW_ENCODE=true lets it encrypt, for starting Workflows by hand',
        );
      }
      const { payloads } = payloadsBody.parse(request.body);
      written(request, 'payloads were encrypted', { payloads: payloads.length });
      return { payloads: await encodeAll(codec, payloads) };
    });
  };
}

/** The keys are of one Namespace. Whoever names none is not asked. */
function refuseNamespace(named: string | string[] | undefined, ours: string): void {
  if (named !== undefined && named !== ours) {
    throw new HttpProblem(403, 'wrong_namespace', `this endpoint is for the Namespace '${ours}'`, {
      param: 'X-Namespace',
    });
  }
}

/** Programs send no Origin. @throws HttpProblem 403 when a page that is not among them asks */
function refuseOrigin(origin: string | undefined, allowed: readonly string[]): void {
  if (origin !== undefined && !allowed.includes(origin)) {
    throw new HttpProblem(403, 'foreign_origin', 'this origin is not among CODEC_ALLOWED_ORIGINS');
  }
}

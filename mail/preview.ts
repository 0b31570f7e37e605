/**
 * Shows every mail in every language in a browser: `npm run mails [-- --templates <folder>] [--port <port>]`. For
 * whoever edits templates: each request renders anew. Sends nothing, reads no database.
 */
import { Command, InvalidArgumentError } from 'commander';
import Fastify, { type FastifyInstance } from 'fastify';
import { knownLocale, LOCALES } from '../domain/format.ts';
import { createRenderer } from '../templates/renderer.ts';
import { composeMail } from './compose.ts';
import { previewNotices } from './samples.ts';

const LINK = 'https://pay.example.com/c/the-customers-own-link';

export function buildMailPreview(options: {
  merchantName: string;
  templatesDir?: string | undefined;
}): FastifyInstance {
  const app = Fastify({ logger: false });

  const compose = (name: string, locale: string) => {
    const notice = previewNotices().find((sample) => sample.name === name);
    const language = knownLocale(locale);
    return notice && language
      ? composeMail(createRenderer(options), { ...notice, locale: language, name: 'Aoi Sato', link: LINK })
      : null;
  };

  app.get('/', async (_request, reply) => {
    const renderer = createRenderer(options);
    const mails = await Promise.all(
      previewNotices().flatMap(({ name: of, kind, data }) =>
        LOCALES.map(async (locale) => {
          const content = { kind, data, locale, name: 'Aoi Sato', link: LINK };
          return { name: of, locale, subject: (await composeMail(renderer, content)).subject };
        }),
      ),
    );
    return reply.type('text/html').send(await renderer.html('mails/preview.liquid', 'en', { mails }));
  });

  app.get<{ Params: { name: string; locale: string; form: string } }>(
    '/:name/:locale/:form',
    async (request, reply) => {
      const { name, locale, form } = request.params;
      const mail = await compose(name, locale);
      if (mail === null || (form !== 'html' && form !== 'text')) {
        return reply.code(404).type('text/plain').send('no such mail');
      }
      return reply.type(form === 'html' ? 'text/html' : 'text/plain').send(mail[form]);
    },
  );

  return app;
}

if (import.meta.main) {
  const { merchant, templates, port } = new Command('npm run mails --')
    .description('Shows every mail in every language in a browser. Sends nothing, reads no database.')
    .option('--templates <folder>', 'with templates that replace the built-in ones of the same name')
    .option('--merchant <name>', 'name of the company', 'Example Store')
    .option('--port <number>', 'where it listens; 0 takes a free one', readPort, 0)
    .showHelpAfterError('(--help shows how it is used)')
    .parse()
    .opts<{ merchant: string; templates?: string; port: number }>();
  const app = buildMailPreview({ merchantName: merchant, templatesDir: templates });
  console.log(`Every mail in every language: ${await app.listen({ port })}`);
}

function readPort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) {
    throw new InvalidArgumentError('expected a number from 0 to 65535.');
  }
  return port;
}

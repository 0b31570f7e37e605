/** Who may import whom. Workflow code is replayed, so what it imports is replayed too; the arrows keep it small. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';

const PROJECT = path.resolve(import.meta.dirname, '..');

/** Folders and packages that a folder may import; `type:` allows `import type` only. */
const ALLOWED: Record<string, readonly string[]> = {
  domain: ['domain', 'type:stripe', 'luxon'],
  workflows: [
    'workflows',
    'domain',
    'config/search-attributes.ts',
    '@temporalio/workflow',
    '@temporalio/common',
    'type:activities',
  ],
  activities: [
    'activities',
    'domain',
    'db',
    'stripe',
    '@temporalio/activity',
    '@temporalio/common',
    'kysely',
    'type:workflows',
    'type:config',
    'config/search-attributes.ts',
    'luxon',
  ],
  db: ['db', 'domain', 'kysely', 'pg', '@opentelemetry/api', 'config/env.ts', 'config/command-line.ts'],
  config: [
    'config',
    'domain',
    'commander',
    'stripe',
    'zod',
    'pino',
    'jose',
    '@temporalio',
    '@opentelemetry',
    'nodemailer/lib/addressparser',
    'type:kysely',
  ],
  api: [
    'api',
    'domain',
    'db',
    'config',
    'web',
    'templates',
    'stripe',
    'fastify',
    '@fastify',
    'fastify-type-provider-zod',
    'helmet',
    'zod',
    'ops',
    'prom-client',
    '@opentelemetry/api',
    'commander',
    'luxon',
    'p-retry',
    '@temporalio/client',
    '@temporalio/common',
    'type:kysely',
    'kysely',
    'type:pino',
    'workflows/messages.ts',
    'type:workflows',
  ],
  codec: [
    'codec',
    'api/auth.ts',
    'api/error-handler.ts',
    'api/limits.ts',
    'api/problems.ts',
    'api/request-log.ts',
    'api/security-headers.ts',
    'api/server.ts',
    'config',
    'db/database.ts',
    'type:db',
    'fastify',
    '@fastify',
    'zod',
    'type:kysely',
    'type:pino',
    '@temporalio/common',
  ],
  web: [
    'web',
    'domain',
    'db',
    'config',
    'templates',
    'fastify',
    '@fastify',
    'zod',
    'type:kysely',
    'type:pino',
    'type:api',
    'type:helmet',
    'api/billing-client.ts',
    'api/security-headers.ts',
  ],
  ops: [
    'ops',
    'domain',
    'db',
    'config',
    'api/api-keys.ts',
    'api/security-headers.ts',
    'fastify',
    '@fastify',
    'liquidjs',
    'jose',
    'vega',
    'vega-lite',
    'zod',
    'kysely',
  ],
  mail: [
    'mail',
    'domain',
    'db',
    'config',
    'templates',
    'nodemailer',
    'type:kysely',
    'type:pino',
    'commander',
    'fastify',
  ],
  templates: ['templates', 'domain', 'liquidjs', 'intl-messageformat'],
  'check-books': [
    'check-books',
    'domain',
    'db',
    'config',
    'api/inbox-dispatcher.ts',
    'api/temporal-billing-client.ts',
    'type:api',
    'workflows/messages.ts',
    'type:workflows',
    // Which refunds count is said once.
    'activities/refunds.ts',
    'stripe',
    'p-retry',
    '@temporalio/client',
    'kysely',
    'type:pino',
    'commander',
    // Where the settings of the local stack are.
    'cli/local-stack.ts',
    'cli/failure.ts',
  ],
  worker: [
    'worker',
    'activities',
    'db',
    'config',
    'mail',
    'templates/renderer.ts',
    // The Workflows themselves are bundled by path.
    'domain/errors.ts',
    'domain/priorities.ts',
    '@temporalio/activity',
    '@temporalio/client',
    '@temporalio/interceptors-opentelemetry',
    '@temporalio/worker',
    'prom-client',
    'type:pino',
  ],
  deploy: ['deploy', 'config', 'domain', 'worker/bundle.ts', 'commander'],
  // It talks to the API like any other caller, and knows its schemas; keys and search attributes are made directly.
  cli: [
    'cli',
    'domain',
    'config',
    'api/schemas',
    'api/scopes.ts',
    'api/api-keys.ts',
    'db/api-keys.ts',
    'db/database.ts',
    'db/unavailable.ts',
    'type:db',
    'type:kysely',
    'cli-table3',
    'commander',
    'listr2',
    'zod',
  ],
};

interface Import {
  file: string;
  line: number;
  typeOnly: boolean;
  target: string;
}

function filesOf(folder: string): string[] {
  return readdirSync(path.join(PROJECT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => path.join(folder, name));
}

function importsOf(file: string): Import[] {
  const text = readFileSync(path.join(PROJECT, file), 'utf8');
  const found = text.matchAll(/^(?:import|export)\s+(type\s+)?(?:[^'";]*?\sfrom\s+)?'([^']+)';/gm);
  return [...found].map((match) => {
    const specifier = String(match[2]);
    const target = specifier.startsWith('.')
      ? path.relative(PROJECT, path.resolve(PROJECT, path.dirname(file), specifier))
      : specifier;
    return {
      file,
      line: text.slice(0, match.index).split('\n').length,
      typeOnly: match[1] !== undefined,
      target,
    };
  });
}

function isAllowed({ target, typeOnly }: Import, allowed: readonly string[]): boolean {
  return allowed.some((rule) => {
    const [name, needsType] = rule.startsWith('type:') ? [rule.slice('type:'.length), true] : [rule, false];
    return (typeOnly || !needsType) && (target === name || target.startsWith(`${name}/`));
  });
}

describe.each(Object.entries(ALLOWED))('%s', (folder, allowed) => {
  it('imports only what it may', () => {
    const builtin = ['domain', 'workflows'].includes(folder) ? [] : ['node:'];
    const imports = filesOf(folder).flatMap(importsOf);
    expect(imports.length).toBeGreaterThan(0);
    const offenders = imports
      .filter((found) => !builtin.some((prefix) => found.target.startsWith(prefix)))
      .filter((found) => !isAllowed(found, allowed))
      .map(({ file, line, target }) => `${file}:${line} imports ${target}`);
    expect(offenders).toEqual([]);
  });
});

describe('dev/stripe-stand-in', () => {
  it('shares no code with the product', () => {
    const offenders = filesOf('dev/stripe-stand-in')
      .flatMap(importsOf)
      .filter(({ target }) =>
        /^(domain|workflows|activities|api|db|config|web|mail|templates|worker)\//.test(target),
      )
      .map(({ file, line, target }) => `${file}:${line} imports ${target}`);
    expect(offenders).toEqual([]);
  });
});

describe('what Workflows run', () => {
  // A Worker evaluates it once for all its Workflows (`preloadModules`): one would see what another has left there.
  it('keeps nothing that changes outside of functions', () => {
    const variable = /^(?:export )?(?:let|var)\s/;
    const container = /^(?:export )?const \w+(?:: (?!Readonly)[^=]+)? = (?:new (?!Set\(\[)\w|\[\];|\{\};)/;
    const offenders = ['workflows', 'domain'].flatMap(filesOf).flatMap((file) =>
      readFileSync(path.join(PROJECT, file), 'utf8')
        .split('\n')
        .flatMap((text, index) =>
          variable.test(text) || container.test(text) ? [`${file}:${index + 1} ${text}`] : [],
        ),
    );
    expect(offenders).toEqual([]);
  });
});

describe('the product', () => {
  const folders = Object.keys(ALLOWED);

  it('imports nothing from dev, bench or test', () => {
    const offenders = folders
      .flatMap(filesOf)
      .flatMap(importsOf)
      .filter(({ target }) => /^(dev|bench|test)\//.test(target))
      .map(({ file, line, target }) => `${file}:${line} imports ${target}`);
    expect(offenders).toEqual([]);
  });

  it('reads process.env only where it starts, and in config/env.ts', () => {
    const entries = /(^|\/)main\.ts$|^config\/env\.ts$|^deploy\//;
    const offenders = folders
      .flatMap(filesOf)
      .filter((file) => !entries.test(file))
      .filter((file) =>
        /process\.env\b/.test(
          readFileSync(path.join(PROJECT, file), 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, ''),
        ),
      );
    expect(offenders).toEqual([]);
  });
});

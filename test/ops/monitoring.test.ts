/** Alert rules and dashboard ask for what the service, as it is run, really tells. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parser } from '@prometheus-io/lezer-promql';
import { parse } from 'yaml';
import { FINAL_OUTCOMES } from '../../db/charges.ts';
import { startStack, type TestStack } from '../support/stack.ts';
import { waitFor } from '../support/wait.ts';
import { scrape } from './scrape.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const read = (file: string) => readFileSync(path.join(ROOT, file), 'utf8');

interface Rule {
  alert: string;
  expr: string;
  for?: string;
  labels: { severity: string };
  annotations: { summary: string; runbook_url: string };
}
interface Panel {
  title: string;
  type: string;
  gridPos: { x: number; y: number; w: number; h: number };
  targets?: { expr: string }[];
}
const rules = (parse(read('deploy/prometheus/alerts.yml')) as { groups: { rules: Rule[] }[] }).groups.flatMap(
  (group) => group.rules,
);
const dashboard = JSON.parse(read('deploy/grafana/dashboards/durable-billing.json')) as { panels: Panel[] };
const expressions = [
  ...rules.map(({ alert, expr }) => ({ of: alert, expr })),
  ...dashboard.panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ of: title, expr }))),
];

/** Names of the metrics that an expression asks for. @throws Error where it is no PromQL */
function metricsIn(expr: string): string[] {
  const names: string[] = [];
  parser.parse(expr).iterate({
    enter(node) {
      if (node.type.isError) {
        throw new Error(`not PromQL at ${node.from}: ${expr}`);
      }
      if (node.name === 'VectorSelector' && node.node.firstChild?.name === 'Identifier') {
        names.push(expr.slice(node.node.firstChild.from, node.node.firstChild.to));
      }
    },
  });
  return names;
}

/** Told by Prometheus itself. */
const PROMETHEUS_OWN = ['up'];
/** Told by the SDK once it happened; spelled as what the test sees. */
const ONLY_AFTER_FAILURES = ['temporal_workflow_task_execution_failed', 'temporal_activity_execution_failed'];

const ALERTS = [
  'WorkerDown',
  'ApiDown',
  'DatabaseUnreachable',
  'StripeKeyRefused',
  'WebhookEndpointSilent',
  'TemporalUnreachable',
  'InboxUndelivered',
  'ChargeBacklog',
  'WorkflowTaskFailing',
  'ActivitiesFailing',
  'MassDecline',
  'NeedsAttention',
  'MailsWaiting',
];

describe('alert rules', () => {
  it('are those that are listed, each with its runbook, its words and how urgent it is', () => {
    expect(rules.map(({ alert }) => alert)).toEqual(ALERTS);
    for (const { alert, labels, annotations } of rules) {
      const kebab = alert.replace(/(?<!^)[A-Z]/g, (letter) => `-${letter}`).toLowerCase();
      expect(annotations.runbook_url).toBe(`docs/runbooks/${kebab}.md`);
      expect(annotations.summary).toMatch(/\.$/);
      expect(['page', 'ticket']).toContain(labels.severity);
    }
  });

  it('lead to runbooks that exist', () => {
    const missing = rules
      .map(({ annotations }) => annotations.runbook_url)
      .filter((file) => !existsSync(path.join(ROOT, file)));
    expect(missing).toEqual([]);
  });
});

describe('expressions', () => {
  it.each(expressions)('of $of are PromQL and name a metric', ({ expr }) => {
    expect(metricsIn(expr).length).toBeGreaterThan(0);
  });

  it('would be found out if they were not', () => {
    expect(() => metricsIn('sum(rate(a[5m])')).toThrow('not PromQL');
  });
});

describe('attempts by outcome', () => {
  // What is not decided yet becomes fewer, and Prometheus takes a counter that falls for a process that began anew.
  it('are counted where an outcome is final, and else as the sum of all', () => {
    const rates = expressions.flatMap(({ of, expr }) =>
      [...expr.matchAll(/\b(?:rate|increase)\(billing_charge_attempts_total([^[]*)/g)].map(([, asked]) => [
        of,
        [...String(asked).matchAll(/\w+(?=["|])/g)].map(([outcome]) => outcome),
      ]),
    );
    expect(rates.length).toBeGreaterThan(1);
    for (const [of, outcomes = []] of rates) {
      expect([of, outcomes.length > 0]).toEqual([of, true]);
      expect(FINAL_OUTCOMES).toEqual(expect.arrayContaining([...outcomes]));
    }
  });
});

describe('the dashboard', () => {
  it('has panels that do not overlap', () => {
    const cells = new Set<string>();
    for (const { title, gridPos } of dashboard.panels) {
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          expect([title, cells.has(`${x}/${y}`), x < 24]).toEqual([title, false, true]);
          cells.add(`${x}/${y}`);
        }
      }
    }
  });
});

describe('panels that the docs name', () => {
  const files = [
    'docs/observability.md',
    'docs/operations.md',
    ...rules.map((rule) => rule.annotations.runbook_url),
  ];
  const named = files.flatMap((file) =>
    [...read(file).matchAll(/\*([^*\n]+)\* in the dashboard/g)].map((match) => String(match[1])),
  );

  it('are there', () => {
    expect(named.length).toBeGreaterThan(1);
    const titles = dashboard.panels.map(({ title }) => title);
    expect(named.filter((title) => !titles.includes(title))).toEqual([]);
  });

  it('show Workflow Tasks that fail for as long as the alert fires', () => {
    const [alert] = rules.filter((rule) => rule.alert === 'WorkflowTaskFailing');
    const panels = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => `${expr} > 0`));
    expect(panels).toContain(alert?.expr);
  });
});

describe('what API and Worker tell', () => {
  let stack: TestStack;
  beforeAll(async () => {
    stack = await startStack();
  }, 120_000);
  afterAll(() => stack.stop());

  it('has every metric that a rule or a panel asks for', async () => {
    const decline = await stack.enroll({
      customer: { reference: 'monitored', email: 'monitored@example.com' },
      terms: { currency: 'jpy', schedule: { type: 'once', amount_minor: 1200 } },
    });
    const session = decline.checkout_url.split('/').at(-1)?.split('#')[0] ?? '';
    await stack.control(`checkout_sessions/${session}/complete`, { number: '4000000000000341' });
    await waitFor('the decline', async () => (await stack.enrollment(decline.id)).status === 'past_due', {
      timeoutMs: 30_000,
      everyMs: 200,
    });
    const told = await waitFor(
      'the figures of the decline',
      async () => {
        const [api, worker] = await Promise.all([
          textOf(`${stack.api}/metrics`),
          textOf(stack.workerMetrics()),
        ]);
        const both = { api: scrape(api), worker: scrape(worker) };
        return both.api.value('billing_declines_total', { decline_code: 'generic_decline' }) === 1
          ? both
          : false;
      },
      { timeoutMs: 30_000, everyMs: 500 },
    );
    const { api, worker } = told;
    expect(worker.of('billing_schedule_lag_seconds_count')).toEqual([{ labels: {}, value: 1 }]);
    const declined = { endpoint: 'POST /v1/payment_intents', outcome: 'declined' };
    expect(worker.value('billing_stripe_request_seconds_count', declined)).toBe(1);
    expect(api.value('billing_webhook_lag_seconds_count')).toBe(1);
    expect(api.value('billing_task_queue_pollers', { kind: 'workflow' })).toBeGreaterThan(0);
    expect(api.value('billing_task_queue_pollers', { kind: 'activity' })).toBeGreaterThan(0);

    const known = new Set([...PROMETHEUS_OWN, ...ONLY_AFTER_FAILURES]);
    for (const { names, sampleNames } of [api, worker]) {
      for (const name of [...names, ...sampleNames]) {
        known.add(name);
      }
    }
    const unknown = expressions.flatMap(({ of, expr }) =>
      metricsIn(expr)
        .filter((name) => !known.has(name))
        .map((name) => `${of}: ${name}`),
    );
    expect(unknown).toEqual([]);
    expect(worker.names).toContain('temporal_workflow_task_execution_latency');
  }, 120_000);

  it('counts the tries of an Activity that fail, and those that succeed', async () => {
    const match = { method: 'POST', path_prefix: '/v1/payment_intents' };
    const tries = async () => {
      const told = scrape(await textOf(stack.workerMetrics()));
      return ['execution_failed', 'succeed_endtoend_latency_count'].map((which) =>
        told.value(`temporal_activity_${which}`, { activity_type: 'collectCharge' }),
      );
    };
    // A decline is an answer. Its rows are there before it is told.
    await waitFor('the decline to be told', async () => String(await tries()) === ',1');
    await stack.control('faults', { match, kind: 'status', status: 500, times: 2 });
    const { id, checkout_url: url } = await stack.enroll({
      customer: { reference: 'tried-again', email: 'tried-again@example.com' },
      terms: { currency: 'jpy', schedule: { type: 'once', amount_minor: 1200 } },
    });
    const session = url.split('/').at(-1)?.split('#')[0] ?? '';
    await stack.control(`checkout_sessions/${session}/complete`, { number: '4242424242424242' });
    await waitFor('the charge', async () => (await stack.enrollment(id)).status === 'completed', {
      timeoutMs: 30_000,
      everyMs: 200,
    });
    await waitFor('both to be told', async () => String(await tries()) === '2,2');
  }, 60_000);

  it('is described, every metric of ours, in docs/observability.md', async () => {
    const texts = await Promise.all([textOf(`${stack.api}/metrics`), textOf(stack.workerMetrics())]);
    const ours = texts.flatMap((text) => scrape(text).names).filter((name) => name.startsWith('billing_'));
    const docs = read('docs/observability.md');
    expect(ours.length).toBeGreaterThan(25);
    expect([...new Set(ours)].filter((name) => !docs.includes(`\`${name}\``))).toEqual([]);
    for (const name of ALERTS) {
      expect(docs).toContain(`**${name}**`);
    }
  });
});

async function textOf(url: string): Promise<string> {
  const answer = await fetch(url);
  expect(answer.status).toBe(200);
  return answer.text();
}

// The frame of the dashboard: navigation, styles, small parts that its pages share.

import { Html, html } from '../pages/html.ts';
import type { Mode } from '../store/world.ts';

export const SECTIONS = [
  ['payments', 'Payments'],
  ['sessions', 'Checkout Sessions'],
  ['setups', 'SetupIntents'],
  ['customers', 'Customers'],
  ['disputes', 'Disputes'],
  ['refunds', 'Refunds'],
  ['balance', 'Balance'],
  ['events', 'Events'],
  ['deliveries', 'Webhook deliveries'],
  ['endpoints', 'Webhook endpoints'],
  ['requests', 'API requests'],
  ['tools', 'Clock and faults'],
] as const;
export type Section = (typeof SECTIONS)[number][0];

const STYLE = new Html(`
:root { --ink:#1a1f36; --soft:#5b6478; --line:#dfe4ec; --page:#f6f8fa; --panel:#fff; --accent:#0b5fff; --good:#0a6b3d; --bad:#a8093a; --wait:#7a4b00; }
@media (prefers-color-scheme: dark) { :root { --ink:#eef1f6; --soft:#a8b1c2; --line:#323b4e; --page:#10141f; --panel:#171d2c; --accent:#7aa7ff; --good:#6fdca4; --bad:#ff93ad; --wait:#ffc76b; } }
* { box-sizing:border-box; } body { margin:0; background:var(--page); color:var(--ink); font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans JP",sans-serif; }
a { color:var(--accent); text-decoration:none; } a:hover { text-decoration:underline; }
.top { display:flex; flex-wrap:wrap; gap:8px 20px; align-items:center; padding:12px 20px; background:var(--panel); border-bottom:1px solid var(--line); }
.top strong { font-size:1.05rem; } .top .soft { margin-left:auto; }
.soft { color:var(--soft); font-size:.88rem; }
.frame { display:grid; grid-template-columns:minmax(0,1fr); }
nav { display:flex; flex-wrap:wrap; gap:4px; padding:10px 14px; border-bottom:1px solid var(--line); }
nav a { padding:6px 10px; border-radius:6px; color:var(--ink); } nav a[aria-current] { background:var(--accent); color:var(--panel); }
main { padding:20px; min-width:0; } h1 { font-size:1.35rem; margin:0 0 14px; } h2 { font-size:1.05rem; margin:24px 0 8px; }
@media (min-width:860px) { .frame { grid-template-columns:200px minmax(0,1fr); } nav { flex-direction:column; flex-wrap:nowrap; border:0; padding:18px 12px; } main { padding:24px 28px; } }
.scroll { overflow-x:auto; background:var(--panel); border:1px solid var(--line); border-radius:10px; }
table { border-collapse:collapse; width:100%; } th,td { text-align:left; padding:9px 12px; border-bottom:1px solid var(--line); white-space:nowrap; vertical-align:top; }
tr:last-child td { border-bottom:0; } th { font-size:.8rem; color:var(--soft); font-weight:600; }
code,pre { font-family:ui-monospace,Menlo,Consolas,monospace; font-size:.84rem; } pre { margin:0; padding:14px; overflow-x:auto; }
.status { font-weight:600; font-size:.84rem; } .good { color:var(--good); } .bad { color:var(--bad); } .wait { color:var(--wait); }
.actions { display:flex; flex-wrap:wrap; gap:8px; margin:0 0 16px; } form { margin:0; display:inline; }
button { font:inherit; font-size:.9rem; min-height:36px; padding:5px 12px; border-radius:7px; border:1px solid var(--line); background:var(--panel); color:var(--ink); cursor:pointer; }
button:hover { border-color:var(--accent); } :focus-visible { outline:3px solid var(--accent); outline-offset:1px; }
label { display:block; font-size:.85rem; margin:0 0 4px; } input,select { font:inherit; min-height:36px; padding:4px 8px; border:1px solid var(--line); border-radius:7px; background:var(--panel); color:inherit; }
.grid { display:flex; flex-wrap:wrap; gap:12px; align-items:flex-end; } .notice { padding:10px 14px; border:1px solid var(--line); border-radius:8px; margin:0 0 16px; background:var(--panel); }
.empty { padding:28px; color:var(--soft); }
`);

export interface Frame {
  mode: Mode;
  section: Section | null;
  title: string;
  clock: string;
  notice: string | null;
  body: Html;
}

export function dashboardPage(frame: Frame): Html {
  const other = frame.mode === 'test' ? 'live' : 'test';
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${frame.title} · Stripe stand-in</title><link rel="icon" href="data:,"><style>${STYLE}</style></head>
<body><header class="top"><strong><a href="/?mode=${frame.mode}">Stripe stand-in</a></strong>
<span>${frame.mode} mode</span><a href="/?mode=${other}">switch to ${other} mode</a>
<span class="soft">its clock: ${frame.clock}</span></header>
<div class="frame"><nav aria-label="Sections">${SECTIONS.map(
    ([id, label]) =>
      html`<a href="/dashboard/${id}?mode=${frame.mode}"${id === frame.section ? CURRENT : null}>${label}</a>`,
  )}</nav>
<main><h1>${frame.title}</h1>${frame.notice === null ? null : html`<p class="notice" role="status">${frame.notice}</p>`}${frame.body}</main></div></body></html>`;
}

const CURRENT = new Html(' aria-current="page"');

export function table(heads: readonly string[], rows: readonly Html[], empty: string): Html {
  if (rows.length === 0) return html`<div class="scroll empty">${empty}</div>`;
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${heads[0]} and more"><table><thead><tr>${heads.map((head) => html`<th scope="col">${head}</th>`)}</tr></thead><tbody>${rows}</tbody></table></div>`;
}

const GOOD = [
  'succeeded',
  'complete',
  'delivered',
  'won',
  'active',
  'enabled',
  'available',
  'warning_closed',
];
const BAD = ['failed', 'canceled', 'expired', 'lost', 'needs_response', 'inactive'];

export function statusMark(status: string | null): Html {
  const kind = GOOD.includes(status ?? '') ? 'good' : BAD.includes(status ?? '') ? 'bad' : 'wait';
  return html`<span class="status ${kind}">${status ?? '—'}</span>`;
}

/** @param ms epoch milliseconds on the stand-in's clock */
export function instant(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

export function objectLink(id: unknown, mode: Mode): Html {
  return typeof id === 'string'
    ? html`<a href="/dashboard/objects/${id}?mode=${mode}"><code>${id}</code></a>`
    : html`—`;
}

/** A button that runs one control and comes back to this page. */
export function actionButton(label: string, control: string, back: string, body: object = {}): Html {
  return html`<form method="post" action="/dashboard/do"><input type="hidden" name="control" value="${control}"><input type="hidden" name="back" value="${back}"><input type="hidden" name="body" value="${JSON.stringify(body)}"><button>${label}</button></form>`;
}

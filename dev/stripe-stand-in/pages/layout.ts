// The frame of the pages a customer sees: head, styles, test-mode mark. No script is needed on any of them.

import { Html, html } from './html.ts';
import type { Language } from './words.ts';

const STYLE = new Html(`
:root { --ink:#1a1f36; --soft:#5b6478; --line:#d5dbe4; --field:#fff; --page:#f6f8fa; --accent:#0b5fff; --accent-ink:#fff;
  --error:#b3093c; --error-page:#fff0f3; --panel:#fff; }
@media (prefers-color-scheme: dark) { :root { --ink:#eef1f6; --soft:#a8b1c2; --line:#3a4356; --field:#1b2233; --page:#10141f;
  --accent:#5b93ff; --accent-ink:#0b1020; --error:#ff8ba7; --error-page:#3a1420; --panel:#161c2b; } }
* { box-sizing: border-box; }
body { margin:0; background:var(--page); color:var(--ink); font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Hiragino Sans","Noto Sans JP",sans-serif; }
a { color:var(--accent); }
.shell { min-height:100vh; display:grid; grid-template-columns:1fr; }
.side { padding:24px 20px 0; }
.main { padding:20px; }
.inner { max-width:440px; margin:0 auto; }
@media (min-width:880px) {
  .shell { grid-template-columns:1fr 1fr; }
  .side { background:var(--panel); border-right:1px solid var(--line); padding:72px 40px; }
  .main { padding:72px 40px; }
  .side .inner { margin:0 0 0 auto; } .main .inner { margin:0 auto 0 0; }
}
h1 { font-size:1.5rem; line-height:1.3; margin:12px 0 8px; letter-spacing:-.01em; }
h2 { font-size:1.1rem; margin:0 0 16px; }
.soft { color:var(--soft); } .small { font-size:.875rem; }
.back { margin-right:10px; display:inline-flex; align-items:center; gap:8px; color:var(--soft); text-decoration:none; font-size:.9rem; min-height:44px; }
.back:hover, .back:focus-visible { color:var(--ink); }
.mark { display:inline-block; background:#ffe0a3; color:#5c3b00; font-size:.7rem; font-weight:700; letter-spacing:.04em; border-radius:4px; padding:3px 7px; vertical-align:middle; }
.card { background:var(--panel); border:1px solid var(--line); border-radius:12px; padding:24px; }
fieldset { border:0; margin:0 0 20px; padding:0; min-width:0; }
legend, label { display:block; font-size:.9rem; font-weight:600; padding:0; margin:0 0 6px; }
legend { font-size:1.1rem; margin-bottom:14px; }
h1, h2, p { word-break:auto-phrase; text-wrap:pretty; }
.field { margin-bottom:18px; }
input[type=text], input[type=email], input[type=tel], select { width:100%; min-height:46px; font:inherit; color:inherit; background:var(--field); border:1px solid var(--line); border-radius:8px; padding:9px 12px; }
input:focus-visible, button:focus-visible, a:focus-visible, select:focus-visible { outline:3px solid var(--accent); outline-offset:1px; }
input[aria-invalid=true] { border-color:var(--error); }
.pair { display:grid; grid-template-columns:1fr 1fr; gap:12px; }
.fault { color:var(--error); font-size:.875rem; margin:6px 0 0; }
.alert { background:var(--error-page); color:var(--error); border:1px solid var(--error); border-radius:8px; padding:12px 14px; margin:0 0 20px; font-size:.95rem; }
.choice + .fault { margin:-8px 0 16px; }
.choice { display:flex; gap:10px; align-items:flex-start; font-weight:400; font-size:.9rem; margin-bottom:14px; }
.choice input { width:20px; height:20px; margin:1px 0 0; flex:none; }
.SubmitButton, .button { display:block; width:100%; min-height:48px; border:0; border-radius:8px; font:inherit; font-weight:600; cursor:pointer; background:var(--accent); color:var(--accent-ink); padding:11px 16px; text-align:center; text-decoration:none; }
.SubmitButton:hover, .button:hover { filter:brightness(1.08); }
.plain { background:transparent; color:var(--ink); border:1px solid var(--line); }
.known { margin:0 0 18px; }
.methods { display:grid; gap:8px; margin-bottom:18px; }
.method { display:flex; gap:10px; align-items:center; min-height:46px; margin:0; padding:8px 12px; border:1px solid var(--line); border-radius:8px; background:var(--field); font-weight:500; cursor:pointer; }
.method input { width:18px; height:18px; margin:0; }
.method:has(input:checked) { border-color:var(--accent); box-shadow:0 0 0 1px var(--accent); }
@supports selector(:has(*)) {
  .switched .panel { display:none; }
  fieldset:has(#payment-method-card:checked) .panel-card, fieldset:has(#payment-method-us_bank_account:checked) .panel-us_bank_account,
  fieldset:has(#payment-method-sepa_debit:checked) .panel-sepa_debit { display:block; }
}
.stack > * + * { margin-top:12px; }
.lock { display:flex; gap:8px; align-items:center; justify-content:center; margin-top:18px; }
footer { margin-top:24px; }
td code { white-space:nowrap; }
.center { max-width:480px; margin:0 auto; padding:48px 20px; }
details summary { cursor:pointer; min-height:32px; }
code { font-family:ui-monospace,Menlo,Consolas,monospace; font-size:.9em; }
table { border-collapse:collapse; width:100%; } td { padding:4px 8px 4px 0; vertical-align:top; }
`);

export interface PageParts {
  language: Language;
  title: string;
  body: Html;
}

export function page(parts: PageParts): Html {
  return html`<!doctype html>
<html lang="${parts.language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${parts.title}</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
</head>
<body>
${parts.body}
</body>
</html>`;
}

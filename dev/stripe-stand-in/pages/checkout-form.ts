// The hosted Checkout page of a setup session: card, name, e-mail when no customer is known.

import type Stripe from 'stripe';
import { Html, html } from './html.ts';
import { page } from './layout.ts';
import { type Language, wordsOf } from './words.ts';

export interface Typed {
  method: string;
  email: string;
  cardNumber: string;
  cardExpiry: string;
  cardCvc: string;
  billingName: string;
  iban: string;
  routingNumber: string;
  accountNumber: string;
  terms: boolean;
  promotions: boolean;
}

export type FieldName =
  | 'email'
  | 'cardNumber'
  | 'cardExpiry'
  | 'cardCvc'
  | 'billingName'
  | 'termsOfServiceConsentCheckbox'
  | 'iban'
  | 'accountNumber';

export interface CheckoutView {
  language: Language;
  session: Stripe.Checkout.Session;
  cancelUrl: string | null;
  typed: Typed;
  faults: Partial<Record<FieldName, string>>;
  alert: string | null;
}

export function checkoutPage(view: CheckoutView): Html {
  const words = wordsOf(view.language);
  const { session } = view;
  const email = session.customer_details?.email ?? null;
  const body = html`<div class="shell">
<header class="side"><div class="inner">
${view.cancelUrl === null ? null : html`<a class="back" href="${view.cancelUrl}"><span aria-hidden="true">←</span> ${words.back}</a> `}
<span class="mark">${words.testMode}</span>
<h1>${words.heading}</h1>
<p class="soft">${words.lead}</p>
${session.client_reference_id === null ? null : html`<p class="small soft">${words.reference}: ${session.client_reference_id}</p>`}
<p class="small soft">${words.testNote}</p>
</div></header>
<main class="main"><div class="inner">
${view.alert === null ? null : html`<p class="alert" role="alert">${view.alert}</p>`}
<form method="post" action="/c/pay/${session.id}" novalidate>
<fieldset><legend>${words.contact}</legend>
${email === null ? field(view, { name: 'email', label: words.email, type: 'email', value: view.typed.email, complete: 'email' }) : html`<p>${email}</p>`}
</fieldset>
${methodFields(view)}
${consentFields(view)}
<button class="SubmitButton" type="submit" data-testid="hosted-payment-submit-button">${words.save}</button>
<p class="small soft">${session.custom_text.submit?.message ?? words.reuse}</p>
<p class="small soft lock">${LOCK} ${words.secure}</p>
</form>
${session.livemode ? null : testCards(words.testCards)}
</div></main>
</div>`;
  return page({ language: view.language, title: words.title, body });
}

function methodFields(view: CheckoutView): Html {
  const words = wordsOf(view.language);
  const { typed } = view;
  return html`<fieldset><legend>${words.card}</legend>
${field(view, { name: 'cardNumber', label: words.number, value: typed.cardNumber, complete: 'cc-number', mode: 'numeric', hint: '1234 1234 1234 1234' })}
<div class="pair">
${field(view, { name: 'cardExpiry', label: words.expiry, value: typed.cardExpiry, complete: 'cc-exp', mode: 'numeric', hint: 'MM / YY' })}
${field(view, { name: 'cardCvc', label: words.cvc, value: '', complete: 'cc-csc', mode: 'numeric', hint: 'CVC' })}
</div>
${field(view, { name: 'billingName', label: words.name, value: typed.billingName, complete: 'cc-name' })}
</fieldset>`;
}

function consentFields(view: CheckoutView): Html | null {
  const words = wordsOf(view.language);
  const asked = view.session.consent_collection;
  if (asked === null) return null;
  const fault = view.faults.termsOfServiceConsentCheckbox;
  return html`<div>
${
  asked.terms_of_service === 'required'
    ? html`<label class="choice"><input type="checkbox" id="termsOfServiceConsentCheckbox" name="termsOfServiceConsentCheckbox" value="true"${view.typed.terms ? CHECKED : null}${fault === undefined ? null : INVALID}><span>${view.session.custom_text.terms_of_service_acceptance?.message ?? words.terms}</span></label>${fault === undefined ? null : html`<p class="fault">${fault}</p>`}`
    : null
}
${
  asked.promotions === 'auto'
    ? html`<label class="choice"><input type="checkbox" id="enablePromotions" name="enablePromotions" value="true"${view.typed.promotions ? CHECKED : null}><span>${words.promotions}</span></label>`
    : null
}
</div>`;
}

const CHECKED = new Html(' checked');
const INVALID = new Html(' aria-invalid="true"');

interface Field {
  name: FieldName;
  label: string;
  value: string;
  type?: string;
  complete: string;
  mode?: string;
  hint?: string;
}

export function field(view: CheckoutView, input: Field): Html {
  const fault = view.faults[input.name];
  const described = html` aria-invalid="true" aria-describedby="${input.name}-fault"`;
  return html`<div class="field"><label for="${input.name}">${input.label}</label>
<input id="${input.name}" name="${input.name}" type="${input.type ?? 'text'}" value="${input.value}" autocomplete="${input.complete}"${input.mode === undefined ? null : html` inputmode="${input.mode}"`}${input.hint === undefined ? null : html` placeholder="${input.hint}"`} required${fault === undefined ? null : described}>
${fault === undefined ? null : html`<p class="fault" id="${input.name}-fault">${fault}</p>`}</div>`;
}

const LOCK = new Html(
  '<svg aria-hidden="true" width="14" height="14" viewBox="0 0 16 16" fill="currentColor"><path d="M4 7V5a4 4 0 1 1 8 0v2h.5c.8 0 1.5.7 1.5 1.5v5c0 .8-.7 1.5-1.5 1.5h-9A1.5 1.5 0 0 1 2 13.500v-5C2 7.700 2.700 7 3.500 7H4Zm1.500 0h5V5a2.500 2.500 0 0 0-5 0v2Z"/></svg>',
);

function testCards(title: string): Html {
  const lines = [
    ['4242 4242 4242 4242', 'succeeds'],
    ['4000 0025 0000 3155', 'asks for authentication'],
    ['4000 0000 0000 0002', 'is declined'],
    ['4000 0000 0000 0341', 'is saved, later charges are declined'],
  ];
  return html`<footer><details><summary class="small soft">${title}</summary><table class="small">
${lines.map(([number, effect]) => html`<tr><td><code>${number}</code></td><td>${effect}</td></tr>`)}
</table></details></footer>`;
}

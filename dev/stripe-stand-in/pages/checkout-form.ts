// The hosted Checkout page of a setup session: how it looks. What was typed is judged in checkout-input.ts.

import type Stripe from 'stripe';
import { CHECKED, choiceField, type FormState, faultLine, field, INVALID } from './fields.ts';
import { Html, html } from './html.ts';
import { page } from './layout.ts';
import { type Language, wordsOf } from './words.ts';

export interface CheckoutView extends FormState {
  language: Language;
  session: Stripe.Checkout.Session;
  cancelUrl: string | null;
  alert: string | null;
}

const COUNTRIES = (
  'AT AU BE BG BR CA CH CY CZ DE DK EE ES FI FR GB GR HK HR HU IE IN IT JP LT LU LV MT MX MY NL NO NZ PL PT RO SE SG ' +
  'SI SK TH US'
).split(' ');

export function checkoutPage(view: CheckoutView): Html {
  const words = wordsOf(view.language);
  const { session } = view;
  const body = html`<div class="shell">
<header class="side"><div class="inner">
${view.cancelUrl === null ? null : html`<a class="back" href="${view.cancelUrl}"><span aria-hidden="true">←</span> ${words.back}</a>`}
<span class="mark">${words.testMode}</span>
<h1>${words.heading}</h1>
<p class="soft">${words.lead}</p>
${session.client_reference_id === null ? null : html`<p class="small soft">${words.reference}: ${session.client_reference_id}</p>`}
<p class="small soft note">${words.testNote}</p>
</div></header>
<main class="main"><div class="inner">
${view.alert === null ? null : html`<p class="alert" role="alert">${view.alert}</p>`}
<form method="post" action="/c/pay/${session.id}" novalidate>
${contactFields(view)}
${methodFields(view)}
${consentFields(view)}
<button class="SubmitButton" type="submit" data-testid="hosted-payment-submit-button">${words.save}</button>
<p class="small soft">${session.custom_text.submit?.message ?? words.reuse}</p>
<p class="small soft lock">${LOCK} ${words.secure}</p>
</form>
${session.livemode ? null : testCards(view.language)}
</div></main>
</div>`;
  return page({ language: view.language, title: words.title, body });
}

function contactFields(view: CheckoutView): Html {
  const words = wordsOf(view.language);
  const email = view.session.customer_details?.email ?? null;
  return html`<fieldset><legend>${words.contact}</legend>
${
  email === null
    ? field(view, {
        name: 'email',
        label: words.email,
        type: 'email',
        complete: 'email',
        hint: 'name@example.com',
      })
    : html`<p class="known">${email}</p>`
}
${view.session.phone_number_collection?.enabled ? field(view, { name: 'phoneNumber', label: words.phone, type: 'tel', complete: 'tel' }) : null}
</fieldset>`;
}

function methodFields(view: CheckoutView): Html {
  const words = wordsOf(view.language);
  const types = view.session.payment_method_types;
  const chosen = types.includes(view.typed.paymentMethod) ? view.typed.paymentMethod : (types[0] ?? 'card');
  const labels: Record<string, string> = {
    card: words.card,
    us_bank_account: words.usBank,
    sepa_debit: words.sepa,
  };
  const choices = types.map(
    (type) =>
      html`<label class="method"><input type="radio" name="paymentMethod" id="payment-method-${type}" value="${type}"${type === chosen ? CHECKED : null}><span>${labels[type] ?? type}</span></label>`,
  );
  const panels = types.map((type) => html`<div class="panel panel-${type}">${panel(view, type)}</div>`);
  const many = types.length > 1;
  return html`<fieldset><legend>${words.method}</legend>
${many ? html`<div class="methods">${choices}</div>` : html`<input type="hidden" name="paymentMethod" value="${chosen}">`}
<div class="${many ? 'switched' : 'single'}">${panels}</div>
${field(view, { name: 'billingName', label: words.name, complete: 'cc-name' })}
${view.session.billing_address_collection === 'required' ? addressFields(view) : null}
</fieldset>`;
}

function panel(view: CheckoutView, type: string): Html {
  const words = wordsOf(view.language);
  switch (type) {
    case 'sepa_debit':
      return html`${field(view, { name: 'iban', label: words.iban, hint: 'DE00 0000 0000 0000 0000 00' })}<p class="small soft">${words.debitMandate}</p>`;
    case 'us_bank_account':
      return html`<div class="pair">${field(view, { name: 'routingNumber', label: words.routing, numeric: true, hint: '110000000' })}
${field(view, { name: 'accountNumber', label: words.account, numeric: true, hint: '000123456789' })}</div><p class="small soft">${words.debitMandate}</p>`;
    default:
      return html`${field(view, { name: 'cardNumber', label: words.number, complete: 'cc-number', numeric: true, hint: '1234 1234 1234 1234' })}
<div class="pair">${field(view, { name: 'cardExpiry', label: words.expiry, complete: 'cc-exp', numeric: true, hint: 'MM / YY' })}
${field(view, { name: 'cardCvc', label: words.cvc, complete: 'cc-csc', numeric: true, hint: 'CVC', forget: true })}</div>`;
  }
}

function addressFields(view: CheckoutView): Html {
  const words = wordsOf(view.language);
  const names = new Intl.DisplayNames([view.language], { type: 'region' });
  const countries = COUNTRIES.map((code): [string, string] => [code, names.of(code) ?? code]);
  return html`${choiceField(view, 'billingCountry', words.country, countries)}
${field(view, { name: 'billingAddressLine1', label: words.line1, complete: 'address-line1' })}
<div class="pair">${field(view, { name: 'billingPostalCode', label: words.postalCode, complete: 'postal-code' })}
${field(view, { name: 'billingLocality', label: words.city, complete: 'address-level2' })}</div>`;
}

function consentFields(view: CheckoutView): Html | null {
  const words = wordsOf(view.language);
  const asked = view.session.consent_collection;
  if (asked === null) return null;
  const name = 'termsOfServiceConsentCheckbox';
  const fault = view.faults[name];
  const text = view.session.custom_text.terms_of_service_acceptance?.message ?? words.terms;
  const accepted = view.typed.values[name] !== '' ? CHECKED : null;
  const terms = html`<label class="choice"><input type="checkbox" id="${name}" name="${name}" value="true"${accepted}${fault === undefined ? null : INVALID}><span>${text}</span></label>${faultLine(name, fault)}`;
  const promotions = html`<label class="choice"><input type="checkbox" id="enablePromotions" name="enablePromotions" value="true"${view.typed.promotions ? CHECKED : null}><span>${words.promotions}</span></label>`;
  return html`<div>${asked.terms_of_service === 'required' ? terms : null}${asked.promotions === 'auto' ? promotions : null}</div>`;
}

const LOCK = new Html(
  '<svg aria-hidden="true" width="14" height="14" viewBox="0 0 16 16" fill="currentColor"><path d="M4 7V5a4 4 0 1 1 8 0v2h.5c.8 0 1.5.7 1.5 1.5v5c0 .8-.7 1.5-1.5 1.5h-9A1.5 1.5 0 0 1 2 13.5v-5C2 7.700 2.700 7 3.500 7H4Zm1.500 0h5V5a2.500 2.500 0 0 0-5 0v2Z"/></svg>',
);

function testCards(language: Language): Html {
  const words = wordsOf(language);
  const lines = [
    ['4242 4242 4242 4242', words.hints.succeeds],
    ['4000 0025 0000 3155', words.hints.challenges],
    ['4000 0000 0000 0002', words.hints.declines],
    ['4000 0000 0000 0341', words.hints.declinesLater],
  ];
  return html`<footer><details><summary class="small soft">${words.testCards}</summary><table class="small">
${lines.map(([number, effect]) => html`<tr><td><code>${number}</code></td><td>${effect}</td></tr>`)}
</table></details></footer>`;
}

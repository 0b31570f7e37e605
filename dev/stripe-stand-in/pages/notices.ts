// The short pages: done, expired, not found, and the 3D Secure challenge.

import type Stripe from 'stripe';
import { formatAmount } from '../data/currencies.ts';
import { type Html, html } from './html.ts';
import { page } from './layout.ts';
import { type Language, wordsOf } from './words.ts';

export function notice(
  language: Language,
  title: string,
  texts: readonly string[],
  link: { href: string; label: string } | null = null,
): Html {
  const words = wordsOf(language);
  const body = html`<main class="center"><div class="card stack"><span class="mark">${words.testMode}</span><h1>${title}</h1>
${texts.map((text) => html`<p>${text}</p>`)}
${link === null ? null : html`<a class="button" href="${link.href}">${link.label}</a>`}</div></main>`;
  return page({ language, title, body });
}

export function challengePage(
  language: Language,
  challengeId: string,
  intent: Stripe.PaymentIntent | Stripe.SetupIntent,
  paymentMethod: Stripe.PaymentMethod,
): Html {
  const words = wordsOf(language);
  const what =
    intent.object === 'payment_intent'
      ? html`<tr><td class="soft">${words.amount}</td><td><strong>${formatAmount(intent.amount, intent.currency, language)}</strong></td></tr>`
      : html`<tr><td colspan="2">${words.challengeSetup}</td></tr>`;
  const body = html`<main class="center"><div class="card stack"><span class="mark">3D Secure · ${words.testMode}</span>
<h1>${words.challengeTitle}</h1><p>${words.challengeLead}</p>
<table>${what}<tr><td class="soft">${words.endsIn}</td><td>•••• ${paymentMethod.card?.last4 ?? ''}</td></tr></table>
<p class="small soft">${words.challengeNote}</p>
<form method="post" action="/3ds/${challengeId}" class="stack">
<button class="button" id="test-source-authorize-3ds" name="answer" value="complete">${words.challengeComplete}</button>
<button class="button plain" id="test-source-fail-3ds" name="answer" value="fail">${words.challengeFail}</button>
</form></div></main>`;
  return page({ language, title: words.challengeTitle, body });
}

export function microdepositsPage(language: Language, intentId: string, fault: string | null): Html {
  const words = wordsOf(language);
  const body = html`<main class="center"><div class="card stack"><span class="mark">${words.testMode}</span>
<h1>${words.microdepositsTitle}</h1><p>${words.microdepositsLead}</p>
<form method="post" action="/microdeposits/${intentId}" class="stack">
<div class="field"><label for="descriptorCode">${words.microdepositsCode}</label>
<input id="descriptorCode" name="descriptorCode" type="text" autocomplete="off" placeholder="SM11AA"${fault === null ? null : html` aria-invalid="true" aria-describedby="descriptorCode-fault"`}>
${fault === null ? null : html`<p class="fault" id="descriptorCode-fault">${fault}</p>`}</div>
<button class="button">${words.microdepositsSend}</button>
</form></div></main>`;
  return page({ language, title: words.microdepositsTitle, body });
}

/** The shop's pages: server-rendered, usable without script, in English and Japanese. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Charge, Enrollment } from './billing-api.ts';
import { drawing } from './drawings.ts';
import { type Html, html } from './html.ts';
import type { Order } from './orders.ts';
import { findProduct, formatAmount, type Locale, PRODUCTS, type Product } from './products.ts';
import { statusInWords, wordsOf } from './words.ts';

export const STYLE = readFileSync(path.join(import.meta.dirname, 'style.css'), 'utf8');

interface Frame {
  locale: Locale;
  title: string;
  /** Path of this page, for the link to the other language. */
  here: string;
  refreshSeconds?: number;
}

function page(frame: Frame, body: Html): string {
  const words = wordsOf(frame.locale);
  const other = frame.locale === 'ja' ? 'en' : 'ja';
  const refresh = frame.refreshSeconds
    ? html`<meta http-equiv="refresh" content="${frame.refreshSeconds}">`
    : null;
  const document = html`<!doctype html>
<html lang="${frame.locale}">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="color-scheme" content="light dark">
  ${refresh}
  <title>${frame.title} · ${words.shop}</title>
  <link rel="icon" href="data:,">
  <link rel="stylesheet" href="/style.css">
</head>
<body>
  <header>
    <a class="shop" href="/?lang=${frame.locale}">${words.shop}</a>
    <a href="${frame.here}?lang=${other}" hreflang="${other}" lang="${other}">${words.otherLanguage}</a>
  </header>
  <main>${body}</main>
</body>
</html>
`;
  return document.text;
}

function price(product: Product, locale: Locale): Html {
  const amount = formatAmount(product.amountMinor, product.currency, locale);
  return html`<span class="price">${amount} <small>${product.rhythm[locale]}</small></span>`;
}

function orderFields(product: Product, locale: Locale, orderId: string): Html {
  return html`
    <input type="hidden" name="order_id" value="${orderId}">
    <input type="hidden" name="sku" value="${product.sku}">
    <input type="hidden" name="lang" value="${locale}">`;
}

/** @param newOrderId as for {@link productPage} */
export function productsPage(locale: Locale, recent: readonly Order[], newOrderId: () => string): string {
  const words = wordsOf(locale);
  const cards = PRODUCTS.map(
    (product) => html`
      <li class="card">
        ${drawing(product.drawing)}
        <h2 style="margin-top:.25rem">${product.name[locale]}</h2>
        ${price(product, locale)}
        <p class="quiet">${product.about[locale]}</p>
        <form method="post" action="/checkout">
          ${orderFields(product, locale, newOrderId())}
          <button class="button wide">${words.checkout}</button>
        </form>
        <a class="details" href="/products/${product.sku}?lang=${locale}">${words.choose}</a>
      </li>`,
  );
  const orders = recent.map(
    (order) => html`
      <li><a href="/orders/${order.id}?lang=${locale}">${findProduct(order.sku)?.name[locale] ?? order.sku}</a>
        <span class="quiet">${instant(order.placedAt, locale)}</span></li>`,
  );
  return page(
    { locale, title: words.tagline, here: '/' },
    html`
      <h1>${words.shop}</h1>
      <p class="quiet">${words.tagline}</p>
      <ul class="products">${cards}</ul>
      ${orders.length > 0 ? html`<h2>${words.recentOrders}</h2><ul>${orders}</ul>` : null}`,
  );
}

/** @param orderId new for each rendering: the button pressed twice is one order, another visit is another */
export function productPage(locale: Locale, product: Product, orderId: string): string {
  const words = wordsOf(locale);
  return page(
    { locale, title: product.name[locale], here: `/products/${product.sku}` },
    html`
      <p><a href="/?lang=${locale}">← ${words.back}</a></p>
      <div class="product">
        <div>
          ${drawing(product.drawing)}
          <h1>${product.name[locale]}</h1>
          ${price(product, locale)}
          <p>${product.about[locale]}</p>
        </div>
        <form class="card" method="post" action="/checkout">
          ${orderFields(product, locale, orderId)}
          <label>${words.email} <small>(${words.optional}) ${words.emailHint}</small>
            <input type="email" name="email" autocomplete="email" maxlength="254"></label>
          <label>${words.name} <small>(${words.optional})</small>
            <input name="name" autocomplete="name" maxlength="200"></label>
          <button class="button wide">${words.checkout}</button>
          <p class="quiet" style="margin-bottom:0"><small>${words.cardHint}</small></p>
        </form>
      </div>`,
  );
}

export interface OrderView {
  order: Order;
  enrollment: Enrollment;
  charges: readonly Charge[];
  mailsUrl: string | null;
}

const SETTLED = new Set([
  'succeeded',
  'canceled',
  'uncollectible',
  'needs_attention',
  'requires_payment_method',
]);

/** Where the customer comes back to: what the billing service knows, looked at again while something is under way. */
export function orderPage(locale: Locale, view: OrderView): string {
  const { order, enrollment, charges, mailsUrl } = view;
  const words = wordsOf(locale);
  const product = findProduct(order.sku);
  const soon =
    enrollment.next_charge !== null && Date.parse(enrollment.next_charge.due_at) - Date.now() < 120_000;
  const awaitsFirst = enrollment.ended_at === null && charges.length === 0;
  const underWay = soon || awaitsFirst || charges.some((charge) => !SETTLED.has(charge.status));
  const method = enrollment.payment_method;
  const next = enrollment.next_charge;
  const rows = charges.map(
    (charge) => html`
      <tr><td class="number">${formatAmount(charge.amount_minor, charge.currency, locale)}</td>
        <td class="${charge.status}">${statusInWords(charge.status, locale)}</td>
        <td>${instant(charge.due_at, locale)}</td><td class="number">${charge.attempts}</td></tr>`,
  );
  return page(
    {
      locale,
      title: words.yourOrder,
      here: `/orders/${order.id}`,
      ...(underWay ? { refreshSeconds: 2 } : {}),
    },
    html`
      <h1>${product?.name[locale] ?? order.sku}</h1>
      <p class="state ${enrollment.status}" data-status="${enrollment.status}" role="status">${statusInWords(enrollment.status, locale)}</p>
      <div class="card">
        <dl>
          <dt>${words.method}</dt><dd>${method ? `${method.brand ?? method.type} •••• ${method.last4 ?? ''}` : '–'}</dd>
          <dt>${words.collected}</dt><dd>${formatAmount(enrollment.amount_collected_minor, product?.currency ?? 'jpy', locale)}</dd>
          ${
            next
              ? html`<dt>${words.nextCharge}</dt><dd>${formatAmount(next.amount_minor, next.currency, locale)}, ${instant(next.due_at, locale)}</dd>`
              : null
          }
        </dl>
        <div class="actions">
          ${
            enrollment.checkout_url
              ? html`<a class="button" href="${enrollment.checkout_url}">${words.resume}</a>`
              : null
          }
          <a class="button plain" href="${enrollment.customer_link}">${words.manage}</a>
          ${
            enrollment.ended_at === null
              ? html`<form method="post" action="/orders/${order.id}/cancel?lang=${locale}"><button class="button plain">${words.cancel}</button></form>`
              : null
          }
        </div>
      </div>
      <h2>${words.charges}</h2>
      ${
        rows.length === 0
          ? html`<p class="quiet">${words.noCharges}</p>`
          : html`<table><thead><tr><th>${words.amount}</th><th>${words.state}</th><th>${words.due}</th><th>${words.attempts}</th></tr></thead><tbody>${rows}</tbody></table>`
      }
      ${underWay ? html`<p class="quiet"><small>${words.watching}</small></p>` : null}
      <h2>${words.behind}</h2>
      <dl>
        <dt>${words.enrollment}</dt><dd><code data-enrollment="${enrollment.id}">${enrollment.id}</code></dd>
        ${
          enrollment.temporal_ui_url
            ? html`<dt>Temporal</dt><dd><a href="${enrollment.temporal_ui_url}">${words.workflow}</a></dd>`
            : null
        }
        ${mailsUrl ? html`<dt>${words.mails}</dt><dd><a href="${mailsUrl}">${mailsUrl}</a></dd>` : null}
      </dl>`,
  );
}

export function troublePage(locale: Locale, message: string, mayRepeat: boolean): string {
  const words = wordsOf(locale);
  return page(
    { locale, title: words.trouble, here: '/' },
    html`<h1>${words.trouble}</h1><p>${message}</p>
      ${mayRepeat ? html`<p class="quiet">${words.again}</p>` : null}
      <p><a class="button" href="/?lang=${locale}">${words.back}</a></p>`,
  );
}

function instant(iso: string, locale: Locale): string {
  return new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(iso));
}

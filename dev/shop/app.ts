/**
 * A small shop, to show how a front end uses the billing service: its server asks for an enrollment, sends the
 * browser to Checkout, and on the return page shows what the service says. It keeps no payment data.
 */
import { createHash, randomUUID } from 'node:crypto';
import formbody from '@fastify/formbody';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { type BillingApi, BillingError, type NewEnrollment } from './billing-api.ts';
import type { OrderBook } from './orders.ts';
import { orderPage, productPage, productsPage, STYLE, troublePage } from './pages.ts';
import { findProduct, type Locale, type Product } from './products.ts';
import { wordsOf } from './words.ts';

export interface ShopOptions {
  billing: BillingApi;
  orders: OrderBook;
  /** Address under which the browser reaches the shop; the billing service must allow it as a return address. */
  publicUrl: string;
  /** Page of the mail catcher, for the link on the order page. */
  mailsUrl: string | null;
}

interface CheckoutForm {
  order_id?: string;
  sku?: string;
  lang?: string;
  email?: string;
  name?: string;
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export function buildShop(options: ShopOptions): FastifyInstance {
  const { billing, orders, mailsUrl } = options;
  const shop = Fastify({ logger: { level: 'warn' }, bodyLimit: 16_384 });
  shop.register(formbody);

  const send = (reply: FastifyReply, status: number, page: string) =>
    reply.code(status).type('text/html; charset=utf-8').header('cache-control', 'no-store').send(page);

  shop.get('/style.css', (_request, reply) => reply.type('text/css; charset=utf-8').send(STYLE));
  shop.get('/healthz', () => ({ status: 'ok' }));
  shop.get('/', (request, reply) =>
    send(reply, 200, productsPage(localeOf(request), orders.latest(5), randomUUID)),
  );

  shop.get<{ Params: { sku: string } }>('/products/:sku', (request, reply) => {
    const product = findProduct(request.params.sku);
    return product
      ? send(reply, 200, productPage(localeOf(request), product, randomUUID()))
      : notFound(request, reply);
  });

  shop.post<{ Body: CheckoutForm | null }>('/checkout', async (request, reply) => {
    const form = request.body ?? {};
    const product = findProduct(form.sku ?? '');
    const orderId = form.order_id ?? '';
    if (!product || !UUID.test(orderId)) {
      return notFound(request, reply);
    }
    const locale: Locale = form.lang === 'ja' ? 'ja' : 'en';
    // The order's id is the Idempotency-Key: the button pressed twice, or a form sent again, is one enrollment.
    const enrollment = await billing.enroll(orderId, enrollmentFor(product, orderId, locale, form));
    const placedAt = new Date().toISOString();
    orders.place({ id: orderId, sku: product.sku, locale, enrollmentId: enrollment.id, placedAt });
    return reply.redirect(enrollment.checkout_url ?? `/orders/${orderId}?lang=${locale}`, 303);
  });

  shop.get<{ Params: { id: string } }>('/orders/:id', async (request, reply) => {
    const order = orders.find(request.params.id);
    if (!order) {
      return notFound(request, reply);
    }
    const [enrollment, charges] = await Promise.all([
      billing.enrollment(order.enrollmentId),
      billing.charges(order.enrollmentId),
    ]);
    return send(
      reply,
      200,
      orderPage(localeOf(request, order.locale), { order, enrollment, charges, mailsUrl }),
    );
  });

  shop.post<{ Params: { id: string } }>('/orders/:id/cancel', async (request, reply) => {
    const order = orders.find(request.params.id);
    if (!order) {
      return notFound(request, reply);
    }
    await billing.cancel(order.enrollmentId, 'canceled on the order page of the shop');
    return reply.redirect(`/orders/${order.id}?lang=${localeOf(request, order.locale)}`, 303);
  });

  function notFound(request: FastifyRequest, reply: FastifyReply) {
    const locale = localeOf(request);
    return send(reply, 404, troublePage(locale, wordsOf(locale).notFound, false));
  }
  shop.setNotFoundHandler(notFound);
  shop.setErrorHandler((error, request, reply) => {
    if (error instanceof BillingError) {
      request.log.warn({ status: error.status, reason: error.message }, 'the billing service refused');
      const ours = error.status >= 400 && error.status < 500;
      return send(reply, ours ? 400 : 502, troublePage(localeOf(request), error.message, true));
    }
    request.log.error(error);
    return send(reply, 500, troublePage(localeOf(request), '', true));
  });
  return shop;

  function enrollmentFor(
    product: Product,
    orderId: string,
    locale: Locale,
    form: CheckoutForm,
  ): NewEnrollment {
    const email = form.email?.trim().toLowerCase();
    const name = form.name?.trim();
    return {
      ...(email
        ? { customer: { reference: customerReference(email), email, ...(name ? { name } : {}) } }
        : {}),
      terms: { currency: product.currency, schedule: product.schedule },
      description: product.name[locale],
      locale,
      return_url: `${options.publicUrl}/orders/${orderId}`,
      metadata: { order_id: orderId, sku: product.sku },
    };
  }
}

/** The shop has no accounts: who gives the same address is the same customer. */
function customerReference(email: string): string {
  return `shop-${createHash('sha256').update(email).digest('hex').slice(0, 16)}`;
}

function localeOf(request: FastifyRequest, otherwise?: Locale): Locale {
  const { lang } = request.query as { lang?: unknown };
  if (lang === 'en' || lang === 'ja') {
    return lang;
  }
  return otherwise ?? (/^ja\b/i.test(request.headers['accept-language'] ?? '') ? 'ja' : 'en');
}

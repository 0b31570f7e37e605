/** Kinds of settings: how the text of each is checked and read, and what is said of one that is wrong. */
import addressparser from 'nodemailer/lib/addressparser';
import { z } from 'zod';

export const flag = z
  .enum(['true', 'false'], { error: 'expected true or false' })
  .transform((text) => text === 'true');
export const port = z.coerce.number().int().min(0).max(65_535);
export const list = z.string().transform((text) =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter(Boolean),
);
export const secrets = list.refine((items) => items.length > 0, { error: 'expected at least one secret' });
/** Read as browsers write an origin, which is compared with what they send: no capitals, no usual port, no slash. */
export const origins = (example: string) =>
  list
    .refine((items) => items.every(isOrigin), {
      error: `expected origins, e.g. ${example}, each without user, path, query or fragment`,
    })
    .transform((items) => items.map((item) => new URL(item).origin));
const proxy = z.union([
  z.ipv4(),
  z.ipv6(),
  z.cidrv4(),
  z.cidrv6(),
  z.enum(['loopback', 'linklocal', 'uniquelocal']),
]);
export const proxies = list.refine((items) => items.every((item) => proxy.safeParse(item).success), {
  error: 'expected IP addresses or CIDRs, e.g. 10.0.0.0/8',
});
export const webAddress = z.string().refine(isWebAddress, {
  error: 'expected an address that begins with http:// or https://, without user, query or fragment',
});
/** Of the Stripe API. */
export const apiAddress = webAddress.refine((text) => !URL.canParse(text) || new URL(text).pathname === '/', {
  error: "expected an address without a path: Stripe's library has its own",
});
export const sender = z.string().refine(isSender, {
  error: 'expected one address, e.g. billing@example.com or Billing <billing@example.com>',
});

/** `host:port` alone would be an address too, of a protocol of that name. */
function isWebAddress(text: string): boolean {
  return URL.canParse(text) && /^https?:\/\/[^?#@]+$/i.test(text);
}

function isOrigin(text: string): boolean {
  return isWebAddress(text) && new URL(text).pathname === '/';
}

function isSender(text: string): boolean {
  const [sender, ...others] = addressparser(text);
  return others.length === 0 && /^[^\s@]+@[^\s@]+$/.test(sender?.address ?? '');
}

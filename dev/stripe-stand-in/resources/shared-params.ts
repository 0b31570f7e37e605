// Parameters that several resources take in the same shape.

import type Stripe from 'stripe';
import { isCurrency } from '../data/currencies.ts';
import { invalidParam } from '../errors.ts';
import { object, type Param, string, unsettable } from '../http/params.ts';

export const currency: Param<string> = {
  read(value, name) {
    const code = string().read(value, name).toLowerCase();
    if (!isCurrency(code)) {
      throw invalidParam(
        name,
        `Invalid currency: ${code}. See https://docs.stripe.com/currencies for what is supported.`,
      );
    }
    return code;
  },
};

export const email: Param<string> = {
  read(value, name) {
    const read = string({ max: 512 }).read(value, name);
    if (!/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(read)) {
      throw invalidParam(name, `Invalid email address: ${read}`, 'email_invalid');
    }
    return read;
  },
};

/** An address a browser is sent to. `{CHECKOUT_SESSION_ID}` may stand in it. */
export const url: Param<string> = {
  read(value, name) {
    const read = string().read(value, name);
    if (!/^[a-z][a-z0-9+.-]*:\/\/\S+$/i.test(read))
      throw invalidParam(name, 'Not a valid URL', 'url_invalid');
    return read;
  },
};

const line = unsettable(string());
export const addressShape = {
  city: line,
  country: line,
  line1: line,
  line2: line,
  postal_code: line,
  state: line,
};
export const address = object(addressShape);

export function toAddress(
  input: {
    [K in keyof typeof addressShape]: string | null | undefined;
  },
): Stripe.Address {
  return {
    city: input.city ?? null,
    country: input.country ?? null,
    line1: input.line1 ?? null,
    line2: input.line2 ?? null,
    postal_code: input.postal_code ?? null,
    state: input.state ?? null,
  };
}

export const shipping = object({
  address,
  name: string(),
  phone: line,
  carrier: line,
  tracking_number: line,
});

// Keys: who asks, and in which of the two modes.

import { StripeFailure } from '../errors.ts';
import type { Mode } from '../store/world.ts';

/**
 * @param header the Authorization header: Bearer, or Basic with the key as user name
 * @param onlyKey when set, the one key that is accepted; otherwise every well-formed secret or restricted key
 * @returns the mode of the key
 */
export function authenticate(header: string | undefined, onlyKey: string | undefined): Mode {
  const key = readKey(header);
  if (key === '') {
    throw unauthorized(
      'You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer ' +
        "auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY'). See https://docs.stripe.com/api#authentication.",
    );
  }
  if (/^pk_(test|live)_/.test(key)) {
    throw unauthorized(
      'This API call cannot be made with a publishable API key. Please use a secret API key.',
      'secret_key_required',
    );
  }
  const found = /^(?:sk|rk)_(test|live)_[A-Za-z0-9_]+$/.exec(key);
  if (found === null || (onlyKey !== undefined && key !== onlyKey)) {
    throw unauthorized(`Invalid API Key provided: ${masked(key)}`);
  }
  return found[1] === 'live' ? 'live' : 'test';
}

function readKey(header: string | undefined): string {
  if (header === undefined) return '';
  const [scheme = '', value = ''] = header.split(' ');
  if (scheme.toLowerCase() === 'bearer') return value.trim();
  if (scheme.toLowerCase() === 'basic') return Buffer.from(value, 'base64').toString().split(':')[0] ?? '';
  return '';
}

/** Never the whole key: answers are logged. */
function masked(key: string): string {
  return key.length <= 12 ? '*'.repeat(key.length) : `${key.slice(0, 8)}${'*'.repeat(8)}${key.slice(-4)}`;
}

function unauthorized(message: string, code?: string): StripeFailure {
  const body = { type: 'invalid_request_error', message } as const;
  return new StripeFailure(401, code === undefined ? body : { ...body, code }, false);
}

/**
 * Customer links: signed addresses of ours that a customer gets by mail and that never go stale, because they
 * lead to our pages and not to a session of Stripe's. The token is the customer's credential: it must never be
 * logged, and whatever is wrong with one, the answer is the same.
 */
import { type CryptoKey, errors, jwtVerify, SignJWT } from 'jose';
import { isEnrollmentId } from '../domain/ids.ts';

const AUDIENCE = 'customer-link';
const DAY_MS = 86_400_000;

export interface CustomerLinks {
  /**
   * The address of the enrollment's pages, `<publicUrl>/c/<token>`. Equal for equal arguments, so that a request
   * that carries it (a Checkout Session's success_url) can be repeated under its idempotency key.
   * @param issuedAt ISO 8601 instant from which the days of validity count; absent: the start of today, UTC
   */
  create(enrollmentId: string, issuedAt?: string): Promise<string>;
  /** The enrollment's id, or null when the token is forged, expired, or was signed for another purpose. */
  read(token: string): Promise<string | null>;
}

/**
 * @param options.secrets each 32 characters or more; the first signs, all verify; a new one goes in front
 *   once every process has it
 * @param options.publicUrl address under which customers reach the API; may have a path
 */
export function createCustomerLinks(options: {
  secrets: readonly string[];
  publicUrl: string;
  ttlDays: number;
}): CustomerLinks {
  if (options.secrets.length === 0) {
    throw new RangeError('customer links need at least one secret to sign with');
  }
  // Made once: from bytes, each signature would make its own.
  const keys = Promise.all(options.secrets.map(hmacKey));
  const base = options.publicUrl.replace(/\/+$/, '');

  return {
    async create(enrollmentId, issuedAt) {
      const [signingKey] = await keys;
      const issuedAtMs =
        issuedAt === undefined ? Math.floor(Date.now() / DAY_MS) * DAY_MS : Date.parse(issuedAt);
      const token = await new SignJWT({})
        .setProtectedHeader({ alg: 'HS256' })
        .setSubject(enrollmentId)
        .setAudience(AUDIENCE)
        .setExpirationTime(Math.floor((issuedAtMs + options.ttlDays * DAY_MS) / 1000))
        .sign(signingKey as CryptoKey);
      return `${base}/c/${token}`;
    },

    async read(token) {
      for (const key of await keys) {
        try {
          const { payload } = await jwtVerify(token, key, {
            algorithms: ['HS256'],
            audience: AUDIENCE,
            requiredClaims: ['exp', 'sub'],
          });
          const id = payload.sub ?? '';
          return isEnrollmentId(id) ? id : null;
        } catch (error) {
          if (!(error instanceof errors.JOSEError)) {
            throw error;
          }
        }
      }
      return null;
    },
  };
}

function hmacKey(secret: string): Promise<CryptoKey> {
  const bytes = new TextEncoder().encode(secret);
  return crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign', 'verify']);
}

/**
 * All that a shop needs of the billing service: three calls over HTTP with the shop's API key, made by its server,
 * never by the browser.
 */

export interface Charge {
  id: string;
  number: number;
  status: string;
  amount_minor: number;
  currency: string;
  attempts: number;
  due_at: string;
}

export interface Enrollment {
  id: string;
  status: string;
  checkout_url: string | null;
  customer_link: string;
  payment_method: { type: string; brand: string | null; last4: string | null } | null;
  next_charge: { due_at: string; amount_minor: number; currency: string } | null;
  amount_collected_minor: number;
  temporal_ui_url: string | null;
  ended_at: string | null;
}

export interface NewEnrollment {
  customer?: { reference: string; email: string; name?: string };
  terms: { currency: string; schedule: Record<string, unknown> };
  description: string;
  locale: 'en' | 'ja';
  return_url: string;
  metadata: Record<string, string>;
}

/** The service said no (`status` 4xx), or could not (5xx, 0 when it cannot be reached). */
export class BillingError extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.name = 'BillingError';
    this.status = status;
  }
}

export interface BillingApi {
  /** Safe to repeat with the same key: it reaches the same enrollment. */
  enroll(idempotencyKey: string, enrollment: NewEnrollment): Promise<Enrollment>;
  enrollment(id: string): Promise<Enrollment>;
  charges(id: string): Promise<Charge[]>;
  cancel(id: string, reason: string): Promise<void>;
}

const TIMEOUT_MS = 30_000;

export function createBillingApi(baseUrl: string, apiKey: string): BillingApi {
  async function call<T>(method: 'GET' | 'POST', path: string, body?: unknown, key?: string): Promise<T> {
    const response = await fetch(`${baseUrl}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${apiKey}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(key === undefined ? {} : { 'idempotency-key': key }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    }).catch((error: unknown) => {
      throw new BillingError(0, error instanceof Error ? error.message : String(error));
    });
    const text = await response.text();
    if (!response.ok) {
      throw new BillingError(response.status, errorMessage(text) ?? `HTTP ${response.status}`);
    }
    return JSON.parse(text) as T;
  }
  const at = (id: string) => `/v1/enrollments/${encodeURIComponent(id)}`;
  return {
    enroll: (idempotencyKey, enrollment) => call('POST', '/v1/enrollments', enrollment, idempotencyKey),
    enrollment: (id) => call('GET', at(id)),
    charges: async (id) => (await call<{ data: Charge[] }>('GET', `${at(id)}/charges`)).data,
    cancel: async (id, reason) => {
      await call('POST', `${at(id)}/cancel`, { reason });
    },
  };
}

function errorMessage(body: string): string | undefined {
  try {
    return (JSON.parse(body) as { error?: { message?: string } }).error?.message;
  } catch {
    return undefined;
  }
}

/** Every `code` that an answer under /v1 can have. The refusals are those of docs/state-machines.md, from the same table. */
import { REFUSALS, refusalCode } from '../domain/errors.ts';

const OF_HTTP = [
  'address_too_long',
  'billing_unavailable',
  'confirmation_pending',
  'database_unavailable',
  'enrollment_not_running',
  'enrollment_starting',
  'forbidden',
  'internal_error',
  'invalid_request',
  'malformed_request',
  'method_not_allowed',
  'not_found',
  'overloaded',
  'payload_too_large',
  'timeout',
  'too_many_requests',
  'unauthorized',
  'unsupported_media_type',
];

/** In order; more may come. */
export const ERROR_CODES: readonly string[] = [...OF_HTTP, ...Object.keys(REFUSALS).map(refusalCode)].sort();

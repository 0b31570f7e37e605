/** The one shape of errors, and the statuses that every route can answer. */
import { z } from 'zod';
import { ERROR_CODES } from '../error-codes.ts';

export const errorBody = z
  .object({
    error: z.object({
      code: z
        .string()
        .describe('For programs; stable. Others may come')
        .meta({ 'x-extensible-enum': ERROR_CODES }),
      message: z.string().describe('For people: what was wrong, the value, what was expected'),
      param: z.string().optional().describe('Field, query parameter or header that the error is about'),
      issues: z
        .array(z.object({ param: z.string(), message: z.string() }))
        .optional()
        .describe('Every field that was wrong'),
    }),
  })
  .meta({
    id: 'Error',
    description: 'Why the request was refused, or was not answered: after a 5xx it may have been carried out',
  });

/** Answers of every route under /v1. 404 and 409 are added where ids are named and commands given. */
export const commonErrors = {
  400: errorBody.describe('The request is malformed, or a field is not as expected'),
  401: errorBody.describe('No valid API key'),
  403: errorBody.describe('The API key lacks the scope'),
  408: errorBody.describe('The request did not arrive in time'),
  413: errorBody.describe('The body is too large'),
  415: errorBody.describe('The body is not JSON in UTF-8, or compressed'),
  429: errorBody.describe('Too many requests; see Retry-After'),
  500: errorBody.describe('A fault of the service; what was asked for may have been done'),
  503: errorBody.describe(
    'Overloaded, or a part is away. With Retry-After the same request may be repeated: it reads, changes nothing a second time, came with an Idempotency-Key, or is known to have had no effect. Without it, what was asked for may have been done, or be done yet: look before you ask again',
  ),
} as const;

/** Where the address names an object. */
export const notFoundError = {
  404: errorBody.describe('No such object'),
  414: errorBody.describe('A part of the address is longer than any id'),
} as const;
export const conflictError = {
  409: errorBody.describe(
    'The object is not in a state that allows it, or the key was used for another request',
  ),
} as const;

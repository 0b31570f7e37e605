/**
 * What a page says when it cannot show what was asked for, and which answer each error becomes. The words are in
 * the catalogs; nothing of the inside is told.
 */
import type { FastifyError } from 'fastify';
import { BillingUnavailable, EnrollmentNotRunning } from '../api/billing-client.ts';
import { isDatabaseUnavailable } from '../db/unavailable.ts';

/** What can be wrong, with the status of the answer. Each is `error.<kind>.title` and `.text` in the catalogs. */
export const PROBLEMS = {
  /** Whatever was wrong with a link: forged, expired, or of nothing that exists. */
  not_found: 404,
  bad_session: 400,
  unknown_session: 404,
  no_receipt: 404,
  unknown_payment: 404,
  foreign_origin: 403,
  /** A part is away while a page is being looked at: it tries again by itself. */
  unavailable: 503,
  /** A part is away after a button was pressed: what came of it is unknown. */
  unavailable_action: 503,
  internal: 500,
} as const;

export type ProblemKind = keyof typeof PROBLEMS;

export class PageProblem extends Error {
  readonly kind: ProblemKind;
  readonly statusCode: number;
  constructor(kind: ProblemKind, statusCode: number = PROBLEMS[kind]) {
    super(kind);
    this.name = 'PageProblem';
    this.kind = kind;
    this.statusCode = statusCode;
  }
}

/** @param isAction whether a button was pressed, rather than a page asked for */
export function pageProblemOf(error: Error & Partial<FastifyError>, isAction: boolean): PageProblem {
  if (error instanceof PageProblem) {
    return error;
  }
  const away = isAction ? 'unavailable_action' : 'unavailable';
  if (
    error instanceof BillingUnavailable ||
    error instanceof EnrollmentNotRunning ||
    isDatabaseUnavailable(error)
  ) {
    return new PageProblem(away);
  }
  const status = error.statusCode ?? 500;
  if (status === 429 || status === 503) {
    return new PageProblem(away, status);
  }
  // A malformed address or body, as Fastify found it.
  return status >= 400 && status < 500 ? new PageProblem('not_found', status) : new PageProblem('internal');
}

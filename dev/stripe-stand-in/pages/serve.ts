// Which page a path is for. Called by http/server.ts; each page works in one turn.

import type { StandIn } from '../state.ts';
import { challenge } from './challenge.ts';
import { checkout } from './checkout.ts';
import type { Html } from './html.ts';
import { microdeposits } from './microdeposits.ts';
import { receipt } from './receipt.ts';

export interface PageRequest {
  method: string;
  path: string;
  body: string;
  acceptLanguage: string | undefined;
  baseUrl: string;
}

export type PageAnswer = { status: number; html: Html } | { redirect: string };

/** @returns null when the path is not one of the customer's pages */
export function answerPage(standIn: StandIn, request: PageRequest): PageAnswer | null {
  const [, first = '', second = '', third = ''] = request.path.split('/');
  if (first === 'c' && second === 'pay') return standIn.db.turn(() => checkout(standIn, request, third));
  if (first === '3ds') return standIn.db.turn(() => challenge(standIn, request, second));
  if (first === 'microdeposits') return standIn.db.turn(() => microdeposits(standIn, request, second));
  if (first === 'receipts') return receipt(standIn, request, second);
  return null;
}
